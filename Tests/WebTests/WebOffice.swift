import Foundation
import Journal
import LibPQ
import Logging
import ServiceLifecycle
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon
@testable import Web

/// A whole daemon with its HTTP interface on a port of its own: a database and a spool, a clock moved by hand.
final class WebOffice: Sendable {
  static let start = "2026-09-14T08:00:00+08:00"
  /// The file of tokens has one of each kind; these are their texts.
  static let metrics = "Bearer metrics-token"
  static let read = "Bearer read-token"
  /// For the feeds `hall` and `nowhere`, which is not configured, and `office`, which takes no posts.
  static let hall = "Bearer hall-token"
  static let nowhere = "Bearer nowhere-token"
  static let office = "Bearer office-token"

  let clock = ManualClock(Instant(rfc3339: WebOffice.start) ?? Instant(microseconds: 0))
  let log = MemorySink()
  let daemon: BizclockDaemon
  let interface: WebInterface
  let spool: String
  /// Where it listens.
  let address: String
  private let group: ServiceGroup
  private let task: Task<Void, any Error>

  private struct Running: Service {
    let daemon: BizclockDaemon
    let service: any Service
    func run() async throws { try await daemon.run(beside: [service]) }
  }

  /// How to reach its database.
  let conninfo: String

  private init(
    _ conninfo: String, _ folder: String, limits: WebInterface.Limits, overdue: @escaping @Sendable () -> [String],
    hasTokens: Bool
  ) async throws {
    self.conninfo = conninfo
    spool = folder + "/spool"
    try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: true)
    let tokens = folder + "/tokens"
    let lines = [
      ("metrics-token", TokenScope.metrics, nil), ("read-token", .read, nil), ("hall-token", .ingest, "hall"),
      ("nowhere-token", .ingest, "nowhere"), ("office-token", .ingest, "office"),
    ].map { text, scope, feed in
      AccessToken(name: text, scopes: [scope], feed: feed, digest: AccessToken.digest(of: text)).line + "\n"
    }
    try Data(lines.joined().utf8).write(to: URL(filePath: tokens))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: tokens)
    let (addresses, told) = AsyncStream<String>.makeStream()
    interface = try WebInterface(
      HTTPSettings(listen: ListenAddress(host: "127.0.0.1", port: 0), tokens: hasTokens ? tokens : nil),
      clock: clock, log: log, limits: limits, onListening: { told.yield($0) })
    let configuration = Configuration(
      database: .conninfo(conninfo),
      feeds: [
        FeedSettings(name: "office", source: "office", directory: spool, format: .ndjson),
        FeedSettings(
          name: "hall", source: "hall", kind: .http, timeZone: "Asia/Shanghai", keep: ["note"],
          mapping: ["grid": FieldMapping(column: "网格")]),
      ])
    let installation = Installation(
      configuration: configuration, database: DatabaseSource(conninfo: conninfo), cluster: nil)
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rulebook = try RuleLoader.compile(draft.policy, draft.calendars)
    daemon = BizclockDaemon(
      database: installation.database, feeds: try installation.servedFeeds(rulebook), clock: clock, log: log,
      settings: installation.projectorSettings, batch: 100, holder: "test", metrics: interface.metrics)
    let service = interface.service(for: daemon, version: "1.2.3", overdue: overdue)
    group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [Running(daemon: daemon, service: service)],
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    task = Task { [group] in try await group.run() }
    address = try await TestDeadline.within(TestDeadline.patience, "an address") {
      for await address in addresses { return address }
      throw CancellationError()
    }
  }

  /// Hands a body a running daemon on a migrated database with the shipped policy.
  static func withOffice(
    limits: WebInterface.Limits = .patient, overdue: @escaping @Sendable () -> [String] = { [] },
    hasTokens: Bool = true, _ body: @Sendable (WebOffice) async throws -> Void
  ) async throws {
    try await TestCluster.shared.withDatabase(
      template: "web", prepare: migrate,
      { try await run($0, limits, overdue, hasTokens, body) })
  }

  /// Makes the schema, with the shipped policy.
  static func migrate(_ conninfo: String) async throws {
    let installation = Installation(
      configuration: Configuration(database: .conninfo(conninfo)), database: DatabaseSource(conninfo: conninfo),
      cluster: nil)
    _ = try await installation.migrate(
      now: Instant(rfc3339: "2010-01-01T00:00:00Z") ?? Instant(microseconds: 0))
  }

  /// Hands a body a running daemon on a migrated database that the test provides.
  static func withOffice(
    at conninfo: String, limits: WebInterface.Limits = .patient,
    _ body: @Sendable (WebOffice) async throws -> Void
  ) async throws { try await run(conninfo, limits, { [] }, true, body) }

  /// Hands a body a daemon whose database is not there.
  static func withoutDatabase(_ body: @Sendable (WebOffice) async throws -> Void) async throws {
    try await run(
      "host=/tmp/no-server-\(UUID().uuidString.prefix(8)) dbname=x", WebInterface.Limits(), { [] }, true, body)
  }

  private static func run(
    _ conninfo: String, _ limits: WebInterface.Limits, _ overdue: @escaping @Sendable () -> [String],
    _ hasTokens: Bool, _ body: @Sendable (WebOffice) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "web-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let office = try await WebOffice(conninfo, folder, limits: limits, overdue: overdue, hasTokens: hasTokens)
    let result: Result<Void, any Error>
    do { result = .success(try await body(office)) } catch { result = .failure(error) }
    await office.stop()
    try result.get()
  }

  func stop() async {
    task.cancel()
    await ended()
  }

  /// Tells the daemon to stop in good order.
  func shutDown() async { await group.triggerGracefulShutdown() }

  /// Waits until it has stopped.
  func ended() async { _ = await task.result }

  /// One request.
  func ask(_ path: String, _ method: String = "GET", token: String? = nil) async throws -> RawClient.Reply {
    try await RawClient.ask(address, path, method, token: token)
  }

  /// Posts lines of JSON.
  func post(
    _ lines: [String], token: String? = WebOffice.hall, type: String? = "application/x-ndjson",
    fields: [String] = []
  ) async throws -> RawClient.Reply {
    try await post(Array((lines.joined(separator: "\n") + "\n").utf8), token: token, type: type, fields: fields)
  }

  /// Posts a body.
  func post(
    _ body: [UInt8], token: String? = WebOffice.hall, type: String? = "application/x-ndjson", fields: [String] = []
  ) async throws -> RawClient.Reply {
    try await RawClient.post(
      address, "/v1/events", body, token: token, fields: fields + (type.map { ["Content-Type: \($0)"] } ?? []))
  }

  /// Rows of the ledger's own database, as texts.
  func rows(_ query: String) async throws -> [[String?]] {
    let connection = try await Connection.connect(conninfo)
    let rows = try await connection.run { session in
      let found = try session.execute(query)
      return try (0..<found.rowCount).map { row in
        try (0..<found.columnCount).map { try found.optionalText(row, $0) }
      }
    }
    await connection.close()
    return rows
  }

  /// The samples of the metrics page.
  func samples() async throws -> [String: String] {
    let reply = try await ask("/metrics", token: WebOffice.metrics)
    #expect(reply.status == 200)
    var samples: [String: String] = [:]
    for line in reply.body.split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.lastIndex(of: " ") else { continue }
      samples[String(line[..<space])] = String(line[line.index(after: space)...])
    }
    return samples
  }

  /// Waits until the daemon is ready.
  func ready() async throws {
    let state = daemon.state
    try await TestDeadline.within(TestDeadline.patience, "readiness") {
      _ = await state.wait { $0.role == .leading && $0.feedsRead.contains("office") && $0.levelsThrough != nil }
    }
  }

  func put(_ name: String, _ lines: [String]) throws {
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: "\(spool)/\(name).part", atomically: false, encoding: .utf8)
    #expect(rename("\(spool)/\(name).part", "\(spool)/\(name)") == 0)
  }

  func projected(through position: Int64) async throws {
    let state = daemon.state
    try await TestDeadline.within(TestDeadline.patience, "position \(position)") {
      _ = await state.wait { $0.position >= position }
    }
  }

  /// Moves the clock, and waits until every level up to there has been raised and logged.
  func advance(to text: String) async throws {
    let instant = Instant(rfc3339: text) ?? Instant(microseconds: 0)
    clock.advance(to: instant)
    let state = daemon.state
    try await TestDeadline.within(TestDeadline.patience, "levels up to \(text)") {
      _ = await state.wait { $0.levelsThrough.map { $0 >= instant } ?? false }
    }
  }

  static func event(_ caseID: String, _ type: String, _ at: String) -> String {
    "{\"event_id\":\"\(caseID)-\(type)\",\"case_id\":\"\(caseID)\",\"type\":\"\(type)\",\"occurred_at\":\"\(at)\","
      + "\"process\":\"opening\"}"
  }
}

extension WebInterface.Limits {
  /// For tests of anything but time, on a machine that does much else.
  static var patient: WebInterface.Limits {
    var limits = WebInterface.Limits()
    limits.answer = TestDeadline.patience
    limits.bodyTime = TestDeadline.patience
    limits.commit = TestDeadline.patience
    return limits
  }
}
