import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// Guarantee 9: what a change of rules would move is shown before, and no verdict of a finished clock becomes another
/// unless somebody agreed.
@Suite struct RestateTests {
  private static let later = local("2026-06-10 09:00")

  /// Finished on time, finished late, open; and one long before.
  private static let events: [Event] = [
    .told("K0", "accepted", "2026-03-02 09:00"), .told("K0", "completed", "2026-03-03 10:00"),
    .told("K1", "accepted", "2026-06-01 09:00"), .told("K1", "completed", "2026-06-02 10:00"),
    .told("K2", "accepted", "2026-06-01 09:00"), .told("K2", "completed", "2026-06-05 10:00"),
    .told("K3", "accepted", "2026-06-08 09:00"),
  ]

  private func loaded(_ ledger: TestLedger) async throws {
    let leader = try await ledger.leader(now: local("2026-06-08 10:00"))
    try await ledger.tell(leader, RestateTests.events, at: local("2026-06-08 10:00"))
    try await ledger.catchUp(leader, now: RestateTests.later)
  }

  /// Applies by two connections, as the command does.
  private func apply(
    _ ledger: TestLedger, _ rulebook: Rulebook, restate: Bool, token: String? = nil
  ) async throws -> Rules.Applied {
    let other = try await ledger.connect()
    let applied = try await Rules.apply(
      FiveDays.change(ledger, rulebook),
      Rules.Consent(by: "Li", reason: "decision", restate: restate, token: token),
      now: { RestateTests.later }, on: ledger.connection, reading: [other])
    await other.close()
    return applied
  }

  private func preview(_ ledger: TestLedger, _ rulebook: Rulebook) async throws -> (Rules.Preview, [CaseMove]) {
    let change = try await FiveDays.change(ledger, rulebook)
    return try await ledger.connection.run { session in
      var cases: [CaseMove] = []
      let preview = try Rules.preview(change, now: RestateTests.later, on: &session) { cases.append($0) }
      return (preview, cases)
    }
  }

  @Test func itIsShownBefore() async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger)
      let relaxed = try FiveDays.rulebook()
      let state = try await ledger.state()
      let (preview, cases) = try await preview(ledger, relaxed)
      #expect(try await ledger.state() == state)
      let opening = try #require(preview.moves.commitments["opening"])
      #expect(preview.moves.commitments.keys.sorted() == ["opening"])
      #expect(opening.open == 1 && opening.finished == 2 && opening.later == 3 && opening.earlier == 0)
      #expect(opening.verdicts == [Moves.VerdictMove(from: .late, to: .onTime): 1] && opening.restated == 1)
      #expect(preview.moves.changedVerdicts == 1 && preview.moves.verdicts == 2)
      #expect(cases.map(\.caseID) == ["K1", "K2", "K3"])
      #expect(cases[1].clocks.map(\.to?.dueAt) == [local("2026-06-08 17:30")])
      // What was shown is what is moved.
      let applied = try await apply(
        ledger, relaxed, restate: true, token: preview.token)
      #expect(applied.refusal == nil && applied.moves == preview.moves)
      #expect(try await ledger.verify(relaxed).differenceCount == 0)
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', applied_by, restate, verdicts) FROM bizclock.rules ORDER BY id DESC LIMIT 1"),
        ["Li t 1"])
    }
  }

  @Test func verdictsMoveByConsentAlone() async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger)
      let relaxed = try FiveDays.rulebook()
      let state = try await ledger.state()
      let refused = try await apply(ledger, relaxed, restate: false)
      #expect(refused.refusal == .restates && refused.moves.changedVerdicts == 1)
      try await expectRows(ledger.state(), state)
      // Where none becomes another nobody is asked: from Monday on.
      let coming = try ShippedRules.rulebook { policy, _ in
        policy.commitments[0].versions.append(
          CommitmentVersion(from: CivilDate(year: 2026, month: 6, day: 8), limit: .workingDays(5)))
      }
      let applied = try await apply(ledger, coming, restate: false)
      #expect(applied.refusal == nil && applied.moves.clocks == 1 && applied.moves.verdicts == 0)
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', restate, verdicts) FROM bizclock.rules ORDER BY id DESC LIMIT 1"),
        ["f 0"])
      #expect(try await ledger.verify(coming).differenceCount == 0)
    }
  }

  /// The world moves between looking and applying: nothing is applied. The part of the token for finished clocks holds
  /// while open ones come.
  @Test func tokensStandForWhatWasShown() async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger)
      let relaxed = try FiveDays.rulebook()
      let token = try await preview(ledger, relaxed).0.token
      #expect(try await preview(ledger, relaxed).0.token == token)
      let finished = String(token.prefix { $0 != "-" })
      let leader = try await ledger.leader(now: RestateTests.later)
      // What the change does not touch is no reason.
      try await ledger.tell(
        leader, [.told("K9", "accepted", "2026-05-04 09:00"), .told("K9", "completed", "2026-05-04 10:00")],
        at: RestateTests.later)
      #expect(try await preview(ledger, relaxed).0.token == token)
      // An open clock more.
      try await ledger.tell(leader, [.told("K4", "accepted", "2026-06-09 09:00")], at: RestateTests.later)
      let state = try await ledger.state()
      let refused = try await apply(ledger, relaxed, restate: true, token: token)
      #expect(refused.refusal == .differs && refused.moves.clocks == 4)
      try await expectRows(ledger.state(), state)
      // A finished clock more.
      try await ledger.tell(leader, [.told("K4", "completed", "2026-06-09 10:00")], at: RestateTests.later)
      let second = try await apply(ledger, relaxed, restate: true, token: finished)
      #expect(second.refusal == .differs)
      try await ledger.tell(
        leader, [.void(.told("K4", "completed", "2026-06-09 10:00"), "2026-06-09 11:00")], at: RestateTests.later)
      let applied = try await apply(ledger, relaxed, restate: true, token: finished)
      #expect(applied.refusal == nil && applied.moves.clocks == 4)
      #expect(try await ledger.verify(relaxed).differenceCount == 0)
    }
  }

  /// Pages that nobody takes any more, as after a write that failed, end with what read them; without a word.
  @Test func pagesMayBeLeft() async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger)
      let ahead = JudgedAhead(readers: 1)
      let moment = ProjectionMoment(
        now: RestateTests.later, recordedAt: RestateTests.later, retrospectiveAfter: 0,
        addressees: Addressees(ledger.rulebook))
      let position = Int64(RestateTests.events.count)
      ahead.ask(
        TouchedCases.Question(
          reach: .everything, midnight: { _ in .earliest }, crossed: [], position: position),
        Refolder.Change(
          rulebook: ledger.rulebook, former: nil, position: position, settledThrough: RestateTests.later,
          reason: .policy, moment: moment, writes: true))
      try await ledger.connection.run { ahead.serve(walks: true, &$0) }
      #expect(try await ledger.column("SELECT count(DISTINCT case_id)::text FROM bizclock.event") == ["4"])
    }
  }

  /// Rows that do not change are not written: neither those of untouched cases nor those of others.
  @Test func whatDoesNotChangeIsNotWritten() async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger)
      let rows = """
        SELECT concat_ws(' ', 'clock', case_id, commitment, ctid, xmin) FROM bizclock.clock
        UNION ALL SELECT concat_ws(' ', 'case', case_id, ctid, xmin) FROM bizclock.case_file
        UNION ALL SELECT concat_ws(' ', 'alert', case_id, commitment, level, ctid, xmin) FROM bizclock.alert
        UNION ALL SELECT concat_ws(' ', 'cell', s.basis, c.day, s.commitment, c.ctid, c.xmin)
          FROM bizclock.metric_cell c JOIN bizclock.metric_series s USING (series)
        ORDER BY 1
        """
      let before = try await ledger.column(rows)
      let relaxed = try FiveDays.rulebook()
      let moves = try await ledger.apply(.policy, relaxed, over: ledger.rulebook, now: RestateTests.later)
      // K0 was not even read.
      #expect(moves.cases == 3)
      let after = Set(try await ledger.column(rows))
      func name(_ row: String) -> String { row.split(separator: " ").prefix(3).joined(separator: " ") }
      let changed = Set(before.filter { !after.contains($0) }.map(name))
      #expect(before.count > 20)
      #expect(
        changed.sorted() == [
          "alert K2 opening", "alert K3 opening", "cell due 2026-06-03", "cell stop 2026-06-02",
          "cell stop 2026-06-05", "clock K1 opening",
          "clock K2 opening", "clock K3 opening",
        ])
    }
  }

  /// Next year's notice settles what was provisional, and says how many; where the days are as was taken for granted,
  /// nothing else moves.
  @Test func theNextYearSettles() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let told = local("2026-12-30 12:00")
      try await ledger.tell(
        leader,
        [
          .told("P1", "accepted", "2026-12-28 09:00"), .told("P1", "completed", "2026-12-29 10:00"),
          .told("P2", "accepted", "2026-12-30 09:00"),
        ], at: told)
      let marks = """
        SELECT concat_ws(' ', case_id, commitment, provisional, to_char(due_at, 'MM-DD')) FROM bizclock.clock
        ORDER BY case_id, commitment
        """
      try await expectRows(
        ledger.column(marks),
        ["P1 one_day t 12-29", "P1 opening t 12-30", "P2 one_day t 12-31", "P2 opening t 01-04"])
      let next = try ShippedRules.rulebook { _, calendar in
        calendar.publishedUntil = CivilDate(year: 2027, month: 12, day: 28)
        calendar.days.append(
          DayOverride(date: CivilDate(year: 2027, month: 1, day: 1), kind: .holiday, name: "元旦"))
      }
      let shown = try await ledger.preview(.calendar, next, over: ledger.rulebook, now: told)
      let moves = try await ledger.apply(.calendar, next, over: ledger.rulebook, now: told)
      #expect(shown == moves)
      #expect(moves.settled == 4 && moves.verdicts == 0 && moves.alerts == 0 && moves.changedVerdicts == 0)
      try await expectRows(
        ledger.column(marks),
        ["P1 one_day f 12-29", "P1 opening f 12-30", "P2 one_day f 12-31", "P2 opening f 01-04"])
      #expect(try await ledger.verify(next).differenceCount == 0)
    }
  }
}
