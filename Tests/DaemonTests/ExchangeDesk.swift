import Feeds
import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import Synchronization
import TestSupport
import Testing

@testable import Daemon

/// An office beside an exchange database, made as the shipped example makes it, that its feed's role may only read.
struct ExchangeDesk: Sendable {
  /// The office's database.
  let conninfo: String
  /// The exchange database, as its owner.
  let upstream: String
  /// The feed of the shipped example.
  let feed: FeedSettings
  let clock: ManualClock
  let log = MemorySink()

  static let example = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../deploy/examples/exchange")

  /// The exchange database that the example names.
  static let place = "host=/run/postgresql dbname=exchange options=-crole=bizclock_exchange"

  static func text(_ name: String) throws -> String {
    try String(contentsOf: example.appending(path: name), encoding: .utf8)
  }

  /// The same database for the role that may only read, which this session has from its first statement on.
  static func asReader(_ conninfo: String) -> String { conninfo + " options=-crole=bizclock_exchange" }

  /// Hands a body an office and an empty exchange database.
  static func with(
    at now: String = "2026-09-15T10:00:00+08:00", _ body: @Sendable (ExchangeDesk) async throws -> Void
  ) async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      try await TestCluster.shared.withDatabase(
        template: "exchange", prepare: { try await run($0, text("schema.sql")) },
        { upstream in
          try await body(try ExchangeDesk(conninfo: conninfo, upstream: upstream, at: now))
        })
    }
  }

  /// Hands a body an office, and an empty exchange database on a server of its own, to be harmed.
  static func withNode(
    _ body: @Sendable (_ node: PostgresNode, _ conninfo: String, _ spool: String) async throws -> Void
  ) async throws {
    let node = try PostgresNode()
    defer { node.remove() }
    try node.start()
    try node.createDatabase()
    try await run(node.conninfo, text("schema.sql"))
    try await DaemonTestBase.withOffice { conninfo, spool in try await body(node, conninfo, spool) }
  }

  /// An office whose exchange database is somewhere else.
  init(conninfo: String, upstream: String, at now: String) throws {
    self.conninfo = conninfo
    self.upstream = upstream
    clock = ManualClock(Instant(rfc3339: now) ?? .earliest)
    let configuration = try Configuration.parse(
      ExchangeDesk.text("bizclock.yaml"), file: ExchangeDesk.example.path + "/bizclock.yaml")
    var feed = try #require(configuration.feeds.first)
    feed.database = .conninfo(ExchangeDesk.asReader(upstream))
    self.feed = feed
  }

  /// A reader that begins anew, as a daemon that was restarted does.
  func reader(_ change: (inout FeedSettings) -> Void = { _ in }, stop: Doorbell = Doorbell()) throws
    -> ExchangeReader
  {
    var feed = feed
    change(&feed)
    let log = log
    // With the daemon's rights and no more.
    let database = DatabaseSource(conninfo: conninfo + " options=-crole=bizclock_daemon")
    let intake = Intake(database: database, clock: clock, log: log, tellsGrowth: true)
    return ExchangeReader(
      feed: try FeedDescription(feed, processes: ["opening", "deregistration"]),
      upstream: try #require(ExchangeUpstream(feed)), intake: intake, clock: clock, stop: stop
    ) { priority, message in _ = log.write(LogRecord(time: 0, priority: priority, message: message)) }
  }

  /// Reads until nothing waits.
  func read(_ change: (inout FeedSettings) -> Void = { _ in }) async throws {
    var reader = try reader(change)
    while try await reader.round() {}
    await reader.close()
    await reader.intake.close()
  }

  /// Reads what is in quarantine again, as the command does.
  func retry(_ change: (inout FeedSettings) -> Void = { _ in }) async throws -> RetryReport {
    var feed = feed
    change(&feed)
    let intake = Intake(
      database: DatabaseSource(conninfo: conninfo + " options=-crole=bizclock_daemon"), clock: clock, log: log)
    let report = try await intake.retry(
      RetryRequest(
        selection: Quarantine.Selection(),
        feeds: [feed.name: try FeedDescription(feed, processes: ["opening"])], by: "test"))
    await intake.close()
    return report
  }

  /// Runs statements on the exchange database.
  func upstream(_ sql: String) async throws { try await ExchangeDesk.run(upstream, sql) }

  static func run(_ conninfo: String, _ sql: String) async throws {
    let connection = try await Connection.connect(conninfo)
    try await connection.run { session in
      try session.execute("SET search_path = public")
      try session.script(sql)
    }
    await connection.close()
  }

  func rows(_ sql: String) async throws -> [[String]] { try await TestQuery.rows(conninfo, sql) }

  /// Events of the ledger that happened, as case, type, step and time.
  func events() async throws -> [String] {
    try await rows(
      """
      SELECT concat_ws(' ', case_id, type, step, to_char(occurred_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'))
      FROM bizclock.event e
      WHERE type <> 'voided' AND NOT EXISTS (
        SELECT FROM bizclock.event v WHERE v.case_id = e.case_id AND v.source = e.source AND v.voids = e.event_id)
      ORDER BY case_id, occurred_at, event_id
      """
    ).map { $0[0] }
  }

  /// All that the ledger holds, voids and voided events too.
  func total() async throws -> Int { Int(try await rows("SELECT count(*)::text FROM bizclock.event")[0][0]) ?? -1 }

  /// Projects what the ledger holds.
  func project() async throws {
    let head = Int64(try await rows("SELECT position::text FROM bizclock.ledger_head")[0][0]) ?? 0
    let loading = Loading(database: DatabaseSource(conninfo: conninfo), clock: clock, log: log)
    _ = try await loading.projecting { _ in
    } _: {
      head
    } position: {
      $0
    }
  }

  /// What was said.
  var said: [String] { log.records.map(\.message) }

  // MARK: Rows

  /// Inserts a case that was accepted; `written` is an expression of its `cd_time`.
  func accept(
    _ guid: String, _ caseID: String, _ at: String, written: String = "localtimestamp", operation: String = "I"
  ) async throws {
    try await upstream(
      """
      INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, apply_date, accept_date)
      VALUES ('\(guid)', '\(operation)', \(written), '\(caseID)', '11469005MB1A00001', '\(at)', '\(at)')
      """)
  }
}
