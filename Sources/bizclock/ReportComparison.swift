import Daemon
import Ledger
import ServiceTime

/// How the on-time report of one moment differs from that of a later one, as it is printed.
struct ReportComparison: Sendable {
  var from: CivilDate
  var to: CivilDate
  var first: Instant
  var second: Instant
  var changes: ReportChanges

  func text(_ format: ReportCommand.Format, _ words: ReportWords, _ zone: TimeZoneTable) -> String {
    switch format {
    case .csv: csv(zone)
    case .json: json(zone).description + "\n"
    case .table, .html: table(words, zone) + "\n"
    }
  }

  // MARK: - Table

  private func table(_ words: ReportWords, _ zone: TimeZoneTable) -> String {
    let language = words.language
    func of(_ english: String, _ chinese: String) -> String { language.of(english, chinese) }
    var parts = [
      """
      \(of("What changed in the on-time report", "按时办结情况报告的变化"))
      \(of("stopped", "办结日期"))  \(of("from \(from) to \(to), both included", "\(from)至\(to)（含首尾两日）"))
      \(of("between", "对比时点"))  \(first.rfc3339(in: zone)) \(of("and", "至")) \(second.rfc3339(in: zone))
      """
    ]
    guard changes.count > 0 else {
      return parts[0] + "\n\n" + of("Nothing changed: both reports are the same.", "没有变化：两份报告相同。")
    }
    var sums = TextTable(
      [
        of("commitment", "承诺事项"), of("reason", "原因"), of("clocks", "时钟"), of("finished", "办结"),
        of("on time", "按时"), of("late", "超期"), of("premature", "过早"),
      ], right: [2, 3, 4, 5, 6])
    for sum in changes.sums {
      sums.add(
        [sum.commitment, words.reasons(sum.reasons), String(sum.clocks)]
          + [sum.finished, sum.onTime, sum.late, sum.premature].map(ReportComparison.signed))
    }
    parts.append(sums.text)
    guard !changes.changes.isEmpty else { return parts.joined(separator: "\n\n") }
    var cases = TextTable([
      of("case", "办件"), of("commitment", "承诺事项"), of("then", "当时"), of("since", "此后"), of("reason", "原因"),
      of("recorded", "记录时间"),
    ])
    for change in changes.changes {
      cases.add([
        change.caseID, change.commitment + (change.round > 1 ? "/\(change.round)" : ""),
        words.belief(change.before, besides: change.after, zone),
        words.belief(change.after, besides: change.before, zone), words.reasons(change.reasons),
        Instant(seconds: change.changedAt.microseconds / 1_000_000).rfc3339(in: zone),
      ])
    }
    parts.append(cases.text)
    let more = changes.count - changes.changes.count
    if more > 0 { parts.append(of("… and \(more) more; --limit lists more of them", "……另有\(more)条，可用--limit列出更多")) }
    return parts.joined(separator: "\n\n")
  }

  private static func signed(_ value: Int64) -> String { value > 0 ? "+\(value)" : String(value) }

  // MARK: - For programs

  private func csv(_ zone: TimeZoneTable) -> String {
    var out = "\u{feff}"
    out += ReportCSV.line([
      "case_id", "commitment", "round", "reason", "recorded_at", "verdict_then", "due_at_then", "stopped_at_then",
      "region_then", "counted_days_then", "verdict", "due_at", "stopped_at", "region", "counted_days",
    ])
    func cells(_ belief: ReportChanges.Belief?) -> [String] {
      guard let belief else { return Array(repeating: "", count: 5) }
      return [
        belief.verdict.rawValue, belief.dueAt?.rfc3339(in: zone) ?? "", belief.stoppedAt.rfc3339(in: zone),
        belief.region, String(belief.countedDays),
      ]
    }
    for change in changes.changes {
      out += ReportCSV.line(
        ([
          change.caseID, change.commitment, String(change.round),
          change.reasons.map(\.description).joined(separator: " "), change.changedAt.rfc3339(in: zone),
        ] + cells(change.before) + cells(change.after)).map(ReportCSV.plain))
    }
    return out
  }

  private func json(_ zone: TimeZoneTable) -> JSONText {
    func object(_ belief: ReportChanges.Belief?) -> JSONText {
      guard let belief else { return .null }
      return .object([
        ("verdict", .text(belief.verdict.rawValue)), ("due_at", JSONText(belief.dueAt?.rfc3339(in: zone))),
        ("stopped_at", .text(belief.stoppedAt.rfc3339(in: zone))),
        ("region", belief.region.isEmpty ? .null : .text(belief.region)),
        ("counted_days", JSONText(Int64(belief.countedDays))),
      ])
    }
    func reasons(_ reasons: [ReportChanges.Reason]) -> JSONText { .array(reasons.map { .text($0.description) }) }
    return .object([
      ("from", .text(from.description)), ("to", .text(to.description)),
      ("compare_as_of", .text(first.rfc3339(in: zone))), ("as_of", .text(second.rfc3339(in: zone))),
      (
        "sums",
        .array(
          changes.sums.map { sum in
            .object([
              ("commitment", .text(sum.commitment)), ("reasons", reasons(sum.reasons)),
              ("clocks", JSONText(sum.clocks)), ("finished", JSONText(sum.finished)),
              ("on_time", JSONText(sum.onTime)), ("late", JSONText(sum.late)),
              ("premature", JSONText(sum.premature)),
            ])
          })
      ), ("count", JSONText(Int64(changes.count))),
      (
        "changes",
        .array(
          changes.changes.map { change in
            .object([
              ("case_id", .text(change.caseID)), ("commitment", .text(change.commitment)),
              ("round", JSONText(Int64(change.round))), ("reasons", reasons(change.reasons)),
              ("recorded_at", .text(change.changedAt.rfc3339(in: zone))), ("then", object(change.before)),
              ("now", object(change.after)),
            ])
          })
      ),
    ])
  }
}

extension ReportWords {
  fileprivate func reasons(_ reasons: [ReportChanges.Reason]) -> String {
    reasons.map { reason in
      switch reason {
      case .finished: language.of("finished since", "此后办结")
      case .changed(let reason): language.changeReason(reason)
      }
    }.joined(separator: language.of(", ", "、"))
  }

  /// A verdict, and of the rest what differs from the other one.
  fileprivate func belief(
    _ belief: ReportChanges.Belief?, besides other: ReportChanges.Belief?, _ zone: TimeZoneTable
  ) -> String {
    guard let belief else { return "–" }
    let words = ExplanationWords(language, zone: zone)
    var parts = [language.verdict(belief.verdict)]
    if belief.dueAt != other?.dueAt, let due = belief.dueAt {
      parts.append(language.of("due \(words.time(due))", "应于\(words.time(due))前"))
    }
    if belief.stoppedAt != other?.stoppedAt {
      parts.append(language.of("stopped \(words.time(belief.stoppedAt))", "\(words.time(belief.stoppedAt))办结"))
    }
    if let other, belief.region != other.region {
      parts.append(language.of("region \(belief.region)", "区划\(belief.region)"))
    }
    return parts.joined(separator: language.of(", ", "，"))
  }
}
