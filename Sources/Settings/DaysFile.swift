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
    let table = CommaTable(
      file: file, log: log, holds: "days", columns: DaysFile.columns, required: ["date", "kind"],
      header: "date,kind,name")
    return table.rows(text).compactMap { row($0) }
  }

  private func row(_ cells: CommaTable.Row) -> Row? {
    guard let dateCell = cells["date"], let kindCell = cells["kind"] else { return nil }
    var day: DayOverride?
    if let date = CivilDate(dateCell.text), (1970...2110).contains(date.fields.year) {
      day = DayOverride(date: date, kind: .holiday, name: cells["name"]?.text ?? "")
    } else {
      cells.fault(
        "date", "\"\(dateCell.text)\" is not a date from 1970 to 2110; write YYYY-MM-DD", in: file, log)
    }
    if let kind = DayOverride.Kind(rawValue: kindCell.text) {
      day?.kind = kind
    } else {
      cells.fault(
        "kind", Spelling.unknown("kind", kindCell.text, among: ["holiday", "makeup_workday"]), in: file, log)
      day = nil
    }
    if let cell = cells["hours"], !cell.text.isEmpty {
      do throws(Complaint) {
        day?.hours = try OfficeHours.list(policyText: cell.text)
        if day?.kind == .holiday { throw Complaint("a holiday has no office hours; leave them out") }
      } catch {
        cells.fault("hours", error.message, in: file, log)
        day = nil
      }
    }
    return day.map { Row(day: $0, file: file, place: Place(line: cells.line, column: 1)) }
  }
}
