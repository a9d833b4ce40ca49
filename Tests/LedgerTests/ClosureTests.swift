import ServiceTime
import Testing

@testable import Ledger

/// Local closures pause and resume open clocks without an event; a calendar that is extended settles what was
/// provisional.
@Suite struct ClosureTests {
  private static let accepted = Event.told("K1", "accepted", "2026-06-01 09:00")
  private static let morning = local("2026-06-01 09:05")

  private func closed(from: String, to: String?) throws -> Rulebook {
    try ShippedRules.rulebook { _, calendar in
      calendar.closures = [Closure(from: local(from), to: to.map { local($0) }, name: "台风停工")]
    }
  }

  private func clocks(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', case_id, state, to_char(due_at, 'MM-DD HH24:MI'), to_char(next_level_at, 'MM-DD HH24:MI'),
        working_us / 3600000000.0::float8)
      FROM bizclock.clock WHERE commitment = 'opening' ORDER BY case_id
      """)
  }

  /// Open-ended first: due is unknown while it lasts; then its end is told.
  @Test func openEnded() async throws {
    try await TestLedger.with { ledger async throws in
      let first = try await ledger.leader()
      try await ledger.tell(first, [ClosureTests.accepted], at: ClosureTests.morning)
      _ = try await ledger.raise(first, at: local("2026-06-02 17:30"))
      try await expectRows(clocks(ledger), ["K1 running 06-03 17:30 06-03 17:30 0"])

      let storm = try closed(from: "2026-06-03 08:00", to: nil)
      try await ledger.apply(.calendar, storm, now: local("2026-06-03 09:00"))
      try await expectRows(clocks(ledger), ["K1 paused 12.5"])
      #expect(try await ledger.verify(storm).differenceCount == 0)
      // The leader that judges by the former calendar is deposed.
      #expect(try await ledger.raise(first, at: local("2026-06-03 17:30")).raised == 0)
      try await ledger.append([.told("K2", "accepted", "2026-06-02 09:00")], receivedAt: local("2026-06-03 09:00"))
      #expect(
        try await ledger.connection.run { try first.projectNext(&$0, now: local("2026-06-03 09:00")) } == .deposed)

      let passed = try closed(from: "2026-06-03 08:00", to: "2026-06-04 08:00")
      try await ledger.apply(.calendar, passed, now: local("2026-06-04 09:00"))
      let second = try await ledger.leader(passed, now: local("2026-06-04 09:00"))
      try await ledger.catchUp(second, now: local("2026-06-04 09:00"))
      try await expectRows(
        clocks(ledger), ["K1 running 06-04 17:30 06-04 17:30 12.5", "K2 running 06-05 17:30 06-04 17:30 6"])
      #expect(try await ledger.verify(passed).differenceCount == 0)
    }
  }

  /// A closure known beforehand: its edges pass without an event, and bring the open clocks with them.
  @Test func edgesPass() async throws {
    try await TestLedger.with { ledger async throws in
      let storm = try closed(from: "2026-06-02 12:00", to: "2026-06-03 08:30")
      try await ledger.apply(.calendar, storm, now: TestLedger.founded)
      let leader = try await ledger.leader(storm)
      let done = Event.told("K3", "completed", "2026-06-01 10:00")
      try await ledger.tell(
        leader, [ClosureTests.accepted, .told("K3", "accepted", "2026-06-01 09:00"), done], at: ClosureTests.morning
      )
      try await expectRows(
        clocks(ledger), ["K1 running 06-04 17:30 06-03 17:30 0", "K3 stopped 06-03 17:30 1"])
      #expect(leader.closureEdge(after: ClosureTests.morning) == local("2026-06-02 12:00"))

      func settle(_ now: String) async throws -> [String] {
        #expect(try await ledger.connection.run { try leader.settleClosures(&$0, now: local(now)) })
        #expect(try await ledger.verify(storm).differenceCount == 0)
        return try await clocks(ledger)
      }
      try await expectRows(
        settle("2026-06-02 11:59"), ["K1 running 06-04 17:30 06-03 17:30 0", "K3 stopped 06-03 17:30 1"])
      try await expectRows(
        settle("2026-06-02 12:00"), ["K1 paused 06-04 17:30 06-03 17:30 9.5", "K3 stopped 06-03 17:30 1"])
      try await expectRows(
        settle("2026-06-03 08:30"), ["K1 running 06-04 17:30 06-03 17:30 9.5", "K3 stopped 06-03 17:30 1"])
      let state = try await ledger.state()
      try await expectRows(
        settle("2026-06-03 10:00"), ["K1 running 06-04 17:30 06-03 17:30 9.5", "K3 stopped 06-03 17:30 1"])
      #expect(try await ledger.state() == state)
      // The next leader does not begin again with edges that are settled.
      try await expectRows(
        ledger.column("SELECT to_char(settled_through, 'MM-DD HH24:MI') FROM bizclock.projector"), ["06-03 08:30"])
      // A case in memory from before the edge is not taken for what it is.
      try await ledger.tell(leader, [.told("K1", "completed", "2026-06-03 11:00")], at: local("2026-06-03 11:00"))
      try await expectRows(clocks(ledger), ["K1 stopped 06-04 17:30 12", "K3 stopped 06-03 17:30 1"])
      #expect(try await ledger.verify(storm).differenceCount == 0)
    }
  }

  /// Whatever the leader does next after an edge, all clocks stand for one moment.
  @Test(arguments: ["project", "raise"])
  func edgesPassUnseen(_ what: String) async throws {
    try await TestLedger.with { ledger async throws in
      let storm = try closed(from: "2026-06-02 12:00", to: nil)
      try await ledger.apply(.calendar, storm, now: TestLedger.founded)
      let leader = try await ledger.leader(storm)
      try await ledger.tell(leader, [ClosureTests.accepted], at: ClosureTests.morning)
      let now = local("2026-06-02 14:00")
      if what == "project" {
        try await ledger.append([.told("K2", "accepted", "2026-06-02 13:00")], receivedAt: now)
        try await ledger.connection.run { _ = try leader.projectNext(&$0, now: now) }
      } else {
        _ = try await ledger.raise(leader, at: now)
      }
      try await expectRows(
        ledger.column("SELECT DISTINCT state FROM bizclock.clock"), ["paused"])
      #expect(try await ledger.verify(storm).differenceCount == 0)
      // The next leader begins where this one stands, and finds nothing to do twice.
      let next = try await ledger.leader(storm)
      _ = try await ledger.raise(next, at: now)
      try await expectRows(ledger.column("SELECT DISTINCT state FROM bizclock.clock"), ["paused"])
      #expect(try await ledger.verify(storm).differenceCount == 0)
    }
  }

  /// The wall clock is set back over an edge and crosses it again.
  @Test func setBackOverAnEdge() async throws {
    try await TestLedger.with { ledger async throws in
      let storm = try closed(from: "2026-06-02 12:00", to: nil)
      try await ledger.apply(.calendar, storm, now: TestLedger.founded)
      let leader = try await ledger.leader(storm)
      try await ledger.tell(leader, [ClosureTests.accepted], at: ClosureTests.morning)
      try await ledger.catchUp(leader, now: local("2026-06-02 12:01"))
      try await ledger.tell(leader, [.told("K1", "inspected", "2026-06-01 10:00")], at: local("2026-06-02 11:00"))
      try await ledger.catchUp(leader, now: local("2026-06-02 12:02"))
      try await expectRows(ledger.column("SELECT DISTINCT state FROM bizclock.clock"), ["paused"])
      #expect(try await ledger.verify(storm).differenceCount == 0)
    }
  }

  /// A closure that is told afterwards restates a verdict, withdraws an alert and says why.
  @Test func toldAfterwards() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [ClosureTests.accepted], at: ClosureTests.morning)
      try await ledger.tell(leader, [.told("K1", "completed", "2026-06-04 10:00")], at: local("2026-06-04 10:00"))
      try await ledger.clearLines()
      let storm = try closed(from: "2026-06-02 12:00", to: "2026-06-03 20:00")
      let outcome = try await ledger.apply(.calendar, storm, now: local("2026-06-10 09:00"))
      // opening is on time now, one_day still late, its measures others; two yellow levels and two red.
      #expect(outcome.verdicts == 2)
      #expect(outcome.cases == 1)
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', commitment, verdict, reason) FROM bizclock.verdict_history ORDER BY 1"),
        ["one_day late calendar", "opening late calendar"])
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', commitment, verdict) FROM bizclock.clock ORDER BY 1"),
        ["one_day on_time", "opening on_time"])
      try await expectRows(
        ledger.alerts(),
        ["yellow 1 06-02 17:30 resolved withdrawn calendar", "red 1 06-03 17:30 resolved withdrawn calendar"])
      try await expectRows(ledger.lines(), ["withdrawn yellow 1", "withdrawn red 1"])
      #expect(try await ledger.verify(storm).differenceCount == 0)
    }
  }

  /// Past the horizon a due time is provisional; the notice for the next year settles it, and moves it.
  @Test func horizon() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let due = """
        SELECT concat_ws(' ', to_char(due_at, 'YYYY-MM-DD HH24:MI'), provisional)
        FROM bizclock.clock WHERE commitment = 'opening'
        """
      try await ledger.tell(
        leader, [.told("K1", "accepted", "2026-12-28 09:00")], at: local("2026-12-28 09:05"))
      try await expectRows(ledger.column(due), ["2026-12-30 17:30 t"])
      let extended = try ShippedRules.rulebook { _, calendar in
        calendar.publishedUntil = CivilDate(year: 2027, month: 12, day: 28)
        calendar.days.append(
          DayOverride(date: CivilDate(year: 2026, month: 12, day: 30), kind: .holiday, name: "元旦"))
      }
      try await ledger.apply(.calendar, extended, now: local("2026-12-28 10:00"))
      try await expectRows(ledger.column(due), ["2026-12-31 17:30 f"])
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', worked, published, name) FROM bizclock.calendar_day WHERE date = '2026-12-30'"),
        ["f t 元旦"])
      #expect(try await ledger.verify(extended).differenceCount == 0)
    }
  }
}
