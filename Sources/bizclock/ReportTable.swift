import Daemon
import Ledger

/// The on-time report on a terminal: a table for each commitment.
struct ReportTable {
  private let report: OnTimeReport
  private let words: ReportWords

  init(_ report: OnTimeReport, _ words: ReportWords) {
    self.report = report
    self.words = words
  }

  var text: String {
    var parts = [
      ([words.title] + words.facts(report).map { "\($0.name)  \($0.value)" }).map(Terminal.safe)
        .joined(separator: "\n")
    ]
    if report.rows.isEmpty { parts.append(words.nothing) }
    for commitment in report.commitments { parts.append(section(commitment)) }
    return parts.joined(separator: "\n\n")
  }

  private func section(_ commitment: String) -> String {
    let rows = report.rows.filter { $0.commitment == commitment }
    let dimensions = report.question.dimensions
    var table = TextTable(
      [words.version] + dimensions.map(words.heading) + ReportColumn.allCases.map(words.heading),
      right: Set(ReportColumn.allCases.indices.map { $0 + 1 + dimensions.count }))
    for row in rows {
      let values =
        row.isTotal
        ? dimensions.map { _ in "" }
        : zip(dimensions, row.values).map { words.value($1, of: $0, report) }
      table.add(
        [row.versionFrom?.description ?? words.total] + values + ReportColumn.allCases.map { $0.shown(row) })
    }
    var lines = [words.heading(commitment: commitment, report)]
    for promise in report.promises where promise.commitment == commitment {
      if rows.contains(where: { $0.versionFrom == promise.versionFrom }) { lines.append(words.promise(promise)) }
    }
    return (lines.map(Terminal.safe) + ["", table.text]).joined(separator: "\n")
  }
}
