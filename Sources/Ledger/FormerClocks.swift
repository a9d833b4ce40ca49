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
    for index in [cursor..<rows.count, 0..<cursor].joined() where !isTaken[index] && rows[index].key == key {
      isTaken[index] = true
      cursor = index + 1
      return rows[index]
    }
    return nil
  }

  /// Those that were not taken, by key.
  var left: [ClockRow] {
    isTaken.contains(false) ? rows.indices.filter { !isTaken[$0] }.map { rows[$0] }.sorted { $0.key < $1.key } : []
  }
}
