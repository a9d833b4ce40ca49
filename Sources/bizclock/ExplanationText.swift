import Daemon
import Ledger
import ServiceTime

/// A case explained to people on a terminal.
struct ExplanationText {
  private let explanation: CaseExplanation
  private let words: ExplanationWords

  init(_ explanation: CaseExplanation, _ language: Language) {
    self.explanation = explanation
    words = ExplanationWords(language, zone: explanation.zone)
  }

  private var language: Language { words.language }
  private func of(_ english: String, _ chinese: String) -> String { language.of(english, chinese) }

  var text: String {
    var parts = [header, events]
    if explanation.clocks.isEmpty {
      parts.append(
        of("No commitment applies to this case, or none has started.", "没有适用于该办件的承诺事项，或尚未起算。"))
    }
    parts += explanation.clocks.map(clock)
    if !explanation.orphans.isEmpty {
      parts.append(
        of("alerts of clocks that the case no longer has", "该办件已不存在的时钟的预警") + "\n"
          + lines(
            explanation.orphans.map { alert in
              (
                "\(alert.commitment)/\(alert.round) \(level(alert.level, alert.revision))",
                joined(words.alert(alert))
              )
            }))
    }
    if !explanation.formerBeliefs.isEmpty {
      parts.append(
        of("former verdicts of clocks that the case no longer has", "该办件已不存在的时钟的历史判定") + "\n"
          + lines(
            beliefs(explanation.formerBeliefs) { "\($0.commitment)/\($0.round)" }))
    }
    return parts.joined(separator: "\n\n")
  }

  /// What was believed, each with what came after it of the same clock.
  private func beliefs(
    _ beliefs: [CaseReport.Belief], _ name: (CaseReport.Belief) -> String
  ) -> [(String, String)] {
    beliefs.indices.map { index in
      let belief = beliefs[index]
      let next = beliefs.dropFirst(index + 1).first
        .flatMap { $0.commitment == belief.commitment && $0.round == belief.round ? $0 : nil }
      return (name(belief), words.belief(belief, next: next))
    }
  }

  // MARK: - The case

  private var header: String {
    let report = explanation.report
    let a = report.attributes
    let entity = [report.entityName, a.entityType.map(language.entityType)].compactMap { $0 }
    let region = [
      a.region,
      language == .en ? report.regionName?.nameEN ?? report.regionName?.name : report.regionName?.name,
    ].compactMap { $0 }
    var facts: [(String, String)] = []
    func add(_ name: String, _ value: String?) {
      if let value, !value.isEmpty { facts.append((name, value)) }
    }
    add(of("process", "事项类别"), a.process.map(language.process))
    add(of("entity", "市场主体"), entity.joined(separator: of(", ", "，")))
    add(of("region", "区划"), region.joined(separator: " "))
    add(of("grid", "网格"), a.grid)
    add(of("window", "窗口"), a.serviceWindow)
    add(of("channel", "渠道"), a.channel.map(language.channel))
    add(of("tags", "标签"), a.tags?.joined(separator: of(", ", "、")))
    add(of("as of", "截至"), "\(words.record(explanation.now)) (\(explanation.zone.name))")
    return Terminal.safe(of("case ", "办件 ") + explanation.caseID) + "\n" + lines(facts)
  }

  private var events: String {
    var table = TextTable(
      language == .en
        ? ["date", "day", "time", "event", "window", "id", "received", ""]
        : ["日期", "星期", "时间", "事件", "窗口", "编号", "入库", ""])
    var before: CivilDate?
    for (stored, happened) in explanation.report.events {
      let event = stored.event
      let date = explanation.zone.date(of: event.occurredAt)
      table.add([
        date == before ? "" : date.description, date == before ? "" : words.weekday(date),
        words.timeOfDay(event.occurredAt), name(event), event.serviceWindow ?? "", event.eventID.text,
        words.record(stored.receivedAt), note(event, happened),
      ])
      before = date
    }
    return table.text
  }

  private func name(_ event: Event) -> String {
    let type = language.eventType(event.type.name)
    guard let step = event.step else { return type }
    return language == .en ? "\(type):\(step)" : "\(type)：\(language.step(step))"
  }

  private func note(_ event: Event, _ happened: Bool) -> String {
    if event.type == .voided { return of("voids \(event.voids?.text ?? "")", "作废\(event.voids?.text ?? "")") }
    if !happened { return of("voided: never happened", "已作废，视为未发生") }
    if event.type == .extended, let days = event.extendDays { return of("\(days) more", "延长\(days)日") }
    return ""
  }

  // MARK: - A clock

  private func clock(_ explained: ExplainedClock) -> String {
    let clock = explained.clock
    let title = explained.commitment.flatMap { language.title($0.title) }
    var heading = of("clock \(clock.commitment), round \(clock.round)", "时钟 \(clock.commitment)，第\(clock.round)轮")
    if let title { heading += of(": \(title)", "：\(title)") }
    var facts = [
      (of("verdict", "判定"), words.summary(explained)),
      (of("limit", "时限"), words.limit(explained)),
      (
        of("version", "版本"),
        of(
          "in force from \(clock.versionFrom), calendar \(clock.calendar)",
          "自\(clock.versionFrom)起施行，工作日历\(clock.calendar)")
      ),
    ]
    if let basis = explained.version?.basis { facts.append((of("basis", "依据"), basis)) }
    facts.append((of("started", "起算"), words.time(clock.startedAt)))
    facts.append((of("due", "到期"), words.due(explained)))
    var parts = [Terminal.safe(heading) + "\n" + lines(facts)]
    if !explained.days.isEmpty { parts.append(indented(strip(explained))) }
    parts.append(lines(account(explained)))
    return parts.joined(separator: "\n\n")
  }

  /// Measures, pauses, levels and alerts.
  private func account(_ explained: ExplainedClock) -> [(String, String)] {
    let clock = explained.clock
    var facts = [(of("measures", "计量"), words.measures(explained))]
    let lawful = explained.reckoner.map { LegalRule.hold(for: $0.calendar) } ?? false
    for pause in clock.pauses { facts.append((of("pause", "暂停"), words.pause(pause, lawful: lawful))) }
    var rest = explained.alerts
    for reach in clock.reached {
      let name = level(reach.level, reach.revision)
      if let index = rest.firstIndex(where: { $0.level == reach.level && $0.revision == reach.revision }) {
        facts.append((name, joined(words.alert(rest.remove(at: index)))))
      } else {
        facts.append(
          (name, of("reached \(words.time(reach.at)), not recorded yet", "\(words.time(reach.at))触发，尚未记录")))
      }
    }
    for alert in rest { facts.append((level(alert.level, alert.revision), joined(words.alert(alert)))) }
    for reach in clock.pending {
      facts.append(
        (level(reach.level, reach.revision), of("to come \(words.time(reach.at))", "将于\(words.time(reach.at))触发")))
    }
    // One that never changed has no history.
    if explained.beliefs.contains(where: { $0.knownUntil != nil }) {
      facts += beliefs(explained.beliefs) { _ in of("history", "历史判定") }
    }
    if explained.overrunsWithoutReason, lawful {
      let law = LegalRule.reasonsMadePublic.cited(in: language)
      facts.append(
        (of("reason", "原因"), of("none acknowledged yet (\(law))", "尚未登记超期原因（\(law)）")))
    }
    return facts
  }

  private func level(_ name: String, _ revision: Int) -> String {
    language.level(name) + (revision > 1 ? "/\(revision)" : "")
  }

  private func joined(_ parts: [String]) -> String { parts.joined(separator: of("; ", "；")) }

  // MARK: - Layout

  private func strip(_ explained: ExplainedClock) -> String {
    guard let reckoner = explained.reckoner else { return "" }
    let strip = DayStrip(explained, reckoner, events: explanation.happened, words) { name($0) }
    return strip.text
  }

  private func indented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
  }

  /// Names and values, the values under each other.
  private func lines(_ facts: [(String, String)]) -> String {
    let width = facts.map { Terminal.width(Terminal.safe($0.0)) }.max() ?? 0
    return facts.map { name, value in
      let name = Terminal.safe(name)
      return "  " + name + String(repeating: " ", count: width - Terminal.width(name) + 2) + Terminal.safe(value)
    }.joined(separator: "\n")
  }
}

extension ExplainedClock {
  /// Whether it ran past due and nobody has said why yet.
  fileprivate var overrunsWithoutReason: Bool {
    guard clock.verdict == .late || overrun != nil || clock.breached else { return false }
    return !alerts.contains { $0.acknowledgedAt != nil }
  }
}
