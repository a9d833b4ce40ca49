import Foundation
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// The promise with the real program, the real clock and a real server: with the database away across a due instant,
/// the overrun is in the log within a second of it, and in `dashboard.alert` once afterwards.
///
/// `BIZCLOCK_ABSENCE=60` keeps the database away for 60 seconds, and lets the limit run out in the middle.
@Suite(.serialized, .alone) struct UnrecordedRunTests {
  enum Absence: String, CaseIterable {
    case stopped, frozen
    /// Stopped, and the daemon killed and started again before the instant.
    case stoppedAndDaemonKilled
  }

  /// A commitment of one minute at any time of any day.
  private static let policy = """
    calendars:
      - { id: cn, time_zone: Asia/Shanghai, week: mon-sun, hours: ["00:00-24:00"], fixed_holidays: [] }
    commitments:
      - id: minute
        process: opening
        title: { en: One minute, zh: 一分钟 }
        start: [accepted]
        stop: [completed]
        cancel: [withdrawn]
        calendar: cn
        versions: [ { from: 2019-01-01, limit: 0h01m working_hours } ]
        levels: { red: { at: due, priority: error } }

    """

  @Test(arguments: Absence.allCases) func toldWithinASecondAndRecordedOnce(_ absence: Absence) async throws {
    let seconds = ProcessInfo.processInfo.environment["BIZCLOCK_ABSENCE"].flatMap { Int64($0) }
    let server = try OwnServer()
    defer { server.remove() }
    try await server.start()
    let office = try OfficeFolder(conninfo: server.conninfo)
    defer { office.remove() }
    try UnrecordedRunTests.policy.write(
      toFile: office.path + "/policy.yaml", atomically: true, encoding: .utf8)
    try await office.migrate()
    var daemon = try office.start()
    try await daemon.logged("ready")
    let watch = office.path + "/state/watch"
    try await UnrecordedRunTests.until("the list of levels") { FileManager.default.fileExists(atPath: watch) }

    // Due in some seconds: nothing else takes as long.
    let wait = min((seconds ?? 16) / 2, 50)
    let due = SystemClock().now() + wait * 1_000_000
    let event = DaemonTestBase.event("C1", "accepted", (due + -60_000_000).rfc3339(in: .utc))
    try office.put(Load.File(name: "1.ndjson", bytes: Array((event + "\n").utf8)))
    let conninfo = server.conninfo
    try await TestDeadline.within(.seconds(30), "the clock") {
      while try await TestQuery.rows(conninfo, "SELECT count(*)::text FROM dashboard.open_clock") != [["1"]] {}
    }
    if absence == .frozen { server.freeze() } else { try server.kill() }
    let away = ContinuousClock.now
    if absence == .stoppedAndDaemonKilled {
      // The loss itself makes it write what it knows.
      try await UnrecordedRunTests.until("the case in the list") {
        try String(contentsOfFile: watch, encoding: .utf8).contains("C1")
      }
      daemon.signal(SIGKILL)
      #expect(try await daemon.exit() == 128 + SIGKILL)
      daemon = try office.start()
    }
    #expect(SystemClock().now() < due, "the machine is too slow for this test")
    try await daemon.logged("alert.unrecorded", within: .seconds(90))
    let told = try #require(daemon.records.first { $0["event"] == "alert.unrecorded" })
    #expect(told["alert_id"] == "C1/minute/1/red/1")
    let levelAt = try #require(told["level_at"].flatMap { Instant(rfc3339: $0) })
    let toldAt = try #require(told["time"].flatMap { Instant(rfc3339: $0) })
    #expect(levelAt == due)
    let delay = toldAt - levelAt
    #expect(delay >= 0 && delay <= 1_000_000)

    if let seconds { try await Task.sleep(until: away + .seconds(seconds)) }
    let outage = ContinuousClock.now - away
    if absence == .frozen { server.thaw() } else { try await server.start() }
    try await daemon.logged("alert.raised")
    try await UnrecordedRunTests.until("it to be settled") {
      !FileManager.default.fileExists(atPath: office.path + "/state/unrecorded")
    }
    let rows = try await TestQuery.rows(
      conninfo,
      """
      SELECT alert_id, count(*) OVER ()::text, (logged_at - level_at < interval '1 s')::text,
        (recorded_at > logged_at)::text, (withdrawn_at IS NULL)::text, (recorded_at - level_at)::text
      FROM dashboard.alert
      """)
    #expect(rows.map { $0.prefix(5) } == [["C1/minute/1/red/1", "1", "true", "true", "true"]])
    #expect(daemon.records.count { $0["event"] == "alert.unrecorded" } == 1)
    #expect(daemon.records.count { $0["event"] == "alert.raised" } == 1)
    #expect(daemon.records.first { $0["event"] == "alert.raised" }?["unrecorded_at"] != nil)
    #expect(daemon.records.allSatisfy { $0["event"] != "alert.withdrawn" })
    print(
      "UnrecordedRunTests: database \(absence.rawValue) for \(outage); told \(delay) µs after the instant, recorded "
        + "\(rows.first?.last ?? "never") after it, \(rows.count) row")
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() == 0)
  }

  private static func until(_ what: String, _ holds: @escaping @Sendable () throws -> Bool) async throws {
    try await TestDeadline.within(TestDeadline.patience, what) {
      while try !holds() {
        try Task.checkCancellation()
        await Task.yield()
      }
    }
  }
}
