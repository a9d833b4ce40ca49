import Daemon
import Ledger
import ServiceTime

/// How the on-time report of one moment differs from that of a later one, as it is printed: first the sums, then the
/// changes page by page, however many they are.
struct ReportComparison: Sendable {
  let question: ReportChanges.Question
  let format: ReportCommand.Format
  let words: ReportWords
  let zone: TimeZoneTable

  /// What comes before the changes.
  func beginning(_ sums: ReportChanges) -> String {
    switch format {
    case .csv: "\u{feff}" + ReportCSV.line(ReportComparison.headings)
    case .json: jsonBeginning(sums)
    case .table, .html: tableBeginning(sums)
    }
  }

  /// A page of changes.
  func page(_ changes: [ReportChanges.Change], isFirst: Bool) -> String {
    switch format {
    case .csv: changes.map { ReportCSV.line(cells($0).map(ReportCSV.plain)) }.joined()
    case .json: (isFirst ? "" : ",") + changes.map { json($0).description }.joined(separator: ",")
    case .table, .html: "\n" + table(changes) + "\n"
    }
  }

  /// What comes after the changes.
  func ending(_ sums: ReportChanges) -> String {
    switch format {
    case .csv: return ""
    case .json: return "]}\n"
    case .table, .html:
      let more = sums.count - Int64(question.limit)
      guard more > 0, question.limit > 0 else { return "" }
      return "\n" + of("… and \(more) more; --limit lists more of them", "……另有\(more)条，可用--limit列出更多") + "\n"
    }
  }

  private func of(_ english: String, _ chinese: String) -> String { words.language.of(english, chinese) }

  // MARK: - Table

  private func tableBeginning(_ sums: ReportChanges) -> String {
    let (from, to) = (question.from, question.to)
    let head = """
      \(of("What changed in the on-time report", "按时办结情况报告的变化"))
      \(of("stopped", "办结日期"))  \(of("from \(from) to \(to), both included", "\(from)至\(to)（含首尾两日）"))
      \(of("between", "对比时点"))  \(question.first.rfc3339(in: zone)) \(of("and", "至")) \(question.second.rfc3339(in: zone))


      """
    guard sums.count > 0 else {
      return head + of("Nothing changed: both reports are the same.", "没有变化：两份报告相同。") + "\n"
    }
    var table = TextTable(
      [
        of("commitment", "承诺事项"), of("reason", "原因"), of("clocks", "时钟"), of("finished", "办结"),
        of("on time", "按时"), of("late", "超期"), of("premature", "过早"),
      ], right: [2, 3, 4, 5, 6])
    for sum in sums.sums {
      table.add(
        [sum.commitment, words.reasons(sum.reasons), String(sum.clocks)]
          + [sum.finished, sum.onTime, sum.late, sum.premature].map(ReportComparison.signed))
    }
    return head + table.text + "\n"
  }

  private func table(_ changes: [ReportChanges.Change]) -> String {
    var cases = TextTable([
      of("case", "办件"), of("commitment", "承诺事项"), of("then", "当时"), of("since", "此后"), of("reason", "原因"),
      of("recorded", "记录时间"),
    ])
    for change in changes {
      cases.add([
        change.caseID, change.commitment + (change.round > 1 ? "/\(change.round)" : ""),
        words.belief(change.before, besides: change.after, zone),
        words.belief(change.after, besides: change.before, zone), words.reasons(change.reasons),
        Instant(seconds: change.changedAt.microseconds / 1_000_000).rfc3339(in: zone),
      ])
    }
    return cases.text
  }

  private static func signed(_ value: Int64) -> String { value > 0 ? "+\(value)" : String(value) }

  // MARK: - For programs

  private static let headings = [
    "case_id", "commitment", "round", "reason", "recorded_at", "verdict_then", "due_at_then", "stopped_at_then",
    "region_then", "counted_days_then", "verdict", "due_at", "stopped_at", "region", "counted_days",
  ]

  private func cells(_ change: ReportChanges.Change) -> [String] {
    func cells(_ belief: ReportChanges.Belief?) -> [String] {
      guard let belief else { return Array(repeating: "", count: 5) }
      return [
        belief.verdict.rawValue, belief.dueAt?.rfc3339(in: zone) ?? "", belief.stoppedAt.rfc3339(in: zone),
        belief.region, String(belief.countedDays),
      ]
    }
    return [
      change.caseID, change.commitment, String(change.round),
      change.reasons.map(\.description).joined(separator: " "), change.changedAt.rfc3339(in: zone),
    ] + cells(change.before) + cells(change.after)
  }

  /// The object up to the changes, which follow one by one.
  private func jsonBeginning(_ sums: ReportChanges) -> String {
    let object = JSONText.object([
      ("from", .text(question.from.description)), ("to", .text(question.to.description)),
      ("compare_as_of", .text(question.first.rfc3339(in: zone))),
      ("as_of", .text(question.second.rfc3339(in: zone))),
      (
        "sums",
        .array(
          sums.sums.map { sum in
            .object([
              ("commitment", .text(sum.commitment)), ("reasons", json(sum.reasons)),
              ("clocks", JSONText(sum.clocks)), ("finished", JSONText(sum.finished)),
              ("on_time", JSONText(sum.onTime)), ("late", JSONText(sum.late)),
              ("premature", JSONText(sum.premature)),
            ])
          })
      ), ("count", JSONText(sums.count)),
    ])
    return String(object.description.dropLast()) + #","changes":["#
  }

  private func json(_ change: ReportChanges.Change) -> JSONText {
    func object(_ belief: ReportChanges.Belief?) -> JSONText {
      guard let belief else { return .null }
      return .object([
        ("verdict", .text(belief.verdict.rawValue)), ("due_at", JSONText(belief.dueAt?.rfc3339(in: zone))),
        ("stopped_at", .text(belief.stoppedAt.rfc3339(in: zone))),
        ("region", belief.region.isEmpty ? .null : .text(belief.region)),
        ("counted_days", JSONText(Int64(belief.countedDays))),
      ])
    }
    return .object([
      ("case_id", .text(change.caseID)), ("commitment", .text(change.commitment)),
      ("round", JSONText(Int64(change.round))), ("reasons", json(change.reasons)),
      ("recorded_at", .text(change.changedAt.rfc3339(in: zone))), ("then", object(change.before)),
      ("now", object(change.after)),
    ])
  }

  private func json(_ reasons: [ReportChanges.Reason]) -> JSONText { .array(reasons.map { .text($0.description) }) }
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
