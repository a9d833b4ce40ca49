import ArgumentParser
import Daemon
import Ledger
import ServiceTime

/// Says how the service is.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show the leader, the feeds, the open clocks and how fast overruns are detected.")

  @OptionGroup var globals: GlobalOptions
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let now = SystemClock().now()
    let (status, zone) = try await globals.withDatabase { database in
      let connection = try await database.connect(.ask)
      let result = try await connection.run { session -> (ServiceStatus, TimeZoneTable) in
        guard let status = try ServiceStatus.read(&session, now: now) else { throw DatabaseFault.noSchema }
        let rulebook = try RuleLoader.load(&session)?.1
        let zone = rulebook?.policy.commitments.first.flatMap { rulebook?.calendars[$0.calendar]?.zone } ?? .utc
        return (status, zone)
      }
      await connection.close()
      return result
    }
    Terminal.print(json ? StatusCommand.json(status, zone, now).description : StatusCommand.text(status, zone, now))
  }

  private static func json(_ s: ServiceStatus, _ zone: TimeZoneTable, _ now: Instant) -> JSONText {
    func time(_ instant: Instant?) -> JSONText { JSONText(instant?.rfc3339(in: zone)) }
    return .object([
      ("schema", JSONText(s.schema)), ("head", JSONText(s.head)), ("position", JSONText(s.position)),
      ("led", .bool(s.led)), ("leader", JSONText(s.holder)), ("elected_at", time(s.electedAt)),
      ("daemons", JSONText(s.daemons)),
      ("policy", JSONText(s.policy)), ("calendar", JSONText(s.calendar)),
      (
        "clocks",
        .object([
          ("running", JSONText(s.running)), ("paused", JSONText(s.paused)), ("overdue", JSONText(s.overdue)),
        ])
      ),
      ("next_level_at", time(s.nextLevel)), ("unlogged", JSONText(s.unlogged)),
      (
        "detection_lag_ms",
        s.lag.map { .object([("p50", .number($0.p50)), ("p99", .number($0.p99))]) } ?? .null
      ),
      (
        "feeds",
        .array(
          s.feeds.map {
            .object([
              ("name", .text($0.name)), ("last_event_at", time($0.lastEventAt)),
              ("lag_seconds", JSONText($0.lastEventAt.map { (now - $0) / 1_000_000 })),
              ("last_received_at", time($0.lastReceivedAt)), ("received", JSONText($0.received)),
              ("duplicates", JSONText($0.duplicates)), ("quarantined", JSONText($0.quarantined)),
              ("quarantine_open", JSONText($0.open)), ("stalled", .bool($0.isStalled)),
            ])
          })
      ),
    ])
  }

  private static func remark(_ feed: ServiceStatus.Feed) -> String {
    if feed.isStalled { return "silent" }
    return feed.lastReceivedAt == nil ? "nothing yet" : ""
  }

  private static func text(_ s: ServiceStatus, _ zone: TimeZoneTable, _ now: Instant) -> String {
    func time(_ instant: Instant?) -> String { instant?.rfc3339(in: zone) ?? "–" }
    var lines = [
      s.led
        ? "leader       \(s.holder ?? "?") since \(time(s.electedAt)); \(s.daemons) \(s.daemons == 1 ? "daemon" : "daemons") on the database"
        : "leader       none: start the daemon (systemctl start bizclock), or nothing is projected",
      "ledger       position \(s.head), projected to \(s.position)",
      "clocks       \(s.running) running, \(s.paused) paused, \(s.overdue) overdue",
      "next level   \(time(s.nextLevel))",
      "detection    "
        + (s.lag.map { "median \(Int($0.p50)) ms, 99 % within \(Int($0.p99)) ms (last day)" }
          ?? "no alert in the last day"),
      "rules        policy \(s.policy), calendar \(s.calendar), schema \(s.schema)",
    ]
    if s.unlogged > 0 { lines.append("unlogged     \(s.unlogged) alerts wait to be written to the log") }
    if !s.feeds.isEmpty {
      var table = TextTable(
        ["feed", "last event", "lag", "received", "new", "duplicate", "quarantined", "open", ""],
        right: [2, 4, 5, 6, 7])
      for feed in s.feeds {
        table.add([
          feed.name, time(feed.lastEventAt), feed.lastEventAt.map { PastSpan.text(now - $0) } ?? "–",
          time(feed.lastReceivedAt), String(feed.received),
          String(feed.duplicates), String(feed.quarantined), String(feed.open), remark(feed),
        ])
      }
      lines += ["", table.text]
    }
    return lines.map { Terminal.safeLines($0) }.joined(separator: "\n")
  }
}
