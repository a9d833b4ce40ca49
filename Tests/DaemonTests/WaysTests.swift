import Foundation
import Journal
import LibPQ
import ServiceLifecycle
import ServiceTime
import Settings
import Simulator
import TestSupport
import Testing

@testable import Daemon
@testable import Web

/// One data set by every way in gives the same clocks, row for row.
///
/// `BIZCLOCK_WAYS_CASES=5000` for the whole set.
@Suite struct WaysTests {
  /// A way into a database: what loads the data set, through a daemon's own feed.
  struct Way: Sendable, CustomTestStringConvertible {
    var name: String
    var load: @Sendable (WaysData, _ conninfo: String, _ spool: String) async throws -> Void
    var testDescription: String { name }
  }

  /// A further way is a line here and a function beside these.
  static let ways: [Way] = [
    Way(name: "CSV in GB18030", load: WaysTests.csv),
    Way(name: "exchange database", load: WaysTests.exchange),
    Way(name: "posted lines", load: WaysTests.lines),
    Way(name: "posted CloudEvents", load: WaysTests.cloudEvents),
  ]

  static let cases = ProcessInfo.processInfo.environment["BIZCLOCK_WAYS_CASES"].flatMap { Int($0) } ?? 500

  private static let first = Task { () throws -> (WaysData, [String]) in
    let data = try WaysData(cases: cases)
    return (data, try await clocks(data, Way(name: "NDJSON", load: ndjson)))
  }

  @Test(arguments: ways) func sameClocks(_ way: Way) async throws {
    let (data, expected) = try await WaysTests.first.value
    // Of both kinds of process most cases have clocks, and every kind of end is among them.
    #expect(expected.count > WaysTests.cases)
    for word in ["on_time", "late", "cancelled", "running", "paused"] {
      #expect(WaysTests.cases < 500 || expected.contains { $0.contains("\"\(word)\"") }, "\(word)")
    }
    let clocks = try await WaysTests.clocks(data, way)
    #expect(clocks.count == expected.count)
    let differences = zip(clocks, expected).filter { $0 != $1 }
    #expect(differences.isEmpty, "\(differences.count), the first: \(differences.first.map { "\($0)" } ?? "")")
  }

  /// Loads the data set and reads `dashboard.clock` as of its end.
  private static func clocks(_ data: WaysData, _ way: Way) async throws -> [String] {
    try await DaemonTestBase.withOffice { conninfo, spool in
      try await way.load(data, conninfo, spool)
      let connection = try await Connection.connect(conninfo)
      let rows = try await connection.run { session -> [String] in
        try session.execute("SELECT set_config('bizclock.now', $1, false)", [.text("\(data.end)")])
        let found = try session.execute(
          "SELECT to_jsonb(c)::text FROM dashboard.clock c ORDER BY case_id, commitment, round")
        return try (0..<found.rowCount).map { try found.text($0, 0) }
      }
      await connection.close()
      return rows
    }
  }

  /// Runs a daemon with one feed until all of the data set is projected.
  static func run(
    _ feed: FeedSettings, _ data: WaysData, _ conninfo: String, _ spool: String,
    _ deliver: @Sendable (EmbeddedDaemon) async throws -> Void = { _ in },
    beside others: (BizclockDaemon, ManualClock, MemorySink) throws -> [any Service] = { _, _, _ in [] }
  ) async throws {
    var configuration = DaemonTestBase.configuration(conninfo, spool: spool)
    configuration.feeds = [feed]
    let daemon = try await EmbeddedDaemon(
      conninfo: conninfo, spool: spool, at: data.end, configuration: configuration, beside: others)
    let state = daemon.daemon.state
    let count = Int64(data.count)
    do {
      try await deliver(daemon)
      try await TestDeadline.within(.seconds(300), "\(count) events") {
        _ = await state.wait { $0.position >= count }
      }
      #expect(try await daemon.query("SELECT count(*)::text FROM bizclock.event") == [["\(count)"]])
      #expect(try await daemon.query("SELECT code, message FROM bizclock.quarantine") == [])
    } catch {
      await daemon.stop()
      throw error
    }
    await daemon.stop()
  }

  // MARK: Ways

  static func ndjson(_ data: WaysData, _ conninfo: String, _ spool: String) async throws {
    let feed = FeedSettings(name: "office", source: "office", directory: spool, format: .ndjson)
    try await run(feed, data, conninfo, spool) { try put(data.ndjson, "1.ndjson", $0) }
  }

  static func csv(_ data: WaysData, _ conninfo: String, _ spool: String) async throws {
    let feed = FeedSettings(
      name: "office", source: "office", directory: spool, format: .csv, timeZone: "Asia/Shanghai",
      encoding: .gb18030)
    let bytes = try #require(data.csv.data(using: String.Encoding(rawValue: 0x8000_0632)))
    try await run(feed, data, conninfo, spool) { try put(Array(bytes), "1.csv", $0) }
  }

  static func exchange(_ data: WaysData, _ conninfo: String, _ spool: String) async throws {
    try await TestCluster.shared.withDatabase(
      template: "exchange", prepare: { try await ExchangeDesk.run($0, ExchangeDesk.text("schema.sql")) },
      { upstream in
        let desk = try ExchangeDesk(conninfo: conninfo, upstream: upstream, at: "\(data.end)")
        try await ExchangeTables.write(data, to: upstream)
        try await run(ExchangeTables.feed(desk.feed), data, conninfo, spool)
      })
  }

  static func lines(_ data: WaysData, _ conninfo: String, _ spool: String) async throws {
    try await post(data.bodies(of: 400), "application/x-ndjson", data, conninfo, spool)
  }

  static func cloudEvents(_ data: WaysData, _ conninfo: String, _ spool: String) async throws {
    let batches = try data.bodies(of: 400).map { body -> [UInt8] in
      let events = try body.split(separator: UInt8(ascii: "\n")).map { try cloudEvent(Data($0)) }
      return Array(try JSONSerialization.data(withJSONObject: events))
    }
    try await post(batches, "application/cloudevents-batch+json", data, conninfo, spool)
  }

  /// A line as a CloudEvent: what its envelope has a place for, and the rest as its data.
  private static func cloudEvent(_ line: Data) throws -> [String: Any] {
    var fields = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
    var event: [String: Any] = ["specversion": "1.0", "datacontenttype": "application/json"]
    for (field, attribute) in [
      ("event_id", "id"), ("source", "source"), ("case_id", "subject"), ("occurred_at", "time"),
    ] {
      event[attribute] = fields.removeValue(forKey: field) ?? "office"
    }
    event["type"] = "org.example.office.\(try #require(fields.removeValue(forKey: "type") as? String))"
    event["data"] = fields
    return event
  }

  /// Posts bodies one after the other to a feed that takes them.
  private static func post(
    _ bodies: [[UInt8]], _ type: String, _ data: WaysData, _ conninfo: String, _ spool: String
  ) async throws {
    let token = AccessToken.make(name: "office", scopes: [.ingest], feed: "office")
    let file = spool + ".tokens"
    defer { unlink(file) }
    try Data((token.token.line + "\n").utf8).write(to: URL(filePath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    let (addresses, told) = AsyncStream<String>.makeStream()
    try await run(
      FeedSettings(name: "office", source: "office", kind: .http), data, conninfo, spool,
      { _ in
        let address = try await TestDeadline.within(TestDeadline.patience, "an address") {
          for await address in addresses { return address }
          throw CancellationError()
        }
        for body in bodies {
          // The feed opens a moment after the interface.
          try await TestDeadline.within(TestDeadline.patience, "an answer") {
            var status = 503
            while status == 503 {
              status = try await RawClient.post(
                address, "/v1/events", body, token: "Bearer \(token.text)", fields: ["Content-Type: \(type)"]
              ).status
            }
            #expect(status == 202)
          }
        }
      },
      beside: { daemon, clock, log in
        let web = try WebInterface(
          HTTPSettings(listen: ListenAddress(host: "127.0.0.1", port: 0), tokens: file), clock: clock, log: log,
          limits: WebInterface.Limits(),
          onListening: { told.yield($0) })
        return [WebFront(web, feeds: [], version: "test").service(for: daemon)]
      })
  }

  private static func put(_ bytes: [UInt8], _ name: String, _ daemon: EmbeddedDaemon) throws {
    try Data(bytes).write(to: URL(filePath: "\(daemon.spool)/\(name).part"))
    #expect(rename("\(daemon.spool)/\(name).part", "\(daemon.spool)/\(name)") == 0)
  }
}
