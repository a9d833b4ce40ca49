import LibPQ
import ServiceTime
import Synchronization
import TestSupport
import Testing

@testable import Ledger

/// Guarantee 9: a change is judged as of a moment at which no leader writes, so that nothing that was raised meanwhile is
/// taken back, to be raised again.
@Suite struct ApplyMomentTests {
  /// A minute sooner than the due time.
  private func sooner() throws -> Rulebook {
    try ShippedRules.rulebook { policy, _ in
      let red = policy.commitments[0].levels.firstIndex { $0.name == "red" } ?? 0
      policy.commitments[0].levels[red].position = .plain(-60_000_000)
    }
  }

  private func raised(_ ledger: TestLedger) async throws {
    let leader = try await ledger.leader()
    try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 09:05"))
    try await ledger.catchUp(leader, now: local("2026-06-03 17:30:02"))
    try await ledger.clearLines()
  }

  /// The leader's clock is ahead of that of whoever applies.
  @Test func whatWasRaisedIsAmended() async throws {
    try await TestLedger.with { ledger async throws in
      try await raised(ledger)
      let sooner = try sooner()
      let now = local("2026-06-03 17:28:30")
      let shown = try await ledger.preview(.policy, sooner, over: ledger.rulebook, now: now)
      let moves = try await ledger.apply(.policy, sooner, over: ledger.rulebook, now: now)
      #expect(shown == moves)
      #expect(moves.commitments["opening"]?.alerts == alerts(amended: 1))
      let leader = try await ledger.leader(sooner, now: now)
      try await ledger.catchUp(leader, now: local("2026-06-03 17:30:03"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30", "red 1 06-03 17:29 amended policy"])
      try await expectRows(ledger.lines(), ["amended red 1"])
      #expect(try await ledger.verify(sooner).differenceCount == 0)
    }
  }

  private func alerts(amended: Int) -> Moves.Alerts {
    var alerts = Moves.Alerts()
    alerts.amended = amended
    return alerts
  }

  /// Repairing is judged in the same way.
  @Test func whatWasRaisedIsNotRepairedAway() async throws {
    try await TestLedger.with { ledger async throws in
      try await raised(ledger)
      try await ledger.execute("UPDATE bizclock.alert SET level_at = level_at + interval '1 minute'")
      let report = try await ledger.verify()
      #expect(report.differenceCount > 0)
      try await ledger.repair(report, at: local("2026-06-01 09:06"))
      #expect(try await ledger.verify().differenceCount == 0)
      try await expectRows(
        ledger.alerts(), ["yellow 1 06-02 17:30 amended repair", "red 1 06-03 17:30 amended repair"])
    }
  }

  /// While a leader writes, whoever applies waits; the time is the one after that.
  @Test func theTimeIsAskedOnceTheRowIsHeld() async throws {
    try await TestLedger.with { ledger async throws in
      try await raised(ledger)
      let (early, later) = (local("2026-06-04 09:00"), local("2026-06-04 09:07"))
      let time = Mutex(early)
      let (writing, other) = (try await ledger.connect(), try await ledger.connect())
      let sooner = try sooner()
      try await ledger.execute("BEGIN")
      try await ledger.execute("UPDATE bizclock.projector SET recorded_at = recorded_at")
      async let applied = Rules.apply(
        Rules.Change(
          [(.policy, RuleDocument(text: "sooner", files: [:]))], rulebook: sooner, over: nil,
          former: ledger.rulebook, retrospectiveAfter: 86_400_000_000),
        Rules.Consent(by: "Li", reason: "decision", restate: true), now: { time.withLock { $0 } }, on: writing,
        reading: [other])
      let looking = try await ledger.connect()
      try await TestDeadline.within(.seconds(60), "a session that waits for the row") {
        let waiting =
          "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
          + " AND datname = current_database()"
        while try await looking.run({ try $0.execute(waiting).int8(0, 0) }) == 0 { try Task.checkCancellation() }
      }
      time.withLock { $0 = later }
      try await ledger.execute("COMMIT")
      #expect(try await applied.refusal == nil)
      try await expectRows(
        ledger.column("SELECT to_char(applied_at, 'MM-DD HH24:MI') FROM bizclock.rules ORDER BY id DESC LIMIT 1"),
        ["06-04 09:07"])
      for connection in [writing, other, looking] { await connection.close() }
    }
  }
}
