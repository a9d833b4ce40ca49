import ServiceTime
import Testing

@testable import Ledger

/// Guarantee 7: what arrives late moves verdicts and cells, and what was believed before stays.
@Suite struct LateTruthTests {
  private static let accepted = Event.told("K1", "accepted", "2026-06-01 09:00") { $0.region = "469005100" }
  private static let completed = Event.told("K1", "completed", "2026-06-05 10:00")

  private func history(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', verdict, to_char(known_from, 'MM-DD HH24:MI'), to_char(known_until, 'MM-DD HH24:MI'),
        nullif(region, ''), reason)
      FROM bizclock.verdict_history WHERE commitment = 'opening' ORDER BY case_id, known_from
      """)
  }

  private func clocks(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', round, state, verdict, to_char(due_at, 'MM-DD HH24:MI'),
        to_char(verdict_recorded_at, 'MM-DD HH24:MI'))
      FROM bizclock.clock WHERE commitment = 'opening' ORDER BY case_id, round
      """)
  }

  @Test func lateDataChangesAVerdict() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let events = [LateTruthTests.accepted, LateTruthTests.completed]
      try await ledger.tell(leader, events, at: local("2026-06-05 11:00"))
      try await expectRows(clocks(ledger), ["1 stopped late 06-03 17:30 06-05 11:00"])
      #expect(try await history(ledger).isEmpty)
      // The same again, and what says nothing new, change nothing.
      try await ledger.tell(leader, events, at: local("2026-06-05 12:00"))
      try await ledger.tell(leader, [.told("K1", "inspected", "2026-06-01 10:00")], at: local("2026-06-05 13:00"))
      try await expectRows(clocks(ledger), ["1 stopped late 06-03 17:30 06-05 11:00"])
      #expect(try await history(ledger).isEmpty)

      try await ledger.tell(
        leader,
        [
          .told("K1", "correction_requested", "2026-06-02 10:00"),
          .told("K1", "correction_received", "2026-06-03 10:00"),
        ], at: local("2026-06-06 09:00"))
      try await expectRows(clocks(ledger), ["1 stopped on_time 06-05 17:30 06-06 09:00"])
      try await expectRows(history(ledger), ["late 06-05 11:00 06-06 09:00 469005100 late_data"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  @Test func voidsBeforeAndAfterTheirTarget() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let completed = LateTruthTests.completed
      let void = Event.void(completed, "2026-06-05 10:30")
      // The void is there first: what it names never happened.
      try await ledger.tell(leader, [LateTruthTests.accepted, void], at: local("2026-06-05 11:00"))
      try await ledger.tell(leader, [completed], at: local("2026-06-05 12:00"))
      try await expectRows(clocks(ledger), ["1 running 06-03 17:30"])
      try await expectRows(ledger.column("SELECT events::text FROM bizclock.case_file"), ["1"])
      // The void is voided: it did happen.
      let second = Event.void(void, "2026-06-05 10:40")
      try await ledger.tell(leader, [second], at: local("2026-06-05 13:00"))
      try await expectRows(clocks(ledger), ["1 stopped late 06-03 17:30 06-05 13:00"])
      #expect(try await history(ledger).isEmpty)
      // And that void is voided too.
      try await ledger.tell(leader, [.void(second, "2026-06-05 10:50")], at: local("2026-06-05 14:00"))
      try await expectRows(clocks(ledger), ["1 running 06-03 17:30"])
      try await expectRows(history(ledger), ["late 06-05 13:00 06-05 14:00 469005100 voided"])
      #expect(try await ledger.cells().isEmpty)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  @Test func reopened() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(
        leader, [LateTruthTests.accepted, .told("K1", "completed", "2026-06-02 10:00")],
        at: local("2026-06-02 11:00"))
      try await ledger.tell(leader, [.told("K1", "reopened", "2026-06-03 09:00")], at: local("2026-06-03 09:01"))
      try await expectRows(clocks(ledger), ["1 running 06-05 17:30"])
      #expect(try await ledger.cells().filter { $0.contains("opening\", \"finished") }.isEmpty)
      try await ledger.tell(leader, [.told("K1", "completed", "2026-06-08 10:00")], at: local("2026-06-08 10:01"))
      try await expectRows(clocks(ledger), ["1 stopped late 06-05 17:30 06-08 10:01"])
      // A second reopening: one history row each, the times of knowing apart.
      try await ledger.tell(leader, [.told("K1", "reopened", "2026-06-09 09:00")], at: local("2026-06-09 09:01"))
      try await expectRows(
        history(ledger),
        [
          "on_time 06-02 11:00 06-03 09:01 469005100 reopened", "late 06-08 10:01 06-09 09:01 469005100 reopened",
        ])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// A clock that never was goes, with its cells; what was believed of it stays.
  @Test func vanished() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(
        leader, [LateTruthTests.accepted, LateTruthTests.completed], at: local("2026-06-05 11:00"))
      #expect(try await ledger.cells().count == 4)
      let void = Event.void(LateTruthTests.accepted, "2026-06-05 12:00")
      try await ledger.tell(leader, [void], at: local("2026-06-05 12:30"))
      #expect(try await clocks(ledger).isEmpty)
      #expect(try await ledger.cells().isEmpty)
      try await expectRows(history(ledger), ["late 06-05 11:00 06-05 12:30 469005100 voided"])
      // It did start after all.
      try await ledger.tell(leader, [.void(void, "2026-06-05 13:00")], at: local("2026-06-05 13:30"))
      try await expectRows(clocks(ledger), ["1 stopped late 06-03 17:30 06-05 13:30"])
      #expect(try await history(ledger).count == 1)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// A new round after a cancel, and after a rejection; the rounds before stay.
  @Test func rounds() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(
        leader,
        [
          LateTruthTests.accepted, .told("K1", "withdrawn", "2026-06-01 15:00"),
          .told("K1", "accepted", "2026-06-02 09:00"), .told("K1", "rejected", "2026-06-03 15:00"),
          .told("K1", "accepted", "2026-06-08 09:00"),
        ], at: local("2026-06-08 10:00"))
      try await expectRows(
        clocks(ledger),
        [
          "1 cancelled", "2 stopped on_time 06-04 17:30 06-08 10:00", "3 running 06-10 17:30",
        ])
      // Without the withdrawal there are two, and the first is judged anew.
      try await ledger.tell(
        leader, [.void(.told("K1", "withdrawn", "2026-06-01 15:00"), "2026-06-08 11:00")],
        at: local("2026-06-08 11:30"))
      try await expectRows(clocks(ledger), ["1 stopped on_time 06-03 17:30 06-08 11:30", "2 running 06-10 17:30"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Attributes that come late move finished clocks from cell to cell: no cell is left empty or below zero.
  @Test func attributesMoveCells() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let others = (0..<3).flatMap { number -> [Event] in
        [
          .told("O\(number)", "accepted", "2026-06-01 09:00") { $0.region = "469005100" },
          .told("O\(number)", "completed", "2026-06-05 10:00"),
        ]
      }
      try await ledger.tell(leader, others + [LateTruthTests.accepted, LateTruthTests.completed])
      let regions = """
        SELECT concat_ws(' ', basis, region, channel, entity_type, report_tag, finished, counted_days)
        FROM bizclock.metric_cell JOIN bizclock.metric_series USING (series)
        WHERE commitment = 'opening' ORDER BY basis DESC, region
        """
      try await expectRows(ledger.column(regions), ["stop 469005100    4 16", "due 469005100    4 16"])
      for change: @Sendable (inout Event) -> Void in [
        { $0.region = "469005102" }, { $0.channel = "online" }, { $0.entityType = "enterprise" },
        { $0.tags = ["x", "assisted"] },
      ] {
        let field = try await ledger.column("SELECT count(*)::text FROM bizclock.event")
        // Late: before the case was completed, so that it is folded again.
        try await ledger.tell(leader, [.told("K1", "inspected", "2026-06-04 10:00", id: field[0], change)])
      }
      try await expectRows(
        ledger.column(regions),
        [
          "stop 469005100    3 12", "stop 469005102 online enterprise assisted 1 4",
          "due 469005100    3 12", "due 469005102 online enterprise assisted 1 4",
        ])
      try await expectRows(
        ledger.column(
          "SELECT count(*)::text FROM bizclock.metric_cell WHERE least(finished, on_time, late, premature) < 0"),
        ["0"])
      try await expectRows(
        ledger.column(
          """
          SELECT DISTINCT ((SELECT sum(b.count) FROM bizclock.sketch(days_sketch, NULL) b) = finished
            AND (SELECT sum(b.count) FROM bizclock.sketch(NULL, working_sketch) b) = finished)::text
          FROM bizclock.metric_cell JOIN bizclock.metric_series USING (series) WHERE basis = 'stop'
          """), ["true"])
      // What was reported under the other dimensions is known.
      #expect(try await history(ledger).count == 4)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Everything voided again, case by case: the cells come to exactly nothing.
  @Test func cellsSubtractExactly() async throws {
    let events = try OrderTests.simulated(cases: 60)
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader { $0.batch = 150 }
      try await ledger.tell(leader, events)
      #expect(try await ledger.cells().count > 20)
      let voids = events.filter { $0.type != .voided }.map { Event.void($0, "2026-10-01 09:00") }
      var generator = SeededGenerator(seed: 9)
      try await ledger.tell(leader, voids.shuffled(using: &generator))
      #expect(try await ledger.cells().isEmpty)
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.clock"), ["0"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }
}
