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
            + "WHERE case_id = 'K1'; DELETE FROM bizclock.metric_bucket;")
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
