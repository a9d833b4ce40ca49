/// A table for people: columns as wide as their widest cell, numbers to the right.
struct TextTable {
  private let headings: [String]
  private let rightAligned: Set<Int>
  private var rows: [[String]] = []

  init(_ headings: [String], right: Set<Int> = []) {
    self.headings = headings
    rightAligned = right
  }

  mutating func add(_ cells: [String]) { rows.append(cells.map(Terminal.safe)) }

  var isEmpty: Bool { rows.isEmpty }

  /// The table's lines.
  var text: String {
    let all = [headings] + rows
    let widths = headings.indices.map { column in
      all.map { column < $0.count ? Terminal.width($0[column]) : 0 }.max() ?? 0
    }
    var lines: [String] = []
    for (index, row) in all.enumerated() {
      var line = ""
      for (column, cell) in row.enumerated() where column < widths.count {
        let gap = String(repeating: " ", count: widths[column] - Terminal.width(cell))
        line += rightAligned.contains(column) ? gap + cell : cell + gap
        line += column == row.count - 1 ? "" : "  "
      }
      while line.last == " " { line.removeLast() }
      lines.append(line)
      if index == 0 {
        let rules = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        lines.append(String(rules.reversed().drop { $0 == " " }.reversed()))
      }
    }
    return lines.joined(separator: "\n")
  }
}
