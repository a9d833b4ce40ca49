import ServiceTime
import Testing

@testable import Ledger

/// What was believed at any past moment can still be asked, whatever is told afterwards.
@Suite struct AsOfTests {
  private func known(
    _ ledger: TestLedger, at moment: String, from: String = "2026-01-01", to: String = "2026-12-31"
  ) async throws -> [String] {
    try await ledger.column(
      "SELECT to_jsonb(k)::text FROM dashboard.on_time_as_of('\(moment)+08', '\(from)', '\(to)') k")
  }

  private func short(_ ledger: TestLedger, at moment: String) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', region, outcome, finished, on_time, late, median_counted_days)
      FROM dashboard.on_time_as_of('\(moment)+08', '2026-06-01', '2026-06-30') WHERE commitment = 'opening'
      """)
  }

  /// A late event, an attribute, a void, a reopening: each is known from when it was recorded, and no sooner.
  @Test func oneCase() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let completed = Event.told("K1", "completed", "2026-06-05 10:00")
      try await ledger.tell(
        leader, [.told("K1", "accepted", "2026-06-01 09:00") { $0.region = "469005100" }, completed],
        at: local("2026-06-05 11:00"))
      try await ledger.tell(
        leader,
        [
          .told("K1", "correction_requested", "2026-06-02 10:00"),
          .told("K1", "correction_received", "2026-06-03 10:00"),
        ], at: local("2026-06-06 09:00"))
      try await ledger.tell(
        leader, [.told("K1", "inspected", "2026-06-04 10:00") { $0.region = "469005101" }],
        at: local("2026-06-07 09:00"))
      try await ledger.tell(leader, [.void(completed, "2026-06-08 08:00")], at: local("2026-06-08 09:00"))
      try await ledger.tell(
        leader, [.told("K1", "rejected", "2026-06-09 10:00")], at: local("2026-06-09 11:00"))
      for (moment, rows) in [
        ("2026-06-05 10:59:59", []), ("2026-06-05 11:00", ["469005100 completed 1 0 1 4"]),
        ("2026-06-06 08:59:59", ["469005100 completed 1 0 1 4"]),
        ("2026-06-06 09:00", ["469005100 completed 1 1 0 2"]),
        ("2026-06-07 09:00", ["469005101 completed 1 1 0 2"]), ("2026-06-08 09:00", []),
        ("2026-06-09 11:00", ["469005101 rejected 1 0 1 4"]), ("2027-01-01 00:00", ["469005101 rejected 1 0 1 4"]),
      ] { try await expectRows(short(ledger, at: moment), rows) }
    }
  }

  /// A load asked for at its moment says the same after the past has changed many times; asked for now, it says what
  /// the reports of now say.
  @Test func aLoad() async throws {
    let events = try OrderTests.simulated(cases: 300)
    let late = events.enumerated().filter { $0.offset % 5 == 0 }.map(\.element)
    let first = events.enumerated().filter { $0.offset % 5 != 0 }.map(\.element)
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader { $0.batch = 700 }
      try await ledger.tell(leader, first, at: local("2026-07-01 09:00"))
      let before = try await known(ledger, at: "2026-07-01 12:00")
      #expect(before.count > 50)
      try await agreesWithTheMonthlyReport(ledger, at: "2026-07-01 12:00")

      try await ledger.tell(leader, late, at: local("2026-07-02 09:00"))
      let between = try await known(ledger, at: "2026-07-02 12:00")
      try await ledger.tell(
        leader, first.prefix(400).filter { $0.type != .voided }.map { Event.void($0, "2026-07-03 08:00") },
        at: local("2026-07-03 09:00"))
      try await ledger.apply(
        .policy, ShippedRules.rulebook { policy, _ in policy.commitments[0].versions[1].limit = .workingDays(1) },
        now: local("2026-07-04 09:00"))

      try await expectRows(known(ledger, at: "2026-07-01 12:00"), before)
      try await expectRows(known(ledger, at: "2026-07-02 12:00"), between)
      let now = try await known(ledger, at: "2026-07-04 12:00")
      #expect(before != between)
      #expect(between != now)
      try await agreesWithTheMonthlyReport(ledger, at: "2026-07-04 12:00")
      // Days add up to the whole, and nothing stopped on other days.
      let days = try await ledger.column(
        """
        SELECT sum((SELECT sum(k.finished) FROM dashboard.on_time_as_of('2026-07-02 12:00+08', d::date, d::date) k))::text
        FROM generate_series('2026-01-01'::timestamp, '2026-12-31', '1 day') d
        """)
      try await expectRows(
        ledger.column(
          "SELECT sum(finished)::text FROM dashboard.on_time_as_of('2026-07-02 12:00+08', '2026-01-01', '2026-12-31')"
        ),
        days)
      #expect(try await known(ledger, at: "2026-07-02 12:00", from: "2027-01-01", to: "2027-12-31").isEmpty)
      #expect(try await known(ledger, at: "2025-12-31 12:00").isEmpty)
    }
  }

  /// Month by month the function says at the present what `on_time_monthly` says.
  private func agreesWithTheMonthlyReport(_ ledger: TestLedger, at moment: String) async throws {
    let columns = """
      process, commitment, version_from, region, channel, entity_type, report_tag, outcome, finished, on_time, late,
      premature, early, round(on_time_rate::numeric, 9), round(early_rate::numeric, 9),
      round(mean_counted_days::numeric, 9), round(mean_working_hours::numeric, 9), median_counted_days::bigint,
      p90_counted_days::bigint, p95_counted_days::bigint, median_working_hours, p90_working_hours, p95_working_hours
      """
    let told = try await ledger.column(
      """
      SELECT concat(m.month, ' ', to_jsonb(r)) FROM dashboard.on_time_monthly m, LATERAL (SELECT \(columns)) r
      ORDER BY 1
      """)
    #expect(told.count > 50)
    try await expectRows(
      ledger.column(
        """
        SELECT concat(m::date, ' ', to_jsonb(r))
        FROM generate_series('2026-01-01'::timestamp, '2026-12-01', '1 month') m,
          dashboard.on_time_as_of('\(moment)+08', m::date, (m + interval '1 month - 1 day')::date) k,
          LATERAL (SELECT \(columns)) r
        ORDER BY 1
        """), told)
  }
}
