import Ledger
import ServiceTime

/// The on-time report as CSV (RFC 4180) for spreadsheets: UTF-8 with a byte order mark, formulas disarmed.
struct ReportCSV {
  private let report: OnTimeReport
  private let zone: TimeZoneTable

  init(_ report: OnTimeReport, _ zone: TimeZoneTable) {
    self.report = report
    self.zone = zone
  }

  /// The whole file; each row says for itself what it stands for.
  var text: String {
    var out = "\u{feff}"
    out += ReportCSV.line(headings)
    let standing = report.standing
    let tail = [
      report.question.from.description, report.question.to.description, standing.asOf.rfc3339(in: zone),
      String(standing.policy), String(standing.calendar),
    ]
    for row in report.rows {
      let promise = report.promise(of: row)
      var cells = [
        row.isTotal ? "total" : "group", row.commitment, promise?.titleZH ?? "", promise?.titleEN ?? "",
        row.versionFrom?.description ?? "", row.isTotal ? "" : promise?.limit ?? "",
      ]
      for (index, dimension) in report.question.dimensions.enumerated() {
        let value = row.isTotal ? "" : row.values[index]
        cells.append(value)
        if dimension.isRegion { cells.append(report.regionNames[value]?.name ?? "") }
      }
      // Numbers of ours are not touched: a negative one begins like a formula and is none.
      out += ReportCSV.line(cells.map(ReportCSV.plain) + ReportColumn.allCases.map { $0.exact(row) } + tail)
    }
    return out
  }

  private var headings: [String] {
    ["row", "commitment", "title_zh", "title_en", "version_from", "limit_text"]
      + report.question.dimensions.flatMap { $0.isRegion ? [$0.rawValue, "\($0.rawValue)_name"] : [$0.rawValue] }
      + ReportColumn.allCases.map(\.rawValue) + ["from", "to", "as_of", "policy", "calendar"]
  }

  static func line(_ cells: [String]) -> String { cells.map(quoted).joined(separator: ",") + "\r\n" }

  private static func quoted(_ cell: String) -> String {
    let needed = cell.unicodeScalars.contains { $0 == "\"" || $0 == "," || $0 == ";" || $0.value < 0x20 }
    guard needed else { return cell }
    var out = "\""
    for scalar in cell.unicodeScalars {
      if scalar == "\"" { out += "\"" }
      out.unicodeScalars.append(scalar)
    }
    return out + "\""
  }

  /// A text that drives neither a terminal nor a spreadsheet.
  static func plain(_ text: String) -> String { Terminal.safe(disarmed(text)) }

  /// A text that a spreadsheet would run as a formula gets an apostrophe before it; full-width signs count too.
  private static func disarmed(_ text: String) -> String {
    switch text.unicodeScalars.first {
    case "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠": "'" + text
    default: text
    }
  }
}
