import Feeds
import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// A daemon in this process that has a state directory, and whose database may be away at any time, its start too.
final class AbsentOffice: Sendable {
  /// The evening before, with levels at 16:12 and 17:30 to come.
  static let morning = "2026-09-15T09:00:00+08:00"

  let conninfo: String
  let spool: String
  let clock: ManualClock
  let log = MemorySink()
  let absence: AbsenceAlarm
  let daemon: BizclockDaemon
  private let task: Task<Void, any Error>

  init(_ conninfo: String, folder: String, at now: String = morning, holder: String = "test") throws {
    self.conninfo = conninfo
    spool = folder + "/spool"
    try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: true)
    clock = ManualClock(Instant(rfc3339: now) ?? Instant(microseconds: 0))
    var feed = FeedSettings(name: "office", source: "office", directory: spool, format: .ndjson)
    feed.silence = nil
    let configuration = Configuration(
      database: .conninfo(conninfo), stateDirectory: folder + "/state", feeds: [feed])
    let installation = Installation(
      configuration: configuration, database: DatabaseSource(conninfo: conninfo), cluster: nil)
    absence = AbsenceAlarm(installation, log: log)
    let daemon = BizclockDaemon(
      database: installation.database,
      feeds: [
        ServedFeed(
          description: try FeedDescription(feed, processes: ["opening", "deregistration"]),
          origin: .spool(directory: spool))
      ], clock: clock, log: log, settings: installation.projectorSettings, batch: 5_000, holder: holder,
      absence: absence)
    self.daemon = daemon
    task = Task { try await daemon.run() }
  }

  func stop() async {
    task.cancel()
    _ = await task.result
  }

  func advance(to text: String) { clock.advance(to: Instant(rfc3339: text) ?? Instant(microseconds: 0)) }

  func put(_ name: String, _ lines: [String]) throws {
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: "\(spool)/\(name).part", atomically: false, encoding: .utf8)
    #expect(rename("\(spool)/\(name).part", "\(spool)/\(name)") == 0)
  }

  /// Waits until something holds that nobody tells of.
  func until(
    _ what: String, _ limit: Duration = TestDeadline.patience, _ holds: @escaping @Sendable () throws -> Bool
  )
    async throws
  {
    try await TestDeadline.within(limit, what) {
      while try !holds() {
        try Task.checkCancellation()
        await Task.yield()
      }
    }
  }

  /// Waits until this many levels are known to come.
  func watching(_ count: Int) async throws {
    let levels = absence.levels
    try await until("\(count) levels to come") { levels.contents.count == count }
  }

  /// Waits until the lines of an event name these alerts, each once and no others.
  func told(_ event: LogEvent, _ ids: [String]) async throws {
    let log = log
    try await TestDeadline.within(TestDeadline.patience, "\(event.rawValue) of \(ids)") {
      var missing = Set(ids)
      for await record in log.stream() where record.event == event {
        if case .text(let id)? = record["alert_id"] { missing.remove(id) }
        if missing.isEmpty { return }
      }
    }
    #expect(alerts(event).sorted() == ids.sorted())
  }

  func lines(_ event: LogEvent) -> [LogRecord] { log.records.filter { $0.event == event } }

  func alerts(_ event: LogEvent) -> [String] {
    lines(event).compactMap { record in
      if case .text(let id)? = record["alert_id"] { id } else { nil }
    }
  }

  /// Waits until all that was told is settled.
  func settled() async throws {
    let journal = absence.journal
    try await until("everything told to be settled") { journal.isEmpty }
    #expect(!FileManager.default.fileExists(atPath: absence.directory.map { $0 + "/unrecorded" } ?? ""))
  }

  /// The recorded alerts: id, and whether it is withdrawn and logged.
  func recorded() async throws -> [String] {
    try await TestQuery.rows(
      conninfo,
      """
      SELECT alert_id || CASE WHEN withdrawn_at IS NOT NULL THEN ' withdrawn' ELSE '' END
        || CASE WHEN logged_at IS NULL THEN ' unlogged' ELSE '' END
      FROM dashboard.alert ORDER BY 1
      """
    ).map { $0[0] }
  }

  /// Whether every projection is what the ledger makes of it.
  func verified() async throws -> Bool {
    let connection = try await Connection.connect(conninfo)
    let differences = try await connection.run { session -> Int in
      guard let (_, rulebook) = try RuleLoader.load(&session) else { return -1 }
      return try Verifier.verify(rulebook, on: &session).differenceCount
    }
    await connection.close()
    return differences == 0
  }

  /// Expects rows, and shows both where they differ.
  static func expect(_ got: [String], _ wanted: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(got == wanted, sourceLocation: sourceLocation)
  }

  static func accepted(_ caseID: String) -> String {
    DaemonTestBase.event(
      caseID, "accepted", "2026-09-14T07:59:00+08:00", more: #","region":"469005100201","service_window":"3""#)
  }

  /// The levels of a case that was accepted then, in the order of their instants.
  static func levels(_ caseID: String) -> [String] {
    ["\(caseID)/one_day/1/yellow/1", "\(caseID)/one_day/1/red/1", "\(caseID)/opening/1/yellow/1"]
  }

  /// Hands a body a server of its own with the shipped policy, and an empty folder.
  static func with(_ body: (OwnServer, String) async throws -> Void) async throws {
    let server = try OwnServer()
    let folder = server.directory + "-office"
    defer {
      server.remove()
      try? FileManager.default.removeItem(atPath: folder)
    }
    try await server.start()
    let installation = Installation(
      configuration: Configuration(database: .conninfo(server.conninfo)),
      database: DatabaseSource(conninfo: server.conninfo), cluster: nil)
    _ = try await installation.migrate(
      now: Instant(rfc3339: "2010-01-01T00:00:00Z") ?? Instant(microseconds: 0))
    try await body(server, folder)
  }
}
