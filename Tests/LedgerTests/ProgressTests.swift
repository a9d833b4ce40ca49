import ServiceTime
import Testing

@testable import Ledger

/// What the projections rested on from each moment on is kept, whatever moved them.
@Suite struct ProgressTests {
  private func known(_ ledger: TestLedger, at moment: String) async throws -> KnownThen {
    try await ledger.connection.run { try KnownThen.read(at: local(moment), &$0) }
  }

  @Test func eachMove() async throws {
    try await TestLedger.with { ledger async throws in
      let founded = try await known(ledger, at: "2026-05-01 00:00")
      #expect(founded.position == 0)
      #expect(founded.policy > 0 && founded.calendar > 0)
      let leader = try await ledger.leader { $0.batch = 2 }
      let events = (1...5).map { Event.told("K\($0)", "accepted", "2026-06-01 09:0\($0)") }
      // Taken in at ten, projected at eleven: at half past ten nobody knew of them.
      try await ledger.append(events, receivedAt: local("2026-06-01 10:00"))
      try await ledger.catchUp(leader, now: local("2026-06-01 11:00"))
      #expect(try await known(ledger, at: "2026-06-01 10:30").position == 0)
      let later = try await known(ledger, at: "2026-06-01 11:01")
      #expect(later.position == 5)
      // Three batches, and none of them at the time of another.
      try await expectRows(
        ledger.column("SELECT position::text FROM bizclock.progress WHERE position > 0 ORDER BY recorded_at"),
        ["2", "4", "5"])
      try await ledger.apply(.policy, ledger.rulebook, now: local("2026-06-02 09:00"))
      let applied = try await known(ledger, at: "2026-06-02 09:01")
      #expect(applied.position == 5)
      #expect(applied.policy > later.policy && applied.calendar == later.calendar)
      #expect(try await known(ledger, at: "2026-06-02 08:59").policy == later.policy)
      // What raises levels changes nothing of it.
      let count = try await ledger.column("SELECT count(*)::text FROM bizclock.progress")
      let second = try await ledger.leader()
      #expect(try await ledger.raise(second, at: local("2026-06-20 09:00")).raised ?? 0 > 0)
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.progress"), count)
      #expect(try await known(ledger, at: "2025-12-31 00:00").policy == 0)
      let rules = try await ledger.connection.run { try later.rules(&$0) }
      #expect(rules?.policyID == later.policy)
      #expect(rules?.policy.text != "changed")
    }
  }
}
