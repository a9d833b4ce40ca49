import ServiceTime

/// Reads a file of days that differ from the plain week: CSV with the columns `date,kind,name[,hours]`.
struct DaysFile {
  /// A day and where it was written.
  struct Row {
    var day: DayOverride
    var file: String
    var place: Place
  }

  static let columns = ["date", "kind", "name", "hours"]

  let file: String
  let log: FaultLog

  /// The days of a text; lines that begin with `#` are comments, all faults are reported.
  func rows(_ text: String) -> [Row] {
    var header: [String]?
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
      guard let cells = DaysFile.cells(line) else {
        fault(start, "", "a quote is not closed; write \"…\" around a name with a comma")
        continue
      }
      if let header {
        if let row = row(cells, header: header, line: number) { rows.append(row) }
      } else {
        header = columns(cells, start)
        if header == nil { return [] }
      }
    }
    if header == nil { fault(.unknown, "", "holds no days; begin with the line date,kind,name") }
    return rows
  }

  private func columns(_ cells: [Cell], _ place: Place) -> [String]? {
    let names = cells.map(\.text)
    for name in names where !DaysFile.columns.contains(name) {
      fault(place, "", Spelling.unknown("column", name, among: DaysFile.columns))
      return nil
    }
    guard Set(names).count == names.count, names.contains("date"), names.contains("kind") else {
      fault(place, "", "the first line must name the columns: date,kind,name")
      return nil
    }
    return names
  }

  private func row(_ cells: [Cell], header: [String], line: Int) -> Row? {
    guard cells.count <= header.count else {
      fault(Place(line: line, column: cells[header.count].column), "", "more cells than columns; take a comma out")
      return nil
    }
    var values: [String: Cell] = [:]
    for (name, cell) in zip(header, cells) { values[name] = cell }
    let start = Place(line: line, column: 1)
    guard let dateCell = values["date"], let kindCell = values["kind"] else {
      fault(start, "", "fewer cells than columns; write date,kind,name")
      return nil
    }
    var day: DayOverride?
    if let date = CivilDate(dateCell.text), (1970...2110).contains(date.fields.year) {
      day = DayOverride(date: date, kind: .holiday, name: values["name"]?.text ?? "")
    } else {
      fault(
        Place(line: line, column: dateCell.column), "date",
        "\"\(dateCell.text)\" is not a date from 1970 to 2110; write YYYY-MM-DD")
    }
    if let kind = DayOverride.Kind(rawValue: kindCell.text) {
      day?.kind = kind
    } else {
      fault(
        Place(line: line, column: kindCell.column), "kind",
        Spelling.unknown("kind", kindCell.text, among: ["holiday", "makeup_workday"]))
      day = nil
    }
    if let cell = values["hours"], !cell.text.isEmpty {
      do throws(Complaint) {
        day?.hours = try OfficeHours.list(policyText: cell.text)
        if day?.kind == .holiday { throw Complaint("a holiday has no office hours; leave them out") }
      } catch {
        fault(Place(line: line, column: cell.column), "hours", error.message)
        day = nil
      }
    }
    return day.map { Row(day: $0, file: file, place: start) }
  }

  struct Cell {
    var text: String
    var column: Int
  }

  /// The cells of a line, trimmed; nil if a quote is not closed.
  static func cells(_ line: Substring) -> [Cell]? {
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

  private func fault(_ place: Place, _ path: String, _ message: String) {
    log.report(file: file, place: place, path: path, message: message)
  }
}
