import Journal
import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// Log lines on their way out: each is taken off the queue when it was written, whatever the log takes.
@Suite struct AnnounceTests {
  /// A log that takes no more in the middle of a burst: what it took is marked, the rest is written later, nothing
  /// twice.
  @Test func aLogThatTakesNoMoreGetsTheRestLater() async throws {
    try await DaemonTestBase.withDaemon { office in
      let lines = (1...200).map { DaemonTestBase.event("C\($0)", "accepted", "2026-09-14T07:59:00+08:00") }
      try office.put("1.ndjson", lines)
      try await office.projected(through: 200)
      office.log.accept(130)
      office.clock.advance(to: Instant(rfc3339: "2026-09-16T17:30:00+08:00") ?? Instant(microseconds: 0))
      // Lines of other kinds may be among those taken.
      let (conninfo, log) = (office.conninfo, office.log)
      try await TestDeadline.within(TestDeadline.patience, "the lines taken to be marked") {
        while true {
          try Task.checkCancellation()
          let marked = try await TestQuery.rows(
            conninfo, "SELECT count(*)::text FROM dashboard.alert WHERE logged_at IS NOT NULL")
          if log.dropped > 0, marked == [["\(office.alerts().count)"]] { return }
        }
      }
      #expect((100...130).contains(office.alerts().count))
      office.log.accept(nil)
      try await office.settled(at: office.clock.now())
      try await TestDeadline.within(TestDeadline.patience, "all lines to be marked") {
        while try await TestQuery.rows(
          conninfo, "SELECT count(*)::text FROM dashboard.alert WHERE logged_at IS NOT NULL") != [["800"]]
        { try Task.checkCancellation() }
      }
      #expect(office.alerts().count == 800)
      #expect(Set(office.alerts()).count == 800)
    }
  }

  /// Thousands of summaries that wait for the load's end keep no alert from the log.
  @Test func summariesKeepNothingWaiting() async throws {
    try await DaemonTestBase.withDaemon { office in
      try await office.settled(at: office.clock.now())
      _ = try await office.query(
        """
        WITH s AS (INSERT INTO bizclock.log_outbox (event, fields)
          SELECT 'alert.summary', '{"retrospective": 1}' FROM generate_series(1, 6000) RETURNING 1)
        SELECT count(*)::text FROM s
        """)
      try office.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00")])
      try await office.projected(through: 1)
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(office.alerts().contains("C1/opening/1/red/1"))
      try await office.logged(.alertSummary)
      #expect(office.lines(.alertSummary).first?["retrospective"] == .integer(6_000))
    }
  }
}
