import ServiceTime
import Testing

@testable import Ledger

/// What was told while the database was away is recorded once, or recorded and withdrawn.
@Suite struct UnrecordedAlertsTests {
  private static let accepted = Event.told("K1", "accepted", "2026-06-01 09:00")
  private static let morning = local("2026-06-02 09:05")
  private static let due = local("2026-06-03 17:30")
  private static let red = WatchedLevel(
    id: AlertID(caseID: "K1", commitment: "opening", round: 1, level: "red", revision: 1), priority: .error,
    dueAt: due, levelAt: due, calendar: "cn")
  private static let told = ToldAlert(level: red, toldAt: due + 20_000)
  private static let settled = UnrecordedAlerts.Outcome(settled: [red.id], withdrawn: 0)
  private static let withdrawn = UnrecordedAlerts.Outcome(settled: [red.id], withdrawn: 1)

  private static func settle(_ ledger: TestLedger, at now: String, _ told: ToldAlert = told) async throws
    -> UnrecordedAlerts.Outcome
  {
    try await ledger.connection.run { try UnrecordedAlerts.settle([told], now: local(now), &$0) }
  }

  private static func row(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', level, to_char(level_at, 'MM-DD HH24:MI'), 'recorded ' || to_char(recorded_at, 'DD HH24:MI'),
        'logged ' || to_char(logged_at, 'DD HH24:MI:SS.MS'), 'withdrawn ' || to_char(withdrawn_at, 'DD HH24:MI'),
        change_reason)
      FROM bizclock.alert WHERE commitment = 'opening' AND level = 'red'
      """)
  }

  /// The leader raises it first, from the clock; then it is settled, and counts as logged since it was told.
  @Test func reached() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [UnrecordedAlertsTests.accepted], at: UnrecordedAlertsTests.morning)
      // Back, but not raised yet: nothing is withdrawn that the leader is still to raise.
      #expect(try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-03 17:35") == UnrecordedAlerts.Outcome())
      try await expectRows(UnrecordedAlertsTests.row(ledger), [])
      _ = try await ledger.raise(leader, at: local("2026-06-03 17:36"))
      // Its line, which says when it was told, is not written yet.
      #expect(try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-03 17:37") == UnrecordedAlerts.Outcome())
      try await ledger.connection.run { session in
        try Outbox.written(
          try Outbox.pending(&session, limit: 100, summaries: false), at: local("2026-06-03 17:38"), &session)
      }
      try await expectRows(
        UnrecordedAlertsTests.row(ledger), ["red 06-03 17:30 recorded 03 17:36 logged 03 17:38:00.000"])
      for _ in 1...2 {
        #expect(
          try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-03 17:39") == UnrecordedAlertsTests.settled)
        try await expectRows(
          UnrecordedAlertsTests.row(ledger), ["red 06-03 17:30 recorded 03 17:36 logged 03 17:30:00.020"])
      }
      // The leader was not deposed.
      let leads = try await ledger.connection.run { try leader.isCurrent(&$0) }
      #expect(leads)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Events that lay in the spool meanwhile tell that it was over in time: recorded and withdrawn, and told so.
  @Test func neverReached() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [UnrecordedAlertsTests.accepted], at: UnrecordedAlertsTests.morning)
      let completed = Event.told("K1", "completed", "2026-06-03 16:00")
      try await ledger.tell(leader, [completed], at: local("2026-06-03 17:35"))
      try await ledger.clearLines()
      #expect(
        try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-03 17:36") == UnrecordedAlertsTests.withdrawn)
      let row = ["red 06-03 17:30 recorded 03 17:36 logged 03 17:30:00.020 withdrawn 03 17:36 never_reached"]
      try await expectRows(UnrecordedAlertsTests.row(ledger), row)
      try await expectRows(ledger.lines(), ["withdrawn red 1"])
      let lines = try await ledger.connection.run { try Outbox.pending(&$0, limit: 10, summaries: false) }
      #expect(lines.first?.texts["reason"] == "never_reached")
      #expect(lines.first?.texts["calendar"] == "cn")
      #expect(lines.first?.numbers["level_at"] == UnrecordedAlertsTests.due.microseconds)
      // Asked again after a crash: it is there already.
      #expect(
        try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-03 17:37") == UnrecordedAlertsTests.settled)
      try await expectRows(UnrecordedAlertsTests.row(ledger), row)
      try await expectRows(ledger.lines(), ["withdrawn red 1"])
      let report = try await ledger.verify()
      #expect(report.differenceCount == 0)
      #expect(try await ledger.repair(report, at: local("2026-06-03 17:38")).refolded.alerts == 0)

      // The completion is voided after all: the same alert stands again, and pages.
      let next = try await ledger.leader()
      try await ledger.clearLines()
      try await ledger.tell(next, [.void(completed, "2026-06-04 09:00")], at: local("2026-06-04 09:01"))
      try await expectRows(ledger.lines(), ["raised red 1"])
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', count(*), count(withdrawn_at), min(change_reason)) FROM bizclock.alert
          WHERE level = 'red' AND commitment = 'opening'
          """), ["1 0 voided"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// The daemon was killed between the note and the line: what is recorded keeps the time of its own line, and what was
  /// not reached is recorded and withdrawn, for somebody may have read of it.
  @Test func toldPerhaps() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [UnrecordedAlertsTests.accepted], at: UnrecordedAlertsTests.morning)
      var perhaps = UnrecordedAlertsTests.told
      perhaps.isCertain = false
      _ = try await ledger.raise(leader, at: local("2026-06-03 17:36"))
      try await ledger.connection.run { session in
        try Outbox.written(
          try Outbox.pending(&session, limit: 100, summaries: false), at: local("2026-06-03 17:38"), &session)
      }
      #expect(
        try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-03 17:39", perhaps)
          == UnrecordedAlertsTests.settled)
      try await expectRows(
        UnrecordedAlertsTests.row(ledger), ["red 06-03 17:30 recorded 03 17:36 logged 03 17:38:00.000"])
    }
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [UnrecordedAlertsTests.accepted], at: UnrecordedAlertsTests.morning)
      try await ledger.tell(
        leader, [.told("K1", "completed", "2026-06-03 16:00")], at: local("2026-06-03 17:35"))
      var perhaps = UnrecordedAlertsTests.told
      perhaps.isCertain = false
      #expect(
        try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-03 17:36", perhaps)
          == UnrecordedAlertsTests.withdrawn)
      try await expectRows(
        UnrecordedAlertsTests.row(ledger),
        ["red 06-03 17:30 recorded 03 17:36 withdrawn 03 17:36 never_reached"])
      #expect(try await ledger.verify().differenceCount == 0)
      // Lines that wait for alerts recorded at that very moment are not its.
      try await ledger.clearLines()
      let pending = try await ledger.connection.run { session in
        try Outbox.announce(recordedAt: local("2026-06-03 17:36"), &session)
        return try Outbox.pending(&session, limit: 10, summaries: false)
      }
      #expect(pending.isEmpty)
    }
  }

  /// Its clock was paused meanwhile, and reaches the level later: withdrawn, then raised on that instant, in one row.
  @Test func reachedLater() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [UnrecordedAlertsTests.accepted], at: UnrecordedAlertsTests.morning)
      try await ledger.tell(
        leader,
        [
          .told("K1", "correction_requested", "2026-06-02 10:00"),
          .told("K1", "correction_received", "2026-06-03 10:00"),
        ], at: local("2026-06-03 17:35"))
      #expect(
        try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-03 17:36") == UnrecordedAlertsTests.withdrawn)
      try await ledger.clearLines()
      _ = try await ledger.raise(leader, at: local("2026-06-05 17:30"))
      try await expectRows(
        UnrecordedAlertsTests.row(ledger),
        ["red 06-05 17:30 recorded 03 17:36 logged 03 17:30:00.020 never_reached"])
      #expect(try await ledger.lines().contains("raised red 1"))
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Raised and withdrawn long before, foreseen and told again, and not reached again: the newer telling is taken back
  /// too.
  @Test func withdrawnBefore() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [UnrecordedAlertsTests.accepted], at: UnrecordedAlertsTests.morning)
      _ = try await ledger.raise(leader, at: local("2026-06-03 17:30"))
      let requested = Event.told("K1", "correction_requested", "2026-06-02 10:00")
      try await ledger.tell(
        leader, [requested, .told("K1", "correction_received", "2026-06-03 10:00")], at: local("2026-06-03 18:00"))
      try await expectRows(
        ledger.column(
          "SELECT (withdrawn_at IS NOT NULL)::text FROM bizclock.alert WHERE level = 'red' AND commitment = 'opening'"
        ), ["true"])
      try await ledger.clearLines()
      // Told for 06-05 while the database was away; it had been completed in time.
      var level = UnrecordedAlertsTests.red
      level.levelAt = local("2026-06-05 17:30")
      level.dueAt = level.levelAt
      let told = ToldAlert(level: level, toldAt: level.levelAt)
      #expect(
        try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-05 17:40", told) == UnrecordedAlerts.Outcome())
      try await ledger.tell(
        leader, [.told("K1", "completed", "2026-06-05 10:00")], at: local("2026-06-05 17:41"))
      #expect(
        try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-05 17:42", told)
          == UnrecordedAlertsTests.withdrawn)
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', to_char(level_at, 'DD'), to_char(withdrawn_at, 'DD HH24:MI'), change_reason)
          FROM bizclock.alert WHERE level = 'red' AND commitment = 'opening'
          """), ["05 05 17:42 never_reached"])
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', to_char(known_until, 'DD HH24:MI'), withdrawn_at IS NOT NULL)
          FROM bizclock.alert_history WHERE level = 'red' AND commitment = 'opening' ORDER BY known_until
          """), ["03 18:00 f", "05 17:42 t"])
      #expect(try await ledger.lines().contains("withdrawn red 1"))
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Of a case that the ledger does not know, as after a restore of an older backup.
  @Test func ofAnUnknownCase() async throws {
    try await TestLedger.with { ledger async throws in
      #expect(
        try await UnrecordedAlertsTests.settle(ledger, at: "2026-06-03 17:36") == UnrecordedAlertsTests.withdrawn)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }
}
