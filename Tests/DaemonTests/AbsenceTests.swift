import Foundation
import Journal
import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// Guarantees 6 and 8: what happens while nobody looks is told, and history pages nobody.
@Suite struct AbsenceTests {
  /// Down over a long weekend: breaches of then are recorded with their true instants, and paged once.
  @Test func breachesWhileTheDaemonWasDownArePagedOnce() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let before = try await DaemonTestBase.daemon(conninfo, spool, at: "2026-09-18T16:00:00+08:00")
      try before.put(
        "1.ndjson",
        [
          DaemonTestBase.event("C1", "accepted", "2026-09-18T10:00:00+08:00"),
          DaemonTestBase.event("C2", "accepted", "2026-09-18T11:00:00+08:00"),
        ])
      try await before.projected(through: 2)
      await before.stop()
      #expect(before.lines(.stopping).count == 1)

      let after = try await DaemonTestBase.daemon(conninfo, spool, at: "2026-09-22T09:00:00+08:00")
      try await after.settled(at: after.clock.now())
      // Sunday the 20th was worked: both limits ran out on Monday the 21st at the close.
      #expect(after.alerts().contains("C1/opening/1/red/1"))
      #expect(after.alerts().contains("C2/opening/1/red/1"))
      #expect(after.alerts().count == Set(after.alerts()).count)
      #expect(after.lines(.alertSummary).isEmpty)
      // One that began and ended in the gap is told too, and resolved.
      try after.put("2.ndjson", [DaemonTestBase.event("C1", "completed", "2026-09-21T20:00:00+08:00")])
      try await after.projected(through: 3)
      try await after.advance(to: "2026-09-22T09:01:00+08:00")
      #expect(after.alerts(.alertResolved).contains("C1/opening/1/red/1"))
      let red = try await after.query(
        """
        SELECT case_id, extract(epoch FROM recorded_at - level_at) > 50000, retrospective::text
        FROM dashboard.alert WHERE level = 'red' AND commitment = 'opening' ORDER BY case_id
        """)
      await after.stop()
      #expect(red.map { $0[0] } == ["C1", "C2"])
      #expect(red.map { $0[2] } == ["false", "false"])
    }
  }

  /// A load of old cases: every level recorded as history, nobody paged, one summary.
  @Test func aLoadOfHistoryMakesOneSummary() async throws {
    try await DaemonTestBase.withDaemon { office in
      var lines: [String] = []
      for number in 1...250 {
        lines.append(
          DaemonTestBase.event(
            "H\(number)", "notice_published", "2016-03-\(number % 20 + 10)T10:00:00+08:00",
            process: "deregistration"))
        lines.append(DaemonTestBase.event("H\(number)", "completed", "2019-05-08T10:00:00+08:00", process: nil))
      }
      try office.put("history.ndjson", lines)
      try await office.projected(through: 500)
      try await office.advance(to: "2026-09-14T08:00:01+08:00")
      try await office.logged(.alertSummary)
      #expect(office.lines(.alertSummary).map { $0["retrospective"] } == [.integer(500)])
      #expect(office.alerts() == [])
      let recorded = try await office.query(
        "SELECT count(*)::text, bool_and(retrospective)::text, bool_and(logged_at IS NULL)::text FROM dashboard.alert"
      )
      #expect(recorded == [["500", "true", "true"]])
    }
  }

  /// As many daemons as there are: one leads, another takes over, and no alert is raised twice.
  @Test func aSecondDaemonStandsByAndTakesOver() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let first = try await DaemonTestBase.daemon(conninfo, spool, at: DaemonTestBase.start, holder: "first")
      try await first.settled(at: first.clock.now())
      #expect(first.lines(.leaderElected).count == 1)
      let other = spool + "/other"
      try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
      let second = try await DaemonTestBase.daemon(conninfo, other, at: DaemonTestBase.start, holder: "second")
      let standing = second.daemon.state
      try await TestDeadline.within(TestDeadline.patience, "the second to stand by") {
        _ = await standing.wait { $0.role == .standby }
      }
      // Both take in.
      try first.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00")])
      try second.put("2.ndjson", [DaemonTestBase.event("C2", "accepted", "2026-09-14T07:59:00+08:00")])
      try await first.projected(through: 2)
      try await first.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(first.alerts().count == 8)
      await first.stop()
      try await TestDeadline.within(TestDeadline.patience, "the second to lead") {
        _ = await standing.wait { $0.role == .leading }
      }
      try await second.advance(to: "2026-09-21T17:30:00+08:00")
      #expect(Set(second.alerts()) == ["C1/opening/1/escalated/1", "C2/opening/1/escalated/1"])
      await second.stop()
    }
  }

  /// The database ends every session: the daemon says so once, comes back, and nothing is lost or told twice.
  @Test func sessionsEndedUnderTheDaemonComeBack() async throws {
    try await DaemonTestBase.withDaemon { office in
      try office.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00")])
      try await office.projected(through: 1)
      for round in 1...3 {
        _ = try await office.query(
          """
          SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
          WHERE datname = current_database() AND application_name LIKE 'bizclock%' AND pid <> pg_backend_pid()
          """)
        try office.put(
          "\(round + 1).ndjson",
          [DaemonTestBase.event("R\(round)", "accepted", "2026-09-14T07:59:00+08:00", id: "r\(round)")])
        try await office.projected(through: Int64(round) + 1)
      }
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(office.alerts().count == 16)
      #expect(Set(office.alerts()).count == 16)
      #expect(office.lines(.leaderElected).count >= 2)
      let events = try await office.query("SELECT count(*)::text, max(position)::text FROM bizclock.event")
      #expect(events == [["4", "4"]])
    }
  }

  /// Rules that come into force under a running daemon: the leader judges by them from then on.
  @Test func aPolicyAppliedUnderTheDaemonIsTakenUp() async throws {
    try await DaemonTestBase.withDaemon { office in
      try office.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00")])
      try await office.projected(through: 1)
      try await PolicyChange.apply(
        to: office.conninfo, at: "2026-09-14T09:00:00+08:00",
        replacing: "from: 2019-01-01, limit: 2 working_days", with: "from: 2019-01-01, limit: 4 working_days")
      // Though nothing comes in and no level is due.
      try await office.logged(.leaderDeposed)
      try office.put("2.ndjson", [DaemonTestBase.event("C2", "accepted", "2026-09-14T08:00:00+08:00")])
      try await office.projected(through: 2)
      try await office.advance(to: "2026-09-17T17:30:00+08:00")
      #expect(!office.alerts().contains { $0.contains("/opening/1/red/") })
      try await office.advance(to: "2026-09-18T17:30:00+08:00")
      #expect(office.alerts().contains("C1/opening/1/red/1"))
      #expect(office.alerts().contains("C2/opening/1/red/1"))
    }
  }
}
