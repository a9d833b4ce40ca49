import ServiceTime
import Testing

@testable import Ledger

/// `rebuild` repairs whatever `verify` names, while events go on coming in.
@Suite struct RebuilderTests {
  @Test func everyTamperingIsRepaired() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, VerifierTests.events, at: local("2026-06-05 18:00"))
      let extra = VerifierTests.Tampering("DELETE FROM bizclock.case_file WHERE case_id = 'K1'", "K1", "case", "")
      // Tampered with once, the ledger itself stays as it is: that one comes last.
      for tampering in [extra] + VerifierTests.tamperings {
        let touched = try await ledger.connection.run { try $0.execute(tampering.statement).affectedRows }
        #expect(touched > 0, "\(tampering)")
        let report = try await ledger.verify()
        #expect(report.differenceCount > 0, "\(tampering)")
        _ = try await ledger.repair(report, at: local("2026-06-05 18:10"))
        let left = try await ledger.verify()
        #expect(left.differenceCount == 0, "\(tampering): \(left.differences)")
      }
    }
  }

  /// A leader that has the damaged rows in memory writes none of them back, and goes on under a new term.
  @Test func leaderDropsWhatItRemembers() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, VerifierTests.events, at: local("2026-06-05 18:00"))
      let clean = try await ledger.dump()
      try await ledger.connection.run { session in
        try session.script(
          "UPDATE bizclock.clock SET verdict = 'on_time', overrun_us = NULL, overrun_days = NULL, counted_days = 9 "
            + "WHERE case_id = 'K1'; UPDATE bizclock.metric_cell SET days_sketch = NULL;")
      }
      let report = try await ledger.verify()
      #expect(report.differing == ["K1"])
      let outcome = try await ledger.repair(report, at: local("2026-06-05 18:10"))
      #expect(outcome.refolded.cases == 1 && outcome.refolded.verdicts > 0 && outcome.strays == 0)
      #expect(outcome.cells > 0)
      #expect(try await ledger.dump() == clean)
      try await ledger.append([.told("K2", "completed", "2026-06-05 17:00")])
      let deposed = try await ledger.connection.run {
        try leader.projectNext(&$0, now: local("2026-06-05 18:20"))
      }
      #expect(deposed == .deposed)
      let next = try await ledger.leader()
      let step = try await ledger.connection.run { try next.projectNext(&$0, now: local("2026-06-05 18:20")) }
      #expect(step == .projected(events: 1, through: 8))
      let left = try await ledger.verify()
      #expect(left.differenceCount == 0, "\(left.differences)")
      // What was shown and wrong is kept: 按时 was believed of a late case.
      let shown = try await ledger.connection.run {
        try $0.execute(
          "SELECT verdict FROM bizclock.verdict_history WHERE case_id = 'K1' AND commitment = 'opening' "
            + "AND reason = 'repair'"
        ).text(0, 0)
      }
      #expect(shown == "on_time")
    }
  }

  /// A case that was lost from the ledger is taken away with a word; when it comes again its alerts are there already.
  @Test func whatWasTakenAwayMayComeAgain() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let now = local("2026-06-05 18:00")
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 09:10"))
      _ = try await ledger.raise(leader, at: now)
      for table in ["event", "log_outbox"] { try await ledger.execute("DELETE FROM bizclock.\(table)") }
      let outcome = try await ledger.repair(try await ledger.verify(), at: now)
      #expect(outcome.strays == 1)
      #expect(try await ledger.verify().differenceCount == 0)
      let told = "SELECT concat_ws(' ', event, commitment, level) FROM bizclock.log_outbox ORDER BY 1"
      try await expectRows(
        ledger.column(told),
        [
          "alert.withdrawn one_day red", "alert.withdrawn one_day yellow", "alert.withdrawn opening red",
          "alert.withdrawn opening yellow",
        ])
      let next = try await ledger.leader()
      try await ledger.tell(next, [.told("K1", "accepted", "2026-06-01 09:00")], at: now)
      let left = try await ledger.verify()
      #expect(left.differenceCount == 0, "\(left.differences)")
      try await expectRows(
        ledger.column("SELECT count(*)::text FROM bizclock.alert WHERE withdrawn_at IS NULL"), ["4"])
    }
  }

  /// A finished case that has lost its row: what was believed of it was right, and stays what was known then.
  @Test func aLostRowChangesNoBelief() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, VerifierTests.events, at: local("2026-06-05 18:00"))
      let asOf = """
        SELECT concat_ws(' ', commitment, region, late, on_time) FROM dashboard.on_time_as_of(
          '2026-06-05 18:05', '2026-06-01', '2026-06-30') ORDER BY 1
        """
      let known = try await ledger.column(asOf)
      try await ledger.execute("DELETE FROM bizclock.case_file WHERE case_id = 'K1'")
      try await ledger.repair(try await ledger.verify(), at: local("2026-06-05 18:10"))
      #expect(!known.isEmpty)
      #expect(try await ledger.column(asOf) == known)
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.verdict_history"), ["0"])
    }
  }

  /// An edge of a closure that passed while nobody led is crossed by all open clocks, not by those repaired alone.
  @Test func edgesThatNobodyCrossed() async throws {
    let storm = try ShippedRules.rulebook { _, calendar in
      calendar.closures = [
        Closure(from: local("2026-06-02 12:00"), to: local("2026-06-03 08:30"), name: "台风停工")
      ]
    }
    try await TestLedger.with { ledger async throws in
      try await ledger.apply(.calendar, storm, now: TestLedger.founded)
      let leader = try await ledger.leader(storm)
      let told: [Event] = [
        .told("K1", "accepted", "2026-06-01 09:00"), .told("K2", "accepted", "2026-06-01 10:00"),
      ]
      try await ledger.tell(leader, told, at: local("2026-06-01 11:00"))
      try await ledger.execute("UPDATE bizclock.case_file SET grid = 'x' WHERE case_id = 'K1'")
      let report = try await ledger.verify(storm)
      #expect(report.differing == ["K1"])
      try await ledger.repair(report, storm, at: local("2026-06-02 15:00"))
      let left = try await ledger.verify(storm)
      #expect(left.differenceCount == 0, "\(left.differences)")
    }
  }

  /// What a case adds to shares is read as far as it is whole, by the repair as by everything else.
  @Test func damagedSharesAreReadAsTheyAre() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let told: [Event] = (1...3).map { number in
        .told("K\(number)", "step_completed", "2026-06-0\(number) 10:00") {
          $0.step = "tax"
          $0.channel = "online"
        }
      }
      try await ledger.tell(leader, told, at: local("2026-06-05 18:00"))
      for damage in [
        "share_day = share_day || '2026-06-04'::date", "share_counted = NULL",
        "share_commitment = '{online_tax, x}'",
      ] {
        try await ledger.execute("UPDATE bizclock.case_file SET \(damage) WHERE case_id = 'K1'")
        try await ledger.execute("UPDATE bizclock.case_file SET grid = 'x' WHERE case_id = 'K2'")
        try await ledger.repair(try await ledger.verify(), at: local("2026-06-05 18:10"))
        let left = try await ledger.verify()
        #expect(left.differenceCount == 0, "\(damage): \(left.differences)")
        try await expectRows(
          ledger.column("SELECT concat_ws(' ', sum(population), sum(counted)) FROM bizclock.share_cell"), ["3 3"])
        try await expectRows(ledger.column("SELECT level FROM bizclock.alert WHERE case_id = ''"), [])
      }
    }
  }

  /// Rules that came into force after `verify` looked are not judged by the former ones.
  @Test func otherRulesMeanwhileStopIt() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, VerifierTests.events, at: local("2026-06-05 18:00"))
      let report = try await ledger.verify()
      try await ledger.connection.run {
        try $0.script("UPDATE bizclock.projector SET policy = policy + 1")
      }
      await #expect(throws: (any Error).self) { try await ledger.repair(report, at: local("2026-06-05 18:10")) }
    }
  }
}
