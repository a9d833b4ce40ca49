/// The clocks that a case had, taken one by one by their keys: mostly they come in the order in which they were.
struct FormerClocks {
  private let rows: [ClockRow]
  private var isTaken: [Bool]
  private var cursor = 0

  init(_ rows: [ClockRow]) {
    self.rows = rows
    isTaken = Array(repeating: false, count: rows.count)
  }

  mutating func take(_ key: ClockKey) -> ClockRow? {
    let found = isFree(cursor, key) ? cursor : rows.indices.first { isFree($0, key) }
    guard let index = found else { return nil }
    isTaken[index] = true
    cursor = index + 1
    return rows[index]
  }

  private func isFree(_ index: Int, _ key: ClockKey) -> Bool {
    index < rows.count && !isTaken[index] && rows[index].key == key
  }

  /// Those that were not taken, by key.
  var left: [ClockRow] {
    isTaken.contains(false) ? rows.indices.filter { !isTaken[$0] }.map { rows[$0] }.sorted { $0.key < $1.key } : []
  }
}
