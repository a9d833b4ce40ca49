import ArgumentParser
import Daemon
import Ledger
import ServiceTime

/// Explains a case: why its due dates are what they are.
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract:
      "Explain a case: its events, clocks, pauses, every counted and skipped day and why, levels and alerts.")

  @OptionGroup var globals: GlobalOptions
  @Argument(help: "The case's number.") var caseID: String
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let now = SystemClock().now()
    let caseID = caseID
    let (report, rulebook) = try await globals.withDatabase { database in
      let connection = try await database.connect(.ask)
      let result = try await connection.run { session -> (CaseReport, Rulebook) in
        guard let (_, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
        guard let report = try CaseReport.read(caseID, rulebook, asOf: now, on: &session) else {
          throw CommandFailure.missing("The ledger has no event of the case \(Terminal.safe(caseID)).")
        }
        return (report, rulebook)
      }
      await connection.close()
      return result
    }
    let explanation = CaseExplanation(caseID: caseID, report: report, rulebook: rulebook, now: now)
    Terminal.print(json ? explanation.json.description : explanation.text)
  }
}

/// A case explained.
struct CaseExplanation {
  let caseID: String
  let report: CaseReport
  let rulebook: Rulebook
  let now: Instant

  private var zone: TimeZoneTable {
    report.attributes.process.flatMap { rulebook.mainCalendar(process: $0)?.zone }
      ?? rulebook.policy.commitments.first.flatMap { rulebook.calendars[$0.calendar]?.zone } ?? .utc
  }

  private func time(_ instant: Instant?) -> String? { instant?.rfc3339(in: zone) }

  /// Up to the due day, and up to the end or today, whichever is later; a clock forgotten for years is cut.
  private func lastDay(_ clock: Clock, _ reckoner: Reckoner) -> CivilDate {
    let end = reckoner.calendar.date(of: clock.stoppedAt ?? now)
    let due = reckoner.due?.day ?? end
    return max(due, min(end, due + 100))
  }

  /// What has run up to the end, or up to now while the clock is open.
  private func measured(_ clock: Clock) -> (Measures, Overrun?) {
    guard clock.isOpen, let reckoner = clock.reckoner(rulebook, asOf: now) else {
      return (clock.measures, clock.overrun)
    }
    let now = max(now, clock.startedAt)
    return (reckoner.measures(at: now), reckoner.overrun(stoppedAt: now))
  }

  var text: String {
    let a = report.attributes
    var lines = ["case \(caseID)"]
    for (name, value) in [
      ("process", a.process), ("region", a.region), ("grid", a.grid), ("channel", a.channel),
      ("service window", a.serviceWindow), ("entity type", a.entityType), ("tags", a.tags?.joined(separator: ", ")),
    ] {
      if let value { lines.append("  \(name): \(value)") }
    }
    lines = lines.map(Terminal.safe)
    var events = TextTable(["occurred at", "event", "id", "received at", ""])
    for (stored, happened) in report.events {
      let event = stored.event
      events.add([
        time(event.occurredAt) ?? "", event.type.name + (event.step.map { ":\($0)" } ?? ""), event.eventID.text,
        time(stored.receivedAt) ?? "",
        happened ? "" : event.type == .voided ? "voids \(event.voids?.text ?? "")" : "voided: never happened",
      ])
    }
    lines += ["", events.text]
    if report.clocks.isEmpty { lines += ["", "No commitment applies to this case, or none has started."] }
    for clock in report.clocks { lines += ["", text(clock)] }
    if !report.alerts.isEmpty {
      var alerts = TextTable(["alert", "reached at", "recorded at", "logged at", "state"])
      for alert in report.alerts {
        alerts.add([
          alert.id, time(alert.levelAt) ?? "", time(alert.recordedAt) ?? "", time(alert.loggedAt) ?? "–",
          alert.withdrawnAt != nil
            ? "withdrawn"
            : (alert.resolvedAt != nil ? "resolved" : "open") + (alert.retrospective ? ", history" : "")
              + (alert.feedStalled ? ", a feed was silent" : ""),
        ])
      }
      lines += ["", alerts.text]
    }
    return lines.joined(separator: "\n")
  }

  private func text(_ clock: Clock) -> String {
    let commitment = rulebook.policy.commitments.first { $0.id == clock.commitment }
    let version = commitment?.versions.first { $0.from == clock.versionFrom }
    var lines = [
      "clock \(clock.commitment), round \(clock.round)\(commitment?.title["en"].map { ": \($0)" } ?? "")",
      "  limit     \(version?.limit.description ?? "?") (version from \(clock.versionFrom)"
        + (version?.basis.map { "; \($0)" } ?? "") + "), calendar \(clock.calendar)",
      "  started   \(time(clock.startedAt) ?? "")",
      "  due       \(time(clock.dueAt) ?? (clock.state == .cancelled ? "none: cancelled" : "unknown while paused"))"
        + (clock.provisional ? "  provisional: the calendar is not published that far" : ""),
    ]
    if let stopped = clock.stoppedAt {
      lines.append(
        "  \(clock.state == .cancelled ? "cancelled" : "stopped  ") \(time(stopped) ?? "") by \(clock.outcome ?? "")"
      )
    }
    let (measures, overrun) = measured(clock)
    var verdict = clock.verdict?.rawValue ?? clock.state.rawValue
    if let overrun {
      verdict += clock.isOpen ? ", past due" : ""
      verdict += overrun.days == 0 ? ", by less than a day" : ", by \(overrun.days) counted days"
    }
    if clock.breached { verdict += ", already past due" }
    lines.append("  verdict   \(verdict)")
    lines.append(
      "  measures  \(measures.countedDays) counted days, \(CaseExplanation.hours(measures.working)) office time, "
        + "\(CaseExplanation.hours(measures.paused)) paused"
        + (clock.extendedDays > 0 ? ", extended by \(clock.extendedDays) days" : ""))
    for pause in clock.pauses {
      lines.append("  pause     \(pause.kind): \(time(pause.from) ?? "") to \(time(pause.to) ?? "now")")
    }
    for reach in clock.reached { lines.append("  level     \(reach.level) reached \(time(reach.at) ?? "")") }
    for reach in clock.pending {
      lines.append("  level     \(reach.level) will be reached \(time(reach.at) ?? "")")
    }
    lines = lines.map(Terminal.safe)
    if let reckoner = clock.reckoner(rulebook, asOf: now) {
      lines.append(
        DayTable.text(reckoner.days(through: lastDay(clock, reckoner))).split(separator: "\n")
          .map { "  " + $0 }.joined(separator: "\n"))
    }
    return lines.joined(separator: "\n")
  }

  static func hours(_ microseconds: Int64) -> String {
    let minutes = microseconds / 60_000_000
    return "\(minutes / 60) h \(minutes % 60) min"
  }

  var json: JSONText {
    let a = report.attributes
    return .object([
      ("case_id", .text(caseID)), ("process", JSONText(a.process)), ("region", JSONText(a.region)),
      ("grid", JSONText(a.grid)), ("channel", JSONText(a.channel)), ("service_window", JSONText(a.serviceWindow)),
      ("entity_type", JSONText(a.entityType)), ("tags", a.tags.map { .array($0.map { .text($0) }) } ?? .null),
      (
        "events",
        .array(
          report.events.map { stored, happened in
            .object([
              ("event_id", .text(stored.event.eventID.text)), ("source", .text(stored.event.source.text)),
              ("type", .text(stored.event.type.name)), ("step", JSONText(stored.event.step)),
              ("occurred_at", JSONText(time(stored.event.occurredAt))),
              ("received_at", JSONText(time(stored.receivedAt))), ("happened", .bool(happened)),
            ])
          })
      ),
      ("clocks", .array(report.clocks.map(json))),
      (
        "alerts",
        .array(
          report.alerts.map {
            .object([
              ("alert_id", .text($0.id)), ("level", .text($0.level)), ("level_at", JSONText(time($0.levelAt))),
              ("recorded_at", JSONText(time($0.recordedAt))), ("logged_at", JSONText(time($0.loggedAt))),
              ("resolved_at", JSONText(time($0.resolvedAt))), ("withdrawn_at", JSONText(time($0.withdrawnAt))),
              ("retrospective", .bool($0.retrospective)), ("feed_stalled", .bool($0.feedStalled)),
            ])
          })
      ),
    ])
  }

  private func json(_ clock: Clock) -> JSONText {
    let (measures, overrun) = measured(clock)
    var members: [(String, JSONText)] = [
      ("commitment", .text(clock.commitment)), ("round", JSONText(clock.round)),
      ("version_from", .text(clock.versionFrom.description)), ("calendar", .text(clock.calendar)),
      ("state", .text(clock.state.rawValue)), ("verdict", JSONText(clock.verdict?.rawValue)),
      ("breached", .bool(clock.breached)), ("provisional", .bool(clock.provisional)),
      ("started_at", JSONText(time(clock.startedAt))), ("due_at", JSONText(time(clock.dueAt))),
      ("stopped_at", JSONText(time(clock.stoppedAt))), ("outcome", JSONText(clock.outcome)),
      ("counted_days", JSONText(measures.countedDays)),
      ("working_seconds", .number(Double(measures.working) / 1e6)),
      ("paused_seconds", .number(Double(measures.paused) / 1e6)),
      ("elapsed_seconds", .number(Double(measures.elapsed) / 1e6)),
    ]
    if let overrun {
      members.append(("overrun_seconds", .number(Double(overrun.time) / 1e6)))
      members.append(("overrun_days", JSONText(overrun.days)))
    }
    members.append(
      (
        "pauses",
        .array(
          clock.pauses.map {
            .object([("kind", .text($0.kind)), ("from", JSONText(time($0.from))), ("to", JSONText(time($0.to)))])
          })
      ))
    members.append(
      (
        "levels",
        .array(
          (clock.reached.map { ($0, true) } + clock.pending.map { ($0, false) }).map { reach, reached in
            .object([
              ("level", .text(reach.level)), ("revision", JSONText(reach.revision)),
              ("level_at", JSONText(time(reach.at))), ("reached", .bool(reached)),
            ])
          })
      ))
    if let reckoner = clock.reckoner(rulebook, asOf: now) {
      members.append(
        (
          "days",
          .array(
            reckoner.days(through: lastDay(clock, reckoner)).map {
              .object([
                ("date", .text($0.date.description)), ("number", JSONText($0.number)),
                ("reason", .text($0.reason.rawValue)), ("name", JSONText($0.name)),
                ("published", .bool($0.published)),
              ])
            })
        ))
    }
    return .object(members)
  }
}
