import Foundation
import LibPQ
import ServiceTime
import Settings
import Simulator
import TestSupport
import Testing

@testable import Daemon

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
    _ deliver: @Sendable (EmbeddedDaemon) async throws -> Void = { _ in }
  ) async throws {
    var configuration = DaemonTestBase.configuration(conninfo, spool: spool)
    configuration.feeds = [feed]
    let daemon = try await EmbeddedDaemon(
      conninfo: conninfo, spool: spool, at: data.end, configuration: configuration)
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

  private static func put(_ bytes: [UInt8], _ name: String, _ daemon: EmbeddedDaemon) throws {
    try Data(bytes).write(to: URL(filePath: "\(daemon.spool)/\(name).part"))
    #expect(rename("\(daemon.spool)/\(name).part", "\(daemon.spool)/\(name)") == 0)
  }
}
