/// What the columns of a file hold, counted row by row in bounded memory.
final class ColumnTally {
  /// Most different values of a column that are told apart.
  static let mostValues = 200
  /// Most columns that are counted.
  static let mostColumns = 1_000
  private static let longestValue = 200

  struct Column {
    var name: String
    var filled = 0
    /// Nil once there are too many.
    var values: [String: Int]? = [:]
    /// Numbers of more digits than a spreadsheet keeps, and how many of them end as if it had rounded them.
    var long = 0
    var rounded = 0
    /// The first values, whatever their number.
    var samples: [String] = []

    mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
      guard !text.isEmpty else { return }
      filled += 1
      if text.count > 15, text.count <= 30, text.allSatisfy({ $0 &- 48 < 10 }) {
        long += 1
        if text[15...].allSatisfy({ $0 == 0x30 }) { rounded += 1 }
      }
      guard values != nil || samples.count < 5 else { return }
      let value = String(decoding: text.prefix(ColumnTally.longestValue), as: UTF8.self)
      if samples.count < 5 { samples.append(value) }
      values?[value, default: 0] += 1
      if values?.count ?? 0 > ColumnTally.mostValues { values = nil }
    }
  }

  private(set) var columns: [Column] = []
  private var places: [String: Int] = [:]

  /// Adds a row of CSV.
  func add(_ cells: [CSVScanner.Cell], below header: CSVHeader) {
    if columns.isEmpty { columns = header.columns.prefix(ColumnTally.mostColumns).map { Column(name: $0.name) } }
    for index in 0..<min(cells.count, columns.count) {
      columns[index].add(CellText.withoutFormula(CellText.trimmed(cells[index].bytes)))
    }
  }

  /// Adds the members of a JSON object.
  func add(object line: [UInt8]) {
    line.withUnsafeBufferPointer { line in
      JSONMembers.each(of: line) { key, value in
        let name = String(decoding: key, as: UTF8.self)
        let place: Int
        if let known = places[name] {
          place = known
        } else {
          guard columns.count < ColumnTally.mostColumns else { return true }
          place = columns.count
          places[name] = place
          columns.append(Column(name: name))
        }
        var text = UnsafeBufferPointer(rebasing: line[value])
        if text.first == 0x22, text.count >= 2 { text = UnsafeBufferPointer(rebasing: text[1..<text.count - 1]) }
        if !text.elementsEqual("null".utf8) { columns[place].add(text) }
        return true
      }
    }
  }
}
