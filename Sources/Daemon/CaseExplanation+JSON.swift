import Ledger
import ServiceTime

/// The explanation for programs: names are stable, times RFC 3339 in the zone of the case.
extension CaseExplanation {
  /// The case with its events, clocks and alerts; what is said in words is said in a language.
  public func json(_ language: Language) -> JSONText {
    let a = report.attributes
    return .object([
      ("case_id", .text(caseID)), ("process", JSONText(a.process)), ("region", JSONText(a.region)),
      ("region_name", JSONText(report.regionName?.name)), ("region_name_en", JSONText(report.regionName?.nameEN)),
      ("grid", JSONText(a.grid)), ("channel", JSONText(a.channel)), ("service_window", JSONText(a.serviceWindow)),
      ("entity_name", JSONText(report.entityName)), ("entity_type", JSONText(a.entityType)),
      ("tags", a.tags.map { .array($0.map { .text($0) }) } ?? .null), ("time_zone", .text(zone.name)),
      ("as_of", time(now)), ("events", .array(report.events.map(json))),
      ("clocks", .array(clocks.map { json($0, language) })),
      ("alerts", .array((clocks.flatMap(\.alerts) + orphans).map(json))),
      ("former_verdicts", .array(formerBeliefs.map(json))),
    ])
  }

  private func time(_ instant: Instant?) -> JSONText { JSONText(instant?.rfc3339(in: zone)) }
  private func seconds(_ microseconds: Int64?) -> JSONText { JSONText(microseconds.map { Double($0) / 1e6 }) }

  private func json(_ event: (stored: StoredEvent, happened: Bool)) -> JSONText {
    let e = event.stored.event
    return .object([
      ("event_id", .text(e.eventID.text)), ("source", .text(e.source.text)), ("type", .text(e.type.name)),
      ("step", JSONText(e.step)), ("occurred_at", time(e.occurredAt)),
      ("received_at", time(event.stored.receivedAt)), ("channel", JSONText(e.channel)),
      ("service_window", JSONText(e.serviceWindow)), ("voids", JSONText(e.voids?.text)),
      ("extend_days", JSONText(e.extendDays)), ("happened", .bool(event.happened)),
    ])
  }

  // MARK: - Clocks

  private func json(_ explained: ExplainedClock, _ language: Language) -> JSONText {
    let clock = explained.clock
    let m = explained.measures
    let rules: [(String, JSONText)] = [
      ("commitment", .text(clock.commitment)), ("round", JSONText(clock.round)),
      ("title_en", JSONText(explained.commitment?.title["en"])),
      ("title_zh", JSONText(explained.commitment?.title["zh"])),
      ("version_from", .text(clock.versionFrom.description)), ("calendar", .text(clock.calendar)),
      ("limit_text", JSONText(explained.version?.limit.description)),
      ("legal_text", JSONText(explained.version?.legalLimit?.description)),
      ("floor_text", JSONText(explained.version?.floor?.description)),
      ("grace_seconds", seconds(explained.version?.grace)), ("basis", JSONText(explained.version?.basis)),
      ("extended_days", JSONText(clock.extendedDays)),
    ]
    let state: [(String, JSONText)] = [
      ("state", .text(clock.state.rawValue)), ("verdict", JSONText(clock.verdict?.rawValue)),
      ("early", .bool(clock.early)), ("breached", .bool(clock.breached)), ("provisional", .bool(clock.provisional)),
      ("started_at", time(clock.startedAt)), ("started_by", .text(clock.startedBy.eventID.text)),
      ("due_at", time(clock.dueAt)), ("due_day", JSONText(clock.dueDay?.description)),
      ("stopped_at", time(clock.stoppedAt)), ("outcome", JSONText(clock.outcome)),
      ("summary_en", .text(ExplanationWords(.en, zone: zone).summary(explained))),
      ("summary_zh", .text(ExplanationWords(.zh, zone: zone).summary(explained))),
      ("summary", .text(ExplanationWords(language, zone: zone).summary(explained))),
    ]
    let measures: [(String, JSONText)] = [
      ("counted_days", JSONText(m.countedDays)), ("working_seconds", seconds(m.working)),
      ("paused_seconds", seconds(m.paused)), ("elapsed_seconds", seconds(m.elapsed)),
      ("overrun_seconds", seconds(explained.overrun?.time)), ("overrun_days", JSONText(explained.overrun?.days)),
    ]
    let lawful = explained.reckoner.map { LegalRule.hold(for: $0.calendar) } ?? false
    let reaches = clock.reached.map { ($0, true) } + clock.pending.map { ($0, false) }
    return .object(
      rules + state + measures + [
        ("pauses", .array(clock.pauses.map { pause($0, lawful: lawful) })),
        (
          "levels",
          .array(
            reaches.map { reach, reached in
              .object([
                ("level", .text(reach.level)), ("revision", JSONText(reach.revision)),
                ("priority", .text(reach.priority.rawValue)), ("level_at", time(reach.at)),
                ("reached", .bool(reached)),
              ])
            })
        ),
        ("days", .array(days(explained, lawful: lawful, language))), ("days_cut", .bool(explained.isCut)),
        ("history", .array(explained.beliefs.map(json))),
      ])
  }

  private func pause(_ pause: ClockPause, lawful: Bool) -> JSONText {
    .object([
      ("kind", .text(pause.kind)), ("from", time(pause.from)), ("to", time(pause.to)),
      ("rule", JSONText(lawful ? LegalRule.pause(pause.kind)?.rawValue : nil)),
    ])
  }

  private func days(_ explained: ExplainedClock, lawful: Bool, _ language: Language) -> [JSONText] {
    guard let calendar = explained.reckoner?.calendar else { return [] }
    let events = Dictionary(grouping: happened) { calendar.date(of: $0.occurredAt) }
    let words = ExplanationWords(language, zone: zone)
    return explained.days.map { explained in
      let day = explained.day
      return .object([
        ("date", .text(day.date.description)), ("number", JSONText(day.number)),
        ("overrun_number", JSONText(explained.overrunNumber)),
        ("after_end", .bool(explained.isAfterEnd)), ("reason", .text(day.reason.rawValue)),
        ("why", .text(words.reason(explained))),
        ("name", JSONText(day.name)), ("makeup", .bool(day.makeup)), ("calendar", .text(explained.calendar)),
        ("published", .bool(day.published)), ("rule", JSONText(explained.rule?.rawValue)),
        ("pauses", .array(explained.pauses.map { pause($0, lawful: lawful) })),
        (
          "closure",
          explained.closure.map {
            .object([("name", .text($0.name)), ("from", time($0.from)), ("to", time($0.to))])
          } ?? .null
        ),
        ("events", .array((events[day.date] ?? []).map { .text($0.eventID.text) })),
      ])
    }
  }

  // MARK: - Alerts and former verdicts

  private func json(_ belief: CaseReport.Belief) -> JSONText {
    let under = belief.countedUnder
    func known(_ text: String) -> JSONText { text.isEmpty ? .null : .text(text) }
    return .object([
      ("commitment", .text(belief.commitment)), ("round", JSONText(belief.round)),
      ("known_from", time(belief.knownFrom)), ("known_until", time(belief.knownUntil)),
      ("change_reason", JSONText(belief.reason?.rawValue)), ("verdict", .text(belief.verdict.rawValue)),
      ("version_from", .text(belief.versionFrom.description)), ("due_at", time(belief.dueAt)),
      ("provisional", .bool(belief.provisional)), ("stopped_at", time(belief.stoppedAt)),
      ("outcome", known(belief.outcome)), ("counted_days", JSONText(belief.countedDays)),
      ("overrun_seconds", seconds(belief.overrun?.time)), ("overrun_days", JSONText(belief.overrun?.days)),
      ("process", known(under.process)), ("region", known(under.region)), ("channel", known(under.channel)),
      ("entity_type", known(under.entityType)), ("report_tag", known(under.reportTag)),
    ])
  }

  private func json(_ alert: CaseReport.Alert) -> JSONText {
    .object([
      ("alert_id", .text(alert.id)), ("commitment", .text(alert.commitment)), ("round", JSONText(alert.round)),
      ("level", .text(alert.level)), ("revision", JSONText(alert.revision)), ("priority", .text(alert.priority)),
      ("due_at", time(alert.dueAt)), ("level_at", time(alert.levelAt)), ("recorded_at", time(alert.recordedAt)),
      ("logged_at", time(alert.loggedAt)), ("resolved_at", time(alert.resolvedAt)),
      ("withdrawn_at", time(alert.withdrawnAt)), ("amended_at", time(alert.amendedAt)),
      ("change_reason", JSONText(alert.changeReason?.rawValue)),
      ("acknowledged_at", time(alert.acknowledgedAt)), ("acknowledged_by", JSONText(alert.acknowledgedBy)),
      ("reason", JSONText(alert.reason)), ("retrospective", .bool(alert.retrospective)),
      ("feed_stalled", .bool(alert.feedStalled)),
    ])
  }
}
