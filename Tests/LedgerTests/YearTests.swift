import Foundation
import ServiceTime
import Simulator
import Testing

@testable import Ledger

/// A simulated year in which the calendar comes late, a typhoon closes the office and a promise is amended: what is shown
/// before each change is what it moves, by the rows themselves.
@Suite struct YearTests {
  /// The variable `BIZCLOCK_YEAR_CASES` says how many cases the year has.
  private static let cases =
    ProcessInfo.processInfo.environment["BIZCLOCK_YEAR_CASES"].flatMap { Int($0) } ?? 1_500

  private func day(_ month: Int, _ day: Int) -> CivilDate { CivilDate(year: 2026, month: month, day: day) }

  @Test func everyChangeMovesWhatWasShown() async throws {
    let shipped = try ShippedRules.rulebook()
    let calendar = try #require(shipped.mainCalendar(process: "opening"))
    let events = Array(
      ChronologicalEvents(
        Simulator(seed: 26, cases: YearTests.cases, from: day(1, 1), to: day(12, 31), calendar: calendar)))
    func without2026(_ calendar: inout CalendarDefinition) {
      calendar.publishedUntil = CivilDate(year: 2025, month: 12, day: 28)
      calendar.days.removeAll { $0.date > CivilDate(year: 2025, month: 12, day: 28) }
    }
    func typhoon(_ calendar: inout CalendarDefinition, _ to: String?) {
      calendar.closures = [Closure(from: local("2026-09-10 14:00"), to: to.map { local($0) }, name: "台风停工")]
    }
    func amend(_ policy: inout Policy) {
      policy.commitments[0].versions.append(CommitmentVersion(from: self.day(7, 1), limit: .workingDays(1)))
    }
    let late = try ShippedRules.rulebook { without2026(&$1) }
    let amended = try ShippedRules.rulebook { policy, _ in amend(&policy) }
    let closed = try ShippedRules.rulebook {
      amend(&$0)
      typhoon(&$1, nil)
    }
    let open = try ShippedRules.rulebook {
      amend(&$0)
      typhoon(&$1, "2026-09-12 08:00")
    }
    try await TestLedger.with { ledger async throws in
      try await ledger.apply(.calendar, late, now: local("2026-01-01 00:00"))
      var loaded = 0
      func live(until: String, by rulebook: Rulebook) async throws {
        let now = local(until)
        let leader = try await ledger.leader(rulebook, now: now)
        let part = events[loaded...].prefix { $0.occurredAt <= now }
        loaded += part.count
        try await ledger.tell(leader, Array(part), at: now)
      }
      var verdicts = 0
      func change(
        _ kind: RuleDocument.Kind, _ former: Rulebook, _ rulebook: Rulebook, at now: String
      ) async throws -> Moves {
        let shown = try await ledger.preview(kind, rulebook, over: former, now: local(now))
        try await remember(ledger)
        let moves = try await ledger.apply(kind, rulebook, over: former, now: local(now))
        #expect(shown == moves)
        try await expectRows(moved(ledger), told(of: shown))
        verdicts += moves.verdicts
        try await expectRows(
          ledger.column(
            "SELECT count(*)::text FROM bizclock.verdict_history WHERE reason IN ('calendar', 'policy')"),
          ["\(verdicts)"])
        let report = try await ledger.verify(rulebook)
        #expect(report.differenceCount == 0, "\(report.differences.prefix(5))")
        return moves
      }
      // The notice for 2026 is applied in March.
      try await live(until: "2026-03-10 09:00", by: late)
      let settled = try await change(.calendar, late, shipped, at: "2026-03-10 09:00")
      #expect(settled.settled > 0 && settled.changedVerdicts > 0)
      // From July on one day, decided in August.
      try await live(until: "2026-08-20 09:00", by: shipped)
      let restated = try await change(.policy, shipped, amended, at: "2026-08-20 09:00")
      #expect(restated.commitments["opening"]?.verdicts[Moves.VerdictMove(from: .onTime, to: .late)] ?? 0 > 0)
      // A typhoon, told a day after it began, and its end.
      try await live(until: "2026-09-11 09:00", by: amended)
      let began = try await change(.calendar, amended, closed, at: "2026-09-11 09:00")
      #expect(began.clocks > 0 && began.cases < YearTests.cases / 2)
      try await live(until: "2026-09-12 09:00", by: closed)
      let ended = try await change(.calendar, closed, open, at: "2026-09-12 09:00")
      #expect(ended.clocks > 0)
      try await live(until: "2027-01-01 00:00", by: open)
      #expect(loaded == events.count)
      #expect(try await ledger.verify(open).differenceCount == 0)
    }
  }

  // MARK: - What really moves, by the rows

  private func remember(_ ledger: TestLedger) async throws {
    try await ledger.execute("DROP TABLE IF EXISTS old_clock, old_alert")
    try await ledger.execute("CREATE TEMP TABLE old_clock AS SELECT * FROM bizclock.clock")
    try await ledger.execute("CREATE TEMP TABLE old_alert AS SELECT * FROM bizclock.alert")
  }

  /// What differs between the rows remembered and those there are.
  private func moved(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', commitment, 'clocks', count(*),
        'earlier', count(*) FILTER (WHERE n.due_at < o.due_at), 'later', count(*) FILTER (WHERE n.due_at > o.due_at),
        'settled', count(*) FILTER (WHERE o.provisional AND NOT n.provisional),
        'to late', count(*) FILTER (WHERE o.verdict = 'on_time' AND n.verdict = 'late'),
        'to on time', count(*) FILTER (WHERE o.verdict = 'late' AND n.verdict = 'on_time'))
      FROM old_clock o JOIN bizclock.clock n USING (case_id, commitment, round)
      WHERE to_jsonb(o) - 'next_level_at' - 'verdict_recorded_at' <> to_jsonb(n) - 'next_level_at' - 'verdict_recorded_at'
      GROUP BY commitment
      UNION ALL
      SELECT concat_ws(' ', commitment, 'alerts', count(*) FILTER (WHERE o.recorded_at IS NULL),
        count(*) FILTER (WHERE o.recorded_at IS NOT NULL AND n.withdrawn_at IS NULL),
        count(*) FILTER (WHERE n.withdrawn_at IS NOT NULL))
      FROM bizclock.alert n LEFT JOIN old_alert o USING (case_id, commitment, round, level, revision)
      WHERE n.case_id <> '' AND to_jsonb(n) IS DISTINCT FROM to_jsonb(o)
      GROUP BY commitment
      ORDER BY 1
      """)
  }

  /// The same as it was shown.
  private func told(of moves: Moves) -> [String] {
    moves.commitments.flatMap { id, one -> [String] in
      func count(_ from: Verdict, _ to: Verdict) -> Int { one.verdicts[Moves.VerdictMove(from: from, to: to)] ?? 0 }
      var lines: [String] = []
      if one.open + one.finished > 0 {
        lines.append(
          "\(id) clocks \(one.open + one.finished) earlier \(one.earlier) later \(one.later) settled \(one.settled) "
            + "to late \(count(.onTime, .late)) to on time \(count(.late, .onTime))")
      }
      if one.alerts.count > 0 {
        lines.append("\(id) alerts \(one.alerts.added) \(one.alerts.amended) \(one.alerts.withdrawn)")
      }
      return lines
    }.sorted()
  }
}
