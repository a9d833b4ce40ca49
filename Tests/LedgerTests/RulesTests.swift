import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// Guarantee 9: a change of rules restates everything in one transaction, or nothing, and every version is kept.
@Suite struct RulesTests {
  private static let morning = local("2026-06-01 09:05")
  private static let later = local("2026-06-10 09:00")

  /// Three openings: finished after a day, after four, and open.
  private static let events: [Event] = [
    .told("K1", "accepted", "2026-06-01 09:00"), .told("K1", "completed", "2026-06-02 10:00"),
    .told("K2", "accepted", "2026-06-01 09:00"), .told("K2", "completed", "2026-06-05 10:00"),
    .told("K3", "accepted", "2026-06-08 09:00"),
  ]

  private func relaxed() throws -> Rulebook {
    try ShippedRules.rulebook { policy, _ in
      for index in policy.commitments[0].versions.indices {
        policy.commitments[0].versions[index].limit = .workingDays(5)
      }
    }
  }

  private func loaded(_ ledger: TestLedger) async throws -> Projector {
    let leader = try await ledger.leader(now: RulesTests.morning)
    try await ledger.tell(leader, RulesTests.events, at: local("2026-06-08 10:00"))
    return leader
  }

  private func verdicts(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', case_id, coalesce(verdict, state), to_char(due_at, 'MM-DD'), early)
      FROM bizclock.clock WHERE commitment = 'opening' ORDER BY case_id
      """)
  }

  @Test func aPolicyRestates() async throws {
    try await TestLedger.with { ledger async throws in
      let former = try await loaded(ledger)
      try await expectRows(
        verdicts(ledger), ["K1 on_time 06-03 t", "K2 late 06-03 f", "K3 running 06-10 f"])
      let relaxed = try relaxed()
      let outcome = try await ledger.apply(.policy, relaxed, now: RulesTests.later)
      try await expectRows(
        verdicts(ledger), ["K1 on_time 06-08 t", "K2 on_time 06-08 t", "K3 running 06-15 f"])
      // Both finished clocks have another due time, one another verdict; the open one has no verdict to restate. Two
      // levels of K3's licence were reached meanwhile.
      #expect(outcome.cases == 3 && outcome.clocks == 3 && outcome.alerts == 2 && outcome.verdicts == 2)
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', case_id, verdict, to_char(due_at, 'MM-DD'), to_char(known_until, 'MM-DD HH24:MI'), reason)
          FROM bizclock.verdict_history ORDER BY case_id
          """), ["K1 on_time 06-03 06-10 09:00 policy", "K2 late 06-03 06-10 09:00 policy"])
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', basis, day, on_time, late)
          FROM bizclock.metric_cell JOIN bizclock.metric_series USING (series)
          WHERE commitment = 'opening' ORDER BY basis DESC, day
          """), ["stop 2026-06-02 1 0", "stop 2026-06-05 1 0", "due 2026-06-08 2 0"])
      #expect(try await ledger.verify(relaxed).differenceCount == 0)
      // By the former rules it is not.
      #expect(try await ledger.verify().differenceCount > 0)

      // The former leader writes nothing more.
      try await ledger.append([.told("K3", "completed", "2026-06-11 10:00")])
      let state = try await ledger.state()
      #expect(try await ledger.connection.run { try former.projectNext(&$0, now: RulesTests.later) } == .deposed)
      #expect(try await ledger.raise(former, at: local("2026-07-01 09:00")).raised == nil)
      #expect(try await ledger.state() == state)

      // And back: what was believed in between is kept too.
      try await ledger.apply(.policy, ledger.rulebook, now: local("2026-06-12 09:00"))
      try await expectRows(
        verdicts(ledger), ["K1 on_time 06-03 t", "K2 late 06-03 f", "K3 running 06-10 f"])
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', case_id, verdict) FROM bizclock.verdict_history ORDER BY 1, known_from"),
        ["K1 on_time", "K1 on_time", "K2 late", "K2 on_time"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  @Test func alertsFollowThePolicy() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await loaded(ledger)
      try await ledger.clearLines()
      let changed = try ShippedRules.rulebook { policy, _ in
        policy.commitments[0].levels = [
          Level(name: "red", position: .due, priority: .alert),
          Level(name: "orange", position: .plain(-3_600_000_000)),
        ]
      }
      try await ledger.apply(.policy, changed, now: RulesTests.later)
      // Of K2 that began long before it was told, all is history; of K3 nothing was reached yet.
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', level, priority, withdrawn_at IS NOT NULL, retrospective, change_reason)
          FROM bizclock.alert WHERE commitment = 'opening' ORDER BY case_id, level
          """),
        ["orange warning f t", "red alert f t", "yellow warning t t policy"]
          .sorted())
      // A summary of the levels that page nobody, as of any load.
      try await expectRows(ledger.lines(), [#"summary {"retrospective": 1}"#])
      #expect(leader.term.policy == 1)
      #expect(try await ledger.verify(changed).differenceCount == 0)
    }
  }

  @Test func everyVersionIsKept() async throws {
    try await TestLedger.with { ledger async throws in
      let relaxed = try relaxed()
      try await ledger.connection.run { session in
        let before = try Rules.inForce(&session)
        #expect(before?.policy == before?.calendar)
        #expect(before?.policy.files.keys.sorted() == ["cn-46.csv", "cn.csv"])
        let document = RuleDocument(text: "a \"policy\"\n", files: ["b.csv": "2026-01-01,holiday,元旦\t\n", "a": ""])
        _ = try Rules.apply(
          [(.policy, document)], rulebook: relaxed, over: before, by: "Li", reason: "more time",
          retrospectiveAfter: 0, now: { RulesTests.later }, on: &session)
        let after = try Rules.inForce(&session)
        #expect(after?.policy == document)
        #expect(after?.calendar == before?.calendar)
        #expect(after?.calendarID == before?.calendarID)
        let term = try Leadership.acquire(&session, holder: "x", now: RulesTests.later)
        #expect(term?.policy == after?.policyID)
        #expect(term?.calendar == after?.calendarID)
      }
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', kind, applied_by, reason, applied_at) FROM bizclock.rules ORDER BY id"),
        [
          "policy test first 2026-01-01 00:00:00+08", "calendar test first 2026-01-01 00:00:00+08",
          "policy Li more time 2026-06-10 09:00:00+08",
        ])
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', version_from, limit_text, limit_amount, compression) FROM bizclock.commitment_version WHERE commitment = 'opening' ORDER BY 1"
        ), ["2018-01-01 5 working_days 5", "2019-01-01 5 working_days 5 0"])
    }
  }

  /// Rules that were compiled with what is no longer in force are not applied over it.
  @Test func changedMeanwhile() async throws {
    try await TestLedger.with { ledger async throws in
      let relaxed = try relaxed()
      let stale = try await ledger.connection.run { try Rules.inForce(&$0) }
      try await ledger.apply(.calendar, ledger.rulebook)
      let state = try await ledger.state()
      let error = await #expect(throws: PostgresError.self) {
        try await ledger.connection.run { session in
          _ = try Rules.apply(
            [(.policy, RuleDocument(text: "", files: [:]))], rulebook: relaxed, over: stale, by: "", reason: "",
            retrospectiveAfter: 0, now: { RulesTests.later }, on: &session)
        }
      }
      // Status 75 of the command, not 70, which says that the program is at fault.
      #expect(error?.kind == .overtaken && error?.isRetryable == false)
      #expect(try await ledger.state() == state)
    }
  }

  /// A failure in the last row leaves everything as it was: rules, epoch, days, projections and records.
  @Test func allOrNothing() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await loaded(ledger)
      let rules = "SELECT to_jsonb(r)::text FROM bizclock.rules r ORDER BY id"
      let versions = "SELECT to_jsonb(v)::text FROM bizclock.commitment_version v ORDER BY commitment, version_from"
      let before = try await ledger.state() + ledger.column(rules) + ledger.column(versions)
      let days = try await ledger.column("SELECT count(*)::text FROM bizclock.calendar_day")
      try await ledger.execute(
        "ALTER TABLE bizclock.verdict_history ADD CONSTRAINT never CHECK (case_id <> 'K2')")
      let relaxed = try relaxed()
      await #expect(throws: PostgresError.self) {
        try await ledger.apply(.policy, relaxed, now: RulesTests.later)
      }
      try await expectRows(ledger.state() + ledger.column(rules) + ledger.column(versions), before)
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.calendar_day"), days)
      // Nobody was deposed.
      try await ledger.tell(leader, [.told("K3", "completed", "2026-06-10 10:00")], at: local("2026-06-10 10:01"))
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Cases are walked in pages; one that fills a page by itself is not cut.
  @Test(arguments: [1, 2, 3, 5, 7, 100])
  func pages(_ size: Int64) async throws {
    try await TestLedger.with { ledger async throws in
      let counts = ["A": 1, "B": 7, "C": 2, "D": 2, "E": 1]
      let events = counts.flatMap { name, count in
        (0..<count).map { Event.told(name, "submitted", "2026-06-01 09:0\($0)") }
      }
      try await ledger.append(events)
      let walked = try await ledger.connection.run { session -> [String: Int] in
        var pages = CasePages(through: 100, pageSize: size)
        var walked: [String: Int] = [:]
        while let page = try pages.next(&session) {
          for (caseID, events) in page.cases { walked[caseID.text, default: 0] += events.count }
        }
        return walked
      }
      #expect(walked == counts)
    }
  }
}
