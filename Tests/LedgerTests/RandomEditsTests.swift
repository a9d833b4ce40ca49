import Foundation
import ServiceTime
import Testing

@testable import Ledger

/// Guarantees 7 and 9: whatever comes late, is corrected or taken back, and however calendars and promises change, the
/// projections are those that the ledger makes from nothing, and what a change moves is what was shown.
@Suite struct RandomEditsTests {
  /// The variable `BIZCLOCK_EDITS` says how many edits are made, `BIZCLOCK_SEED` which.
  private static func number(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }

  @Test func projectionsStayWhatTheLedgerMakes() async throws {
    let count = RandomEditsTests.number("BIZCLOCK_EDITS") ?? 60
    let seed = RandomEditsTests.number("BIZCLOCK_SEED") ?? Int.random(in: 1...1_000_000)
    let events = try OrderTests.simulated(cases: 40)
    try await TestLedger.with { ledger async throws in
      var random = SeededGenerator(seed: UInt64(seed))
      var rules = try EditedRules()
      var pool = EditedEvents(events)
      var now = local("2026-05-30 00:00")
      var leader = try await ledger.leader(now: now)
      try await ledger.tell(leader, events, at: now)
      try await ledger.apply(.calendar, rules.rulebook, over: ledger.rulebook, now: now)
      leader = try await ledger.leader(rules.rulebook, now: now)
      var moved = 0
      var history = 0
      for number in 1...count {
        now = now + Int64.random(in: 1...20, using: &random) * 3_600_000_000
        let words: String
        if random.next() % 3 == 0 {
          let edit = pool.edit(&random)
          words = edit.map { "\($0.type) of \($0.caseID) at \($0.occurredAt)" }.joined(separator: ", ")
          try await ledger.tell(leader, edit, at: now)
        } else {
          let former = rules.rulebook
          let date = CivilDate(year: 2026, month: 3, day: 1) + Int.random(in: 0..<120, using: &random)
          let edit = try rules.edit(around: date, &random)
          words = edit.words
          // The leader has raised what has come by now: what follows is the change's alone.
          try await ledger.catchUp(leader, now: now)
          let shown = try await ledger.preview(
            edit.isPolicy ? .policy : .calendar, rules.rulebook, over: former, now: now)
          let moves = try await ledger.apply(
            edit.isPolicy ? .policy : .calendar, rules.rulebook, over: former, now: now)
          #expect(shown == moves, "seed \(seed), edit \(number): \(words)")
          moved += moves.clocks
          let rows = Int(try await ledger.column("SELECT count(*)::text FROM bizclock.verdict_history")[0]) ?? 0
          // An event may have restated some before.
          #expect(rows >= history + moves.verdicts, "seed \(seed), edit \(number): \(words)")
          history = rows
          leader = try await ledger.leader(rules.rulebook, now: now)
          try await ledger.catchUp(leader, now: now)
        }
        let report = try await ledger.verify(rules.rulebook)
        #expect(
          report.differenceCount == 0,
          "seed \(seed), edit \(number): \(words): \(report.differences.prefix(3))")
        if report.differenceCount > 0 { return }
      }
      #expect(moved > 0 && history > 0)
      print("RandomEditsTests: seed \(seed), \(count) edits moved \(moved) clocks, \(history) rows of history")
    }
  }
}
