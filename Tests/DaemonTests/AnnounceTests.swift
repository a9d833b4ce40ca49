import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
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

  /// Somebody has locked the queue, as for an index: what is in the log already is not written again and again.
  @Test func aLockBetweenTheLineAndItsMark() async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let database = DatabaseSource(conninfo: conninfo)
      let log = MemorySink()
      let absence = AbsenceAlarm(database: database, log: log, directory: nil, retrospectiveAfter: 0)
      let rulebook = try await Installation(
        configuration: Configuration(database: .conninfo(conninfo)), database: database, cluster: nil
      ).rulebook()
      let teller = OutboxTeller(
        announcer: Announcer(rulebook: rulebook), clock: ManualClock(.earliest), log: log, absence: absence,
        metrics: DaemonMetrics())
      let (leading, admin) = (try await Connection.connect(conninfo), try await Connection.connect(conninfo))
      try await leading.run { session in
        try session.execute("SET lock_timeout = '50ms'")
        try session.execute(
          """
          INSERT INTO bizclock.log_outbox (event, case_id, commitment, round, level, revision, fields)
          VALUES ('alert.raised', 'C1', 'opening', 1, 'red', 1, '{"priority": "error"}')
          """)
        try session.execute(
          "INSERT INTO bizclock.log_outbox (event, fields) VALUES ('alert.summary', '{\"retrospective\": 1}')")
      }
      func turn(_ teller: OutboxTeller) async throws -> SQLState? {
        try await leading.run { session in
          var teller = teller
          do { while try teller.tell(within: .seconds(1), summarize: true, &session) {} } catch let error
            as PostgresError
          {
            return error.code
          }
          return nil
        }
      }
      try await admin.run { session in
        try session.begin()
        try session.execute("LOCK TABLE bizclock.log_outbox IN SHARE MODE")
      }
      for _ in 1...3 { #expect(try await turn(teller) == .lockNotAvailable) }
      #expect(log.records.map(\.event) == [.alertRaised])
      try await admin.run { $0.rollbackQuietly() }
      #expect(try await turn(teller) == nil)
      #expect(log.records.map(\.event) == [.alertRaised, .alertSummary])
      #expect(try await TestQuery.rows(conninfo, "SELECT count(*)::text FROM bizclock.log_outbox") == [["0"]])
      await leading.close()
      await admin.close()
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
