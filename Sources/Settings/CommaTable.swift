/// Reads a table of comma-separated text: a first line that names the columns, then a row a line.
struct CommaTable {
  /// A cell and where it begins, from 1 in characters.
  struct Cell {
    var text: String
    var column: Int
  }

  /// A row with its line; it has a cell for each column that must be there.
  struct Row {
    var line: Int
    var cells: [String: Cell]

    subscript(column: String) -> Cell? { cells[column] }

    /// Reports what is wrong with a cell.
    func fault(_ column: String, _ message: String, in file: String, _ log: FaultLog) {
      log.report(
        file: file, place: Place(line: line, column: cells[column]?.column ?? 1), path: column, message: message)
    }
  }

  let file: String
  let log: FaultLog
  /// What the rows are: `days`.
  let holds: String
  let columns: [String]
  /// The columns that must be there.
  let required: [String]
  /// A first line as it should be.
  let header: String

  /// The rows of a text; lines that begin with `#` are comments, all faults are reported.
  func rows(_ text: String) -> [Row] {
    var names: [String]?
    var rows: [Row] = []
    var number = 0
    var text = text[...]
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    for line in text.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" || $0 == "\r" })
    {
      number += 1
      let start = Place(line: number, column: 1)
      if line.allSatisfy(\.isWhitespace) || line.first == "#" { continue }
      guard let cells = cells(line) else {
        fault(start, "a quote is not closed; write \"…\" around a name with a comma")
        continue
      }
      if let names {
        if let row = row(cells, names, line: number) { rows.append(row) }
      } else {
        names = self.names(cells, start)
        if names == nil { return [] }
      }
    }
    if names == nil { fault(.unknown, "holds no \(holds); begin with the line \(header)") }
    return rows
  }

  private func names(_ cells: [Cell], _ place: Place) -> [String]? {
    let names = cells.map(\.text)
    for name in names where !columns.contains(name) {
      fault(place, Spelling.unknown("column", name, among: columns))
      return nil
    }
    guard Set(names).count == names.count, required.allSatisfy(names.contains) else {
      fault(place, "the first line must name the columns: \(header)")
      return nil
    }
    return names
  }

  private func row(_ cells: [Cell], _ names: [String], line: Int) -> Row? {
    guard cells.count <= names.count else {
      fault(
        Place(line: line, column: cells[names.count].column), "more cells than columns; take a comma out")
      return nil
    }
    var row = Row(line: line, cells: [:])
    for (name, cell) in zip(names, cells) { row.cells[name] = cell }
    guard required.allSatisfy({ row[$0] != nil }) else {
      fault(Place(line: line, column: 1), "fewer cells than columns; write \(header)")
      return nil
    }
    return row
  }

  /// The cells of a line, trimmed; nil if a quote is not closed.
  private func cells(_ line: Substring) -> [Cell]? {
    var cells: [Cell] = []
    var text = ""
    var start = 1
    var quoted = false
    for (index, character) in line.enumerated() {
      if character == "\"" {
        quoted.toggle()
      } else if character == ",", !quoted {
        cells.append(Cell(text: text.trimming(while: \.isWhitespace), column: start))
        text = ""
        start = index + 2
      } else {
        text.append(character)
      }
    }
    cells.append(Cell(text: text.trimming(while: \.isWhitespace), column: start))
    return quoted ? nil : cells
  }

  private func fault(_ place: Place, _ message: String) {
    log.report(file: file, place: place, path: "", message: message)
  }
}
