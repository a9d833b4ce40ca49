import LibPQ
import ServiceTime
import TestSupport

@testable import Ledger

/// A database of a test's own with the schema and the shipped rules, and what tests do with it.
///
/// Its connection is in the office's time zone, so that times read as they are written in the tests.
struct TestLedger: Sendable {
  let conninfo: String
  let connection: Connection
  let rulebook: Rulebook

  /// When the rules came into force.
  static let founded = local("2026-01-01 00:00")
  /// When events enter the ledger and are projected, unless a test says otherwise.
  static let now = local("2026-11-23 00:00")

  static func with<R: Sendable>(_ body: @Sendable (TestLedger) async throws -> R) async throws -> R {
    let rulebook = try ShippedRules.rulebook()
    return try await TestCluster.shared.withDatabase(
      template: "ledger", prepare: { try await prepare($0, rulebook) }
    ) { conninfo in
      let connection = try await connect(conninfo)
      let result = try await body(TestLedger(conninfo: conninfo, connection: connection, rulebook: rulebook))
      await connection.close()
      return result
    }
  }

  private static func prepare(_ conninfo: String, _ rulebook: Rulebook) async throws {
    let document = try ShippedRules.document()
    let connection = try await connect(conninfo)
    try await connection.run { session in
      _ = try Schema.migrate(&session, now: founded)
      _ = try Rules.apply(
        [(.policy, document), (.calendar, document)], rulebook: rulebook, by: "test", reason: "first",
        retrospectiveAfter: ProjectorSettings().retrospectiveAfter, now: { founded }, on: &session)
    }
    await connection.close()
  }

  private static func connect(_ conninfo: String, _ settings: [String: String] = [:]) async throws -> Connection {
    var options = ConnectionOptions()
    options.settings = settings.merging(["TimeZone": "Asia/Shanghai"]) { given, _ in given }
    return try await Connection.connect(conninfo, options: options)
  }

  /// Another connection to the database.
  func connect(_ settings: [String: String] = [:]) async throws -> Connection {
    try await TestLedger.connect(conninfo, settings)
  }

  // MARK: - Appending

  /// Appends events in batches.
  @discardableResult
  func append(
    _ events: [Event], batch: Int = 20_000, receivedAt: Instant = now, history: Bool = false,
    handingTo appended: AppendedEvents? = nil, on other: Connection? = nil
  ) async throws -> AppendOutcome {
    try await (other ?? connection).run { session in
      var appender = Appender(handingTo: appended)
      var total = AppendOutcome()
      var rest = events[...]
      while !rest.isEmpty {
        total += try appender.append(
          AppendBatch(
            feed: "test", source: "test", events: Array(rest.prefix(batch)), history: history,
            receivedAt: receivedAt), on: &session)
        rest = rest.dropFirst(batch)
      }
      return total
    }
  }

  // MARK: - Projecting

  /// A projector that leads on the connection; a former one is deposed.
  func leader(
    _ rulebook: Rulebook? = nil, now: Instant = now, on other: Connection? = nil,
    settings change: @Sendable (inout ProjectorSettings) -> Void = { _ in }
  ) async throws -> Projector {
    let rulebook = rulebook ?? self.rulebook
    var settings = ProjectorSettings()
    change(&settings)
    let chosen = settings
    return try await (other ?? connection).run { session in
      guard let term = try Leadership.acquire(&session, holder: "test", now: now) else { throw NotFree() }
      let projector = Projector(term: term, rulebook: rulebook, settings: chosen)
      try projector.prepare(&session)
      return projector
    }
  }

  struct NotFree: Error {}

  /// Projects all there is and raises the levels that have come, as of a moment.
  func catchUp(_ projector: Projector, now: Instant = now) async throws {
    try await connection.run { session in
      while case .projected = try projector.projectNext(&session, now: now) {}
      while try !projector.raiseLevels(&session, now: now).isDone {}
    }
  }

  /// One step of raising levels.
  func raise(_ projector: Projector, at now: Instant) async throws -> LevelStep {
    try await connection.run { try projector.raiseLevels(&$0, now: now) }
  }

  /// Appends events that arrive at a moment and projects them.
  func tell(_ projector: Projector, _ events: [Event], at now: Instant = now, history: Bool = false) async throws {
    try await append(events, receivedAt: now, history: history)
    try await catchUp(projector, now: now)
  }

  /// Puts changed rules in force at a moment.
  @discardableResult
  func apply(
    _ kind: RuleDocument.Kind, _ rulebook: Rulebook, over former: Rulebook? = nil, now: Instant = now
  ) async throws -> Moves {
    try await connection.run { session in
      try Rules.apply(
        Rules.Change(
          [(kind, RuleDocument(text: "changed", files: [:]))], rulebook: rulebook, over: nil, former: former,
          retrospectiveAfter: ProjectorSettings().retrospectiveAfter),
        Rules.Consent(by: "test", reason: "a change", restate: true), now: { now }, on: &session
      ).moves
    }
  }

  /// What changed rules would move at a moment.
  func preview(
    _ kind: RuleDocument.Kind, _ rulebook: Rulebook, over former: Rulebook, now: Instant = now
  ) async throws -> Moves {
    try await connection.run { session in
      try Rules.preview(
        Rules.Change(
          [(kind, RuleDocument(text: "changed", files: [:]))], rulebook: rulebook, over: nil, former: former,
          retrospectiveAfter: ProjectorSettings().retrospectiveAfter), now: now, on: &session
      ).moves
    }
  }

  /// Repairs what a report names.
  @discardableResult
  func repair(_ report: Verifier.Report, _ rulebook: Rulebook? = nil, at now: Instant) async throws
    -> Rebuilder.Outcome
  {
    let rulebook = rulebook ?? self.rulebook
    return try await connection.run { session in
      guard let base = try Rules.inForce(&session) else { throw NotFree() }
      return try Rebuilder.repair(
        report, rulebook, over: base, retrospectiveAfter: ProjectorSettings().retrospectiveAfter, now: { now },
        on: &session)
    }
  }

  // MARK: - Looking

  /// The first column of a query, which must be text; `null` for NULL.
  func column(_ sql: String) async throws -> [String] {
    try await connection.run { session in
      let found = try session.execute(sql)
      var values: [String] = []
      for row in 0..<found.rowCount { values.append(try found.optionalText(row, 0) ?? "null") }
      return values
    }
  }

  /// The alerts of `opening`: level, revision, its instant, and what became of it.
  func alerts() async throws -> [String] {
    try await column(
      """
      SELECT concat_ws(' ', level, revision, to_char(level_at, 'MM-DD HH24:MI'),
        CASE WHEN resolved_at IS NOT NULL THEN 'resolved' END, CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn' END,
        CASE WHEN amended_at IS NOT NULL THEN 'amended' END, CASE WHEN retrospective THEN 'retrospective' END,
        change_reason)
      FROM bizclock.alert WHERE commitment = 'opening' ORDER BY case_id, level_at, level, revision
      """)
  }

  /// The waiting log lines of `opening`, and summaries, in their order.
  func lines() async throws -> [String] {
    try await column(
      """
      SELECT concat_ws(' ', substr(event, 7), level, revision,
        CASE WHEN event = 'alert.summary' THEN fields::text END)
      FROM bizclock.log_outbox WHERE commitment IS NULL OR commitment = 'opening' ORDER BY id
      """)
  }

  /// Takes all log lines off, as written.
  func clearLines() async throws { try await execute("DELETE FROM bizclock.log_outbox") }

  /// The database's name.
  var database: String {
    conninfo.split(separator: " ").last { $0.hasPrefix("dbname=") }.map { String($0.dropFirst(7)) } ?? ""
  }

  func execute(_ sql: String) async throws { try await connection.run { _ = try $0.execute(sql) } }

  func verify(_ rulebook: Rulebook? = nil) async throws -> Verifier.Report {
    let rulebook = rulebook ?? self.rulebook
    return try await connection.run { try Verifier.verify(rulebook, on: &$0) }
  }
}
