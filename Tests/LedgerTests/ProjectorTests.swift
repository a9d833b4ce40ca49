import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// One leader writes; whoever was deposed writes nothing; what is kept in memory is what the ledger says.
@Suite struct ProjectorTests {
  private static let morning = local("2026-06-01 09:30")

  /// Another leader was elected: the epoch has moved, the position has not.
  @Test func deposedByElection() async throws {
    try await TestLedger.with { ledger async throws in
      let first = try await ledger.leader(now: ProjectorTests.morning)
      try await ledger.tell(first, [.told("K1", "accepted", "2026-06-01 09:00")], at: ProjectorTests.morning)
      let other = try await ledger.connect()
      await #expect(throws: TestLedger.NotFree.self) { _ = try await ledger.leader(on: other) }
      try await ledger.connection.run { try Leadership.release(&$0) }
      let second = try await ledger.leader(now: ProjectorTests.morning, on: other)
      #expect(second.term.epoch == first.term.epoch + 1)
      #expect(second.term.position == first.term.position)

      try await ledger.append([
        .told("K1", "completed", "2026-06-05 10:00"), .told("K2", "accepted", "2026-06-01 10:00"),
      ])
      let before = try await ledger.state()
      let later = local("2026-06-05 12:00")
      #expect(try await ledger.connection.run { try first.projectNext(&$0, now: later) } == .deposed)
      #expect(try await ledger.raise(first, at: later).raised == nil)
      #expect(try await ledger.state() == before)

      let step = try await other.run { try second.projectNext(&$0, now: later) }
      #expect(step == .projected(events: 2, through: 3))
      let after = try await ledger.state()
      #expect(after != before)
      #expect(try await ledger.connection.run { try first.projectNext(&$0, now: later) } == .deposed)
      #expect(try await ledger.raise(first, at: local("2026-06-30 12:00")).raised == nil)
      #expect(try await ledger.state() == after)
      await other.close()
    }
  }

  /// The row has moved on under the same epoch, as after a commit whose answer was lost.
  @Test func deposedByPosition() async throws {
    try await TestLedger.with { ledger async throws in
      let first = try await ledger.leader()
      let twin = Projector(term: first.term, rulebook: ledger.rulebook)
      try await ledger.append([.told("K1", "accepted", "2026-06-01 09:00")])
      try await ledger.catchUp(first)
      let before = try await ledger.state()
      #expect(try await ledger.connection.run { try twin.projectNext(&$0, now: TestLedger.now) } == .deposed)
      #expect(try await ledger.state() == before)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Strictly, also when the wall clock stands still or is set back: `as_of` means one snapshot.
  @Test func recordedAtIncreases() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      var last = ""
      for (number, now) in ["2026-12-01 09:00", "2026-12-01 09:00", "2026-11-30 09:00", "2026-12-01 08:59"]
        .enumerated()
      {
        try await ledger.append([.told("K\(number)", "submitted", "2026-06-01 09:00")])
        try await ledger.catchUp(leader, now: local(now))
        let recorded = try await ledger.column("SELECT recorded_at::text FROM bizclock.projector")
        #expect(recorded[0] > last)
        last = recorded[0]
      }
      #expect(last == "2026-12-01 09:00:00.000003+08")
    }
  }

  /// A level that was raised on its instant stands, though the wall clock was set back behind it since.
  @Test func setBackBehindALevel() async throws {
    try await TestLedger.with { ledger async throws in
      let accepted = Event.told("K1", "accepted", "2026-06-01 09:00")
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [accepted], at: ProjectorTests.morning)
      #expect(try await ledger.raise(leader, at: local("2026-06-02 17:31")).raised == 3)
      try await ledger.tell(
        leader, [.told("K1", "step_started", "2026-06-01 10:00")], at: local("2026-06-02 17:00"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30"])
      // Even if its clock ends meanwhile.
      try await ledger.tell(leader, [.told("K1", "completed", "2026-06-02 17:40")], at: local("2026-06-02 17:20"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30 resolved"])
      #expect(try await ledger.raise(leader, at: local("2026-06-02 17:50")).raised == 0)
      try await expectRows(ledger.lines(), ["raised yellow 1", "resolved yellow 1"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  @Test func processNotKnownAtFirst() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(
        leader,
        [
          .told("K1", "accepted", "2026-06-01 09:00") { $0.process = nil },
          .told("K1", "completed", "2026-06-02 10:00") { $0.process = nil },
        ])
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.clock"), ["0"])
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', events, coalesce(process, '-')) FROM bizclock.case_file"),
        ["2 -"])
      try await ledger.tell(leader, [.told("K1", "archived", "2026-06-03 10:00")])
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', commitment, verdict) FROM bizclock.clock ORDER BY commitment"),
        ["one_day on_time", "opening on_time"])
      // It is another process after all.
      try await ledger.tell(
        leader, [.told("K1", "archived", "2026-06-04 10:00") { $0.process = "deregistration" }])
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.clock"), ["0"])
      #expect(try await ledger.cells().isEmpty)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// A transaction that fails half-way leaves nothing behind, in the database or in memory.
  @Test func failureDropsMemory() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: ProjectorTests.morning)
      try await ledger.append([.told("K1", "completed", "2026-06-05 10:00")])
      let before = try await ledger.state()
      try await ledger.execute("ALTER TABLE bizclock.metric_cell ADD CONSTRAINT never CHECK (finished < 0)")
      await #expect(throws: PostgresError.self) { try await ledger.catchUp(leader) }
      #expect(try await ledger.state() == before)
      try await ledger.execute("ALTER TABLE bizclock.metric_cell DROP CONSTRAINT never")
      try await ledger.catchUp(leader)
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', commitment, verdict) FROM bizclock.clock ORDER BY commitment"),
        ["one_day late", "opening late"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// 樂 has two code points that Swift takes for equal; the database does not, and the latest stays.
  @Test func textsAreBytes() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      for (number, text) in ["\u{F914}", "\u{6A02}", "\u{F914}"].enumerated() {
        // The one before is voided in the same breath: nothing but the spelling differs.
        let submitted = Event.told("K1", "submitted", "2026-06-01 09:00", id: "\(number)") { $0.entityName = text }
        let former = Event.told("K1", "submitted", "2026-06-01 09:00", id: "\(number - 1)")
        try await ledger.tell(leader, [submitted, .void(former, "2026-06-01 09:0\(number)")])
        let name = try await ledger.column("SELECT entity_name FROM bizclock.case_file WHERE case_id = 'K1'")
        #expect(name.map { Array($0.utf8) } == [Array(text.utf8)])
        // Two cells, not one.
        for type: EventType in ["accepted", "completed"] {
          try await ledger.tell(
            leader, [.told("C\(number)", type, "2026-06-01 10:0\(number)") { $0.channel = text }])
        }
      }
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', to_hex(ascii(channel)), finished)
          FROM bizclock.metric_cell JOIN bizclock.metric_series USING (series)
          WHERE basis = 'stop' AND commitment = 'opening' ORDER BY 1
          """), ["6a02 1", "f914 2"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Batches of any size end at the same place, and idle leaves the row alone.
  @Test func stepsToTheEnd() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.append((1...7).map { .told("K\($0 % 2)", "submitted", "2026-06-01 09:0\($0)") })
      let leader = try await ledger.leader { $0.batch = 3 }
      try await ledger.connection.run { session throws in
        #expect(try leader.projectNext(&session, now: TestLedger.now) == .projected(events: 3, through: 3))
        #expect(try leader.projectNext(&session, now: TestLedger.now) == .projected(events: 3, through: 6))
        #expect(try leader.projectNext(&session, now: TestLedger.now) == .projected(events: 1, through: 7))
        #expect(try leader.projectNext(&session, now: TestLedger.now) == .idle)
      }
      #expect(leader.term.position == 7)
      try await expectRows(ledger.column("SELECT position::text FROM bizclock.projector"), ["7"])
    }
  }
}

extension TestLedger {
  /// All that a leader writes.
  func state() async throws -> [String] {
    try await dump()
      + column("SELECT to_jsonb(p)::text FROM bizclock.projector p")
      + column("SELECT to_jsonb(o)::text FROM bizclock.log_outbox o ORDER BY id")
      + column("SELECT to_jsonb(h)::text FROM bizclock.verdict_history h ORDER BY case_id, commitment, known_from")
  }
}
