import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// Guarantee 9 where the cases fill many pages, which several connections read and judge.
@Suite struct RestatePagesTests {
  private static let later = local("2026-06-10 09:00")

  /// Cases of which every `finished`-th is finished and long past, the others open.
  private func loaded(_ ledger: TestLedger, cases: Int, finished: Int) async throws {
    var events: [Event] = []
    for number in 0..<cases {
      let name = "K" + String(100_000 + number)
      if number % finished == 0 {
        events += [.told(name, "accepted", "2026-03-02 09:00"), .told(name, "completed", "2026-03-03 10:00")]
      } else {
        events.append(.told(name, "accepted", "2026-06-09 09:0\(number % 10)"))
      }
    }
    let leader = try await ledger.leader(now: RestatePagesTests.later)
    try await ledger.tell(leader, events, at: RestatePagesTests.later)
  }

  /// What one connection finds, two find; and that is what is applied, while two others read. Of few among many and of
  /// nearly all, where the cases are told apart by a cursor and where all are walked.
  @Test(arguments: [(9_000, 2, 4_500), (16_000, 8, 16_000)])
  func severalReadWhatOneDoes(_ cases: Int, _ finished: Int, _ judged: Int) async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger, cases: cases, finished: finished)
      try await ledger.execute("VACUUM ANALYZE")
      let relaxed = try FiveDays.rulebook()
      let change = try await FiveDays.change(ledger, relaxed)
      let open = cases - (cases + finished - 1) / finished
      let one = try await ledger.connection.run { session in
        var listed: [String] = []
        let preview = try Rules.preview(change, now: RestatePagesTests.later, on: &session) {
          listed.append($0.caseID)
        }
        #expect(listed.count == open && listed == listed.sorted())
        return preview
      }
      #expect(one.moves.cases == judged && one.moves.clocks == open)
      let readers = [try await ledger.connect(), try await ledger.connect()]
      let several = try await Rules.preview(
        change, now: RestatePagesTests.later, on: ledger.connection, reading: readers)
      #expect(several.moves == one.moves && several.token == one.token)
      let applied = try await Rules.apply(
        change, Rules.Consent(by: "Li", reason: "decision", restate: false, token: one.token),
        now: { RestatePagesTests.later }, on: ledger.connection, reading: readers)
      #expect(applied.refusal == nil && applied.moves == one.moves)
      #expect(try await ledger.verify(relaxed).differenceCount == 0)
      for reader in readers { await reader.close() }
    }
  }

  /// Where one of those that read fails nothing is applied.
  @Test(arguments: [0, 1]) func allOrNothing(_ lost: Int) async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger, cases: 9_000, finished: 2)
      let state = try await ledger.state()
      let change = try await FiveDays.change(ledger, try FiveDays.rulebook())
      let readers = [try await ledger.connect(), try await ledger.connect()]
      await readers[lost].close()
      await #expect(throws: PostgresError.self) {
        try await Rules.apply(
          change, Rules.Consent(by: "Li", reason: "decision", restate: true), now: { RestatePagesTests.later },
          on: ledger.connection, reading: readers)
      }
      try await expectRows(ledger.state(), state)
      await readers[1 - lost].close()
    }
  }
}
