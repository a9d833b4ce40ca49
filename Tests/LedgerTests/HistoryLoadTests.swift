import ServiceTime
import Testing

@testable import Ledger

/// A load of the past that takes several batches: what one batch does not tell yet, the next may.
@Suite struct HistoryLoadTests {
  private static func story(_ id: String, completed: String?) -> [Event] {
    [.told(id, "accepted", "2026-06-01 09:00")] + (completed.map { [.told(id, "completed", $0)] } ?? [])
  }

  private func alerts(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', case_id, level, to_char(level_at, 'MM-DD HH24:MI'),
        coalesce(to_char(resolved_at, 'MM-DD'), 'open'), retrospective, withdrawn_at IS NOT NULL)
      FROM bizclock.alert WHERE commitment = 'opening' ORDER BY case_id, level_at
      """)
  }

  /// Nothing is raised and withdrawn again, whatever the batches and whether it is loaded as history or only comes late;
  /// in the end stands what one batch would have raised.
  @Test(arguments: [true, false])
  func nothingIsRaisedTooEarly(history: Bool) async throws {
    let events =
      HistoryLoadTests.story("K1", completed: "2026-06-02 10:00")
      + HistoryLoadTests.story("K2", completed: "2026-06-08 10:00") + HistoryLoadTests.story("K3", completed: nil)
    let ordered = events.sorted { $0.occurredAt < $1.occurredAt }
    func load(batch: Int) async throws -> (alerts: [String], lines: [String]) {
      try await TestLedger.with { ledger in
        let leader = try await ledger.leader { $0.batch = batch }
        try await ledger.append(ordered, history: history)
        try await ledger.connection.run { session in
          // As the daemon works: levels are looked at after each batch.
          while case .projected = try leader.projectNext(&session, now: TestLedger.now) {
            _ = try leader.raiseLevels(&session, now: TestLedger.now)
            let open = try session.execute("SELECT count(*) FROM bizclock.alert WHERE resolved_at IS NULL")
            let count = try open.int8(0, 0)
            #expect(!leader.isBehind || count == 0)
          }
        }
        try await ledger.catchUp(leader)
        #expect(try await ledger.column("SELECT case_id FROM bizclock.alert_history").isEmpty)
        #expect(try await ledger.verify().differenceCount == 0)
        return (try await alerts(ledger), try await ledger.dump())
      }
    }
    let whole = try await load(batch: 100)
    #expect(
      whole.alerts
        == [
          "K2 yellow 06-02 17:30 06-08 t f", "K2 red 06-03 17:30 06-08 t f",
          "K3 yellow 06-02 17:30 open t f", "K3 red 06-03 17:30 open t f", "K3 escalated 06-08 17:30 open t f",
        ])
    let single = try await load(batch: 1)
    #expect(single.alerts == whole.alerts)
    #expect(single.lines == whole.lines)
  }

  /// A level that pages is raised on its instant, however much of the history still waits.
  @Test func whatPagesDoesNotWait() async throws {
    try await TestLedger.with { ledger in
      let leader = try await ledger.leader { $0.batch = 1 }
      // Yellow is history, red is not.
      let (loaded, red) = (local("2026-06-03 09:00"), local("2026-06-03 17:30"))
      try await ledger.append(
        HistoryLoadTests.story("K1", completed: nil) + HistoryLoadTests.story("K2", completed: nil),
        receivedAt: loaded, history: true)
      _ = try await ledger.connection.run { try leader.projectNext(&$0, now: loaded) }
      #expect(leader.isBehind)
      #expect(try await ledger.raise(leader, at: loaded).raised == 0)
      #expect(try await ledger.raise(leader, at: red).raised ?? 0 > 0)
      #expect(
        try await alerts(ledger) == ["K1 yellow 06-02 17:30 open t f", "K1 red 06-03 17:30 open f f"])
      try await ledger.catchUp(leader, now: red)
      #expect(try await alerts(ledger).count == 4)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// The same of what was not loaded as history and comes late: what pages nobody waits, and what pages does not.
  @Test func whatCameLateAndPagesDoesNotWait() async throws {
    try await TestLedger.with { ledger in
      let leader = try await ledger.leader { $0.batch = 1 }
      // Of K1 yellow and red are more than a day old, of K2 yellow alone.
      let came = local("2026-06-05 09:00")
      try await ledger.append(
        HistoryLoadTests.story("K1", completed: nil) + [.told("K2", "accepted", "2026-06-02 09:00")]
          + HistoryLoadTests.story("K3", completed: nil), receivedAt: came)
      for _ in 0..<2 { _ = try await ledger.connection.run { try leader.projectNext(&$0, now: came) } }
      #expect(leader.isBehind)
      while try await ledger.raise(leader, at: came).more {}
      #expect(
        try await alerts(ledger) == ["K2 yellow 06-03 17:30 open t f", "K2 red 06-04 17:30 open f f"])
      try await ledger.catchUp(leader, now: came)
      #expect(try await alerts(ledger).count == 6)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Who is still appending says so: for a moment all is projected, and yet what comes next may tell otherwise.
  @Test func whoExpectsMoreIsBehind() async throws {
    try await TestLedger.with { ledger in
      let leader = try await ledger.leader()
      leader.expectsMore = true
      try await ledger.tell(leader, HistoryLoadTests.story("K1", completed: nil), history: true)
      #expect(try await alerts(ledger).isEmpty)
      leader.expectsMore = false
      try await ledger.tell(
        leader, [.told("K1", "completed", "2026-06-02 10:00"), .told("K2", "accepted", "2026-06-30 09:00")],
        history: true)
      #expect(try await ledger.column("SELECT level FROM bizclock.alert WHERE case_id = 'K1'").isEmpty)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }
}
