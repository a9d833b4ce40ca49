import ArgumentParser
import Daemon
import Ledger
import LibPQ
import ServiceTime
import Settings

/// Alerts: looked at, acknowledged.
struct AlertsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alerts", abstract: "See the alerts that stand, and acknowledge them with the reason.",
    subcommands: [List.self, Acknowledge.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List alerts, worst first: by priority, then longest due.")

    @OptionGroup var globals: GlobalOptions
    @Flag(help: "Those that were resolved or withdrawn too.") var all = false
    @Flag(help: "Only those that nobody has acknowledged.") var unacknowledged = false
    @Option(help: "Only those of a commitment.") var commitment: String?
    @Option(help: "Only those of a level, such as red.") var level: String?
    @Option(help: "Only those of cases whose region code begins so.") var region: String?
    @Option(help: "Only levels reached at this time or later.") var since: String?
    @Option(help: "List at most so many.") var limit = 100
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard limit >= 1, limit <= 1_000_000 else { throw ValidationError("--limit is a number from 1 to 1000000.") }
    }

    func run() async throws {
      var chosen = Alerts.Selection()
      chosen.all = all
      chosen.unacknowledged = unacknowledged
      chosen.commitment = commitment
      chosen.level = level
      chosen.region = region
      let (limit, since) = (limit, since)
      let selection = chosen
      let (alerts, count, zone) = try await globals.asking { session in
        var selection = selection
        let zone = try RuleLoader.load(&session)?.1.officeZone ?? .utc
        selection.since = try since.map { try List.time($0, zone) }
        let (alerts, count) = try Alerts.list(selection, limit: limit, &session)
        return (alerts, count, zone)
      }
      let list = AlertList(
        alerts: alerts, more: count - Int64(alerts.count), showsAll: all, zone: zone, now: SystemClock().now())
      Terminal.print(json ? list.json.description : list.text)
    }

    /// A time with an offset, or one of the office; a date is its beginning.
    private static func time(_ text: String, _ zone: TimeZoneTable) throws -> Instant {
      if let instant = Instant(rfc3339: text) { return instant }
      let local = text.utf8.count == 10 ? text + "T00:00" : text
      if let instant = Instant(local: local, in: zone) { return instant }
      throw ValidationError("\(text) is not a time; write for example 2026-09-18 or 2026-09-18T10:00:00+08:00.")
    }
  }

  struct Acknowledge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ack", abstract: "Record who has taken note of alerts, and why the limit was overrun.",
      discussion: "The reasons of overruns are made public (优化营商环境条例 art. 36). What was recorded stays, also "
        + "where an alert is withdrawn or its case is judged again.")

    @OptionGroup var globals: GlobalOptions
    @Argument(help: "Ids of alerts: case/commitment/round/level/revision.") var ids: [String] = []
    @Option(help: "All standing alerts of a case.") var allOf: String?
    @Option(help: "Who.") var by: String
    @Option(help: "Why the limit was overrun.") var reason: String
    @Flag(help: "Replace an acknowledgement that is there.") var replace = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard ids.isEmpty != (allOf == nil) else {
        throw ValidationError("Say which alerts: their ids, or --all-of a case.")
      }
      // Shares have no case: an empty one would mean them all.
      if let allOf, allOf.allSatisfy(\.isWhitespace) { throw ValidationError("--all-of is empty: name a case.") }
      _ = try Operator.text(by, "--by")
      _ = try Operator.text(reason, "--reason")
    }

    func run() async throws {
      let (by, reason, replace, now) = (by, reason, replace, SystemClock().now())
      let (texts, caseID) = (ids, allOf)
      let (before, done, zone) = try await globals.asking { session -> ([Alerts.Alert], Int, TimeZoneTable) in
        let before =
          if let caseID { try AlertChoice.standing(of: caseID, &session) } else {
            try AlertChoice.find(texts, &session)
          }
        let done = try Alerts.acknowledge(
          before.map(\.id), by: by, reason: reason, replacing: replace, now: now, on: &session)
        return (before, done, try RuleLoader.load(&session)?.1.officeZone ?? .utc)
      }
      let known = before.filter { $0.acknowledgement != nil }
      for alert in known {
        guard let old = alert.acknowledgement else { continue }
        Terminal.note(
          Terminal.safe(
            "\(alert.id) was acknowledged by \(old.by) at \(old.at.rfc3339(in: zone))"
              + (old.reason.map { ": \($0)" } ?? "") + (replace ? "; replaced" : "; --replace replaces that")))
      }
      for alert in before where alert.withdrawnAt != nil {
        Terminal.note(Terminal.safe("\(alert.id) was withdrawn: the level was never reached"))
      }
      if json {
        Terminal.print(
          JSONText.object([
            ("acknowledged", JSONText(done)), ("kept", JSONText(before.count - done)),
            ("alert_ids", .array(before.map { .text($0.id.description) })),
          ]).description)
      } else {
        Terminal.print("acknowledged \(done)")
      }
    }
  }
}

/// Alerts chosen on the command line.
enum AlertChoice {
  /// The alerts of some ids; if one is not recorded, none.
  static func find(_ texts: [String], _ session: inout Session) throws -> [Alerts.Alert] {
    var ids: [AlertID] = []
    for text in texts {
      guard let id = AlertID(text) else {
        var selection = Alerts.Selection()
        selection.all = true
        selection.caseID = text
        let isCase = try !Alerts.list(selection, limit: 1, &session).alerts.isEmpty
        throw CommandFailure.missing(
          "\(text) is not the id of an alert, which is case/commitment/round/level/revision"
            + (isCase ? "; it is a case: --all-of acknowledges all that stand of it." : "."))
      }
      if !ids.contains(id) { ids.append(id) }
    }
    let found = try Alerts.find(ids, &session)
    let there = Set(found.map(\.id))
    if let id = ids.first(where: { !there.contains($0) }) {
      throw CommandFailure.missing("There is no alert \(id); nothing was recorded.\(try hint(id, &session))")
    }
    return found
  }

  /// The standing alerts of a case.
  static func standing(of caseID: String, _ session: inout Session) throws -> [Alerts.Alert] {
    var selection = Alerts.Selection()
    selection.caseID = caseID
    let alerts = try Alerts.list(selection, limit: 100_000, &session).alerts
    guard alerts.isEmpty else { return alerts }
    throw CommandFailure.missing("No alert of the case \(caseID) stands; see: bizclock alerts list --all.")
  }

  /// What was probably meant: other alerts of the case, else ids that are spelt nearly so.
  private static func hint(_ id: AlertID, _ session: inout Session) throws -> String {
    var selection = Alerts.Selection()
    selection.all = true
    selection.caseID = id.caseID
    var near = id.caseID.isEmpty ? [] : try Alerts.list(selection, limit: 5, &session).alerts.map(\.id.description)
    if near.isEmpty {
      let wanted = Array(id.description.utf8.prefix(128))
      near = try Alerts.newest(2_000, &session).map(\.description)
        .map { ($0, Spelling.distance(wanted, Array($0.utf8.prefix(128)))) }
        .filter { $0.1 <= 3 }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(3).map(\.0)
    }
    return near.isEmpty ? " See: bizclock alerts list." : " Is one of these meant: \(near.joined(separator: ", "))?"
  }
}

/// Alerts as a table for people or JSON for programs.
struct AlertList {
  let alerts: [Alerts.Alert]
  let more: Int64
  let showsAll: Bool
  let zone: TimeZoneTable
  let now: Instant

  var text: String {
    guard !alerts.isEmpty else { return showsAll ? "No alert." : "No alert stands." }
    var table = TextTable(
      ["alert", "level", "priority", "due", "level at", "overrun", "region", "window", "acknowledged by"]
        + (showsAll ? ["state"] : []))
    for alert in alerts {
      table.add(
        [
          alert.id.description, alert.id.level, alert.priority,
          alert.dueAt.rfc3339(in: zone) + (alert.provisional ? " provisional" : ""),
          alert.levelAt.rfc3339(in: zone), alert.overrun(at: now).map(PastSpan.text) ?? "–", alert.region ?? "–",
          alert.serviceWindow ?? "–", alert.acknowledgement?.by ?? "–",
        ] + (showsAll ? [AlertList.state(alert)] : []))
    }
    return table.text + (more > 0 ? "\n\n\(more) more; --limit shows them" : "")
  }

  private static func state(_ alert: Alerts.Alert) -> String {
    alert.withdrawnAt != nil ? "withdrawn" : alert.resolvedAt != nil ? "resolved" : "stands"
  }

  var json: JSONText {
    func time(_ instant: Instant?) -> JSONText { JSONText(instant?.rfc3339(in: zone)) }
    return .object([
      (
        "alerts",
        .array(
          alerts.map { alert in
            .object([
              ("alert_id", .text(alert.id.description)),
              ("case_id", alert.id.caseID.isEmpty ? .null : .text(alert.id.caseID)),
              ("commitment", .text(alert.id.commitment)), ("round", JSONText(alert.id.round)),
              ("level", .text(alert.id.level)), ("revision", JSONText(alert.id.revision)),
              ("priority", .text(alert.priority)), ("due_at", time(alert.dueAt)), ("level_at", time(alert.levelAt)),
              ("recorded_at", time(alert.recordedAt)), ("resolved_at", time(alert.resolvedAt)),
              ("withdrawn_at", time(alert.withdrawnAt)), ("retrospective", .bool(alert.retrospective)),
              ("provisional", .bool(alert.provisional)),
              ("overrun_seconds", JSONText(alert.overrun(at: now).map { $0 / 1_000_000 })),
              ("region", JSONText(alert.region)), ("service_window", JSONText(alert.serviceWindow)),
              ("acknowledged_at", time(alert.acknowledgement?.at)),
              ("acknowledged_by", JSONText(alert.acknowledgement?.by)),
              ("reason", JSONText(alert.acknowledgement?.reason)),
            ])
          })
      ), ("more", JSONText(more)),
    ])
  }
}
