import Daemon
import Ledger
import ServiceTime

/// The on-time report for programs, under the names that SQL has.
enum ReportJSON {
  static func value(_ report: OnTimeReport, _ zone: TimeZoneTable) -> JSONText {
    let question = report.question
    let standing = report.standing
    return .object([
      ("from", .text(question.from.description)), ("to", .text(question.to.description)),
      ("by", .array((ReportGrouping.always + question.dimensions.map(\.rawValue)).map { .text($0) })),
      ("as_of", .text(standing.asOf.rfc3339(in: zone))), ("policy", JSONText(standing.policy)),
      ("calendar", JSONText(standing.calendar)), ("events_behind", JSONText(standing.behind)),
      ("rows", .array(report.rows.filter { !$0.isTotal }.map { row($0, report) })),
      ("totals", .array(report.rows.filter(\.isTotal).map { row($0, report) })),
    ])
  }

  private static func row(_ row: OnTimeReport.Row, _ report: OnTimeReport) -> JSONText {
    let promise = report.promise(of: row)
    var members: [(String, JSONText)] = [
      ("commitment", .text(row.commitment)), ("title_en", JSONText(promise?.titleEN)),
      ("title_zh", JSONText(promise?.titleZH)),
    ]
    if !row.isTotal {
      members += [
        ("version_from", JSONText(row.versionFrom?.description)), ("limit_text", JSONText(promise?.limit)),
        ("legal_text", JSONText(promise?.legalLimit)), ("basis", JSONText(promise?.basis)),
      ]
      for (dimension, value) in zip(report.question.dimensions, row.values) {
        members.append((dimension.rawValue, value.isEmpty ? .null : .text(value)))
        if dimension.isRegion {
          members.append(("\(dimension.rawValue)_name", JSONText(report.regionNames[value]?.name)))
          members.append(("\(dimension.rawValue)_name_en", JSONText(report.regionNames[value]?.nameEN)))
        }
      }
    }
    return .object(members + ReportColumn.allCases.map { ($0.rawValue, $0.json(row)) })
  }
}
