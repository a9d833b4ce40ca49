import Feeds
import Foundation
import Journal
import LibPQ
import ServiceLifecycle
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// A whole daemon in this process: a database and a spool directory of its own, a clock moved by hand, a log in
/// memory.
final class EmbeddedDaemon: Sendable {
  let conninfo: String
  let spool: String
  let clock: ManualClock
  let log: MemorySink
  let daemon: BizclockDaemon
  private let task: Task<Void, any Error>

  /// Starts a daemon, and other services beside it; it runs until `stop`.
  init(
    conninfo: String, spool: String, at now: Instant, holder: String = "test", configuration: Configuration,
    beside others: (BizclockDaemon, ManualClock, MemorySink) throws -> [any Service] = { _, _, _ in [] }
  ) async throws {
    self.conninfo = conninfo
    self.spool = spool
    clock = ManualClock(now)
    log = MemorySink()
    let installation = Installation(
      configuration: configuration, database: DatabaseSource(conninfo: conninfo), cluster: nil)
    let feeds = try installation.servedFeeds(try await installation.rulebook())
    let daemon = BizclockDaemon(
      database: installation.database, feeds: feeds, clock: clock, log: log,
      settings: installation.projectorSettings, batch: 100, holder: holder)
    self.daemon = daemon
    let others = try others(daemon, clock, log)
    task = Task { try await daemon.run(beside: others) }
  }

  /// Moves to the feeds and settings of another configuration, as a reload does.
  @discardableResult
  func reload(_ configuration: Configuration) throws -> FeedChange {
    let installation = Installation(configuration: configuration, database: daemon.database, cluster: nil)
    return daemon.reload(
      feeds: try installation.servedFeeds(processes: ["opening", "deregistration"]),
      settings: installation.projectorSettings, retention: configuration.retention)
  }

  /// Ends the daemon and waits until it has ended.
  func stop() async {
    task.cancel()
    _ = await task.result
  }

  /// Moves the clock and waits until every level up to there has been raised and logged.
  func advance(to text: String) async throws {
    let instant = Instant(rfc3339: text) ?? Instant(microseconds: 0)
    #expect(instant.rfc3339(in: .utc) != "1970-01-01T00:00:00Z")
    clock.advance(to: instant)
    try await settled(at: instant)
  }

  func settled(at instant: Instant) async throws {
    let state = daemon.state
    try await TestDeadline.within(TestDeadline.patience, "levels up to \(instant)") {
      _ = await state.wait { $0.levelsThrough.map { $0 >= instant } ?? false }
    }
  }

  /// Puts a file into the spool as it should be put: under another name first.
  func put(_ name: String, _ lines: [String]) throws {
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: "\(spool)/\(name).part", atomically: false, encoding: .utf8)
    #expect(rename("\(spool)/\(name).part", "\(spool)/\(name)") == 0)
  }

  /// Waits until the projections have reached a position of the ledger.
  func projected(through position: Int64) async throws {
    let state = daemon.state
    try await TestDeadline.within(TestDeadline.patience, "position \(position)") {
      _ = await state.wait { $0.position >= position }
    }
  }

  /// Waits for a log line of an event.
  func logged(_ event: LogEvent) async throws {
    let log = log
    try await TestDeadline.within(TestDeadline.patience, "\(event.rawValue) in the log") {
      for await record in log.stream() where record.event == event { return }
      throw CancellationError()
    }
  }

  /// The log lines of an event.
  func lines(_ event: LogEvent) -> [LogRecord] { log.records.filter { $0.event == event } }

  /// The alert ids of the lines of an event, in the order logged.
  func alerts(_ event: LogEvent = .alertRaised) -> [String] {
    lines(event).compactMap { record in
      if case .text(let id)? = record["alert_id"] { id } else { nil }
    }
  }

  func query(_ sql: String) async throws -> [[String]] { try await TestQuery.rows(conninfo, sql) }
}

/// Reads rows as texts.
enum TestQuery {
  static func rows(_ conninfo: String, _ sql: String) async throws -> [[String]] {
    let connection = try await Connection.connect(conninfo)
    let rows = try await connection.run { session -> [[String]] in
      let found = try session.execute(sql)
      return try (0..<found.rowCount).map { row in
        try (0..<found.columnCount).map { try found.optionalText(row, $0) ?? "null" }
      }
    }
    await connection.close()
    return rows
  }
}

/// Databases and directories for daemons under test.
enum DaemonTestBase {
  static let start = "2026-09-14T08:00:00+08:00"

  static func configuration(_ conninfo: String, spool: String) -> Configuration {
    Configuration(
      database: .conninfo(conninfo),
      feeds: [FeedSettings(name: "office", source: "office", directory: spool, format: .ndjson)])
  }

  /// Hands a body a migrated database with the shipped policy and an empty spool directory.
  static func withOffice<R: Sendable>(_ body: @Sendable (String, String) async throws -> R) async throws -> R {
    try await TestCluster.shared.withDatabase(
      template: "daemon",
      prepare: { conninfo in
        let configuration = Configuration(database: .conninfo(conninfo))
        let installation = Installation(
          configuration: configuration, database: DatabaseSource(conninfo: conninfo), cluster: nil)
        _ = try await installation.migrate(
          now: Instant(rfc3339: "2010-01-01T00:00:00Z") ?? Instant(microseconds: 0))
      },
      { conninfo in
        let directory = FileManager.default.temporaryDirectory.appending(path: "bizclock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        return try await body(conninfo, directory.path)
      })
  }

  /// Hands a body a running daemon.
  static func withDaemon(
    at start: String = start, _ body: @Sendable (EmbeddedDaemon) async throws -> Void
  ) async throws {
    try await withOffice { conninfo, spool in
      let daemon = try await daemon(conninfo, spool, at: start)
      do { try await body(daemon) } catch {
        await daemon.stop()
        throw error
      }
      await daemon.stop()
    }
  }

  static func daemon(_ conninfo: String, _ spool: String, at start: String, holder: String = "test") async throws
    -> EmbeddedDaemon
  {
    try await EmbeddedDaemon(
      conninfo: conninfo, spool: spool, at: Instant(rfc3339: start) ?? Instant(microseconds: 0), holder: holder,
      configuration: configuration(conninfo, spool: spool))
  }

  /// A line of native NDJSON.
  static func event(
    _ caseID: String, _ type: String, _ at: String, id: String? = nil, process: String? = "opening",
    more: String = ""
  ) -> String {
    let process = process.map { ",\"process\":\"\($0)\"" } ?? ""
    return "{\"event_id\":\"\(id ?? "\(caseID)-\(type)-\(at)")\",\"case_id\":\"\(caseID)\",\"type\":\"\(type)\","
      + "\"occurred_at\":\"\(at)\"\(process)\(more)}"
  }
}
