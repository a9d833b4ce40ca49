import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// What the views say of a large load, worked out again from the bare rows of clocks and events, without any SQL that
/// groups or counts.
@Suite struct RecomputationTests {
  private static let now = "2026-05-20 10:00"

  /// Some 3,000 cases; mistakes, their voids and overruns are frequent, one case in ten is never finished, and a third
  /// of the events comes late, backwards.
  private func loaded(_ ledger: TestLedger) async throws -> BareRows {
    let now = local(RecomputationTests.now)
    let events = try OrderTests.simulated(cases: 3_000, overruns: 150).filter { event in
      event.occurredAt < now
        && !(event.caseID.text.hasSuffix("5") && ["completed", "step_completed"].contains(event.type))
    }
    let late = events.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
    let first = events.enumerated().filter { $0.offset % 3 != 0 }.map(\.element)
    let leader = try await ledger.leader { $0.batch = 5_000 }
    try await ledger.tell(leader, first, at: now + -3_600_000_000)
    try await ledger.tell(leader, late.reversed(), at: now)
    try await ledger.execute("SELECT set_config('bizclock.now', '\(RecomputationTests.now)+08', false)")
    try await ledger.execute("ANALYZE")
    return try await ledger.connection.run { try BareRows(&$0, now: now) }
  }

  @Test func everyReport() async throws {
    try await TestLedger.with { ledger async throws in
      let rows = try await loaded(ledger)
      #expect(rows.clocks.count > 4_000)
      #expect(rows.clocks.filter { $0.verdict == "late" }.count > 300)
      #expect(rows.clocks.filter(\.isOverdue).count > 100)
      #expect(rows.events.filter { $0.type == .voided }.count > 200)
      let finished = rows.clocks.filter { !$0.verdict.isEmpty }

      let dimensions = ["process", "commitment", "version_from", "region", "channel", "entity_type", "report_tag"]
      for (view, period) in [("on_time_daily", "day"), ("on_time_monthly", "month")] {
        try await compare(
          ledger, view, key: [period] + dimensions + ["outcome"],
          Figures.of(finished) { clock in
            let day = period == "day" ? clock.stoppedDay : clock.month(clock.stoppedDay)
            return [[day] + clock.dimensions + [clock.outcome]]
          }, atLeast: 500)
      }
      try await compare(
        ledger, "region_rollup", key: ["month", "process", "commitment", "region"],
        Figures.of(finished) { clock in
          clock.prefixes.map { [clock.month(clock.stoppedDay), clock.process, clock.commitment, $0] }
        }, atLeast: 200)
      try await compare(
        ledger, "before_after", key: ["process", "commitment", "version_from"],
        rates: ["on_time_rate", "mean_counted_days"], quantiles: ["median_counted_days", "p90_counted_days"],
        counts: ["finished", "on_time", "late", "premature"],
        Figures.of(finished) { [[$0.process, $0.commitment, $0.versionFrom]] }.mapValues { $0.withoutHours },
        where: "finished > 0", atLeast: 3)
      try await compare(
        ledger, "on_time_by_due_month", key: ["month"] + dimensions, rates: ["on_time_rate"], quantiles: [],
        counts: ["due", "on_time", "late", "premature", "open_overdue"],
        Figures.due(rows.clocks) { [$0.month($0.dueDay)] + $0.dimensions }, atLeast: 200)
      try await compare(
        ledger, "step_time", key: ["process", "step"], rates: ["mean_working_hours", "share_of_case_time"],
        quantiles: ["median_working_hours", "p90_working_hours", "p95_working_hours"],
        counts: ["started", "finished", "measured"], rows.steps(ledger.rulebook), atLeast: 7)
      // Versions under which nothing finished are rows all the same.
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', commitment, finished, on_time_rate) FROM dashboard.before_after
          WHERE finished = 0 ORDER BY 1
          """), ["dereg_notice 0", "opening 0"])
    }
  }

  /// Compares a view with what was worked out: keys, counts and rates to the letter, quantiles within 2 %.
  private func compare(
    _ ledger: TestLedger, _ view: String, key: [String],
    rates: [String] = ["on_time_rate", "early_rate", "mean_counted_days", "mean_working_hours"],
    quantiles: [String] = [
      "median_counted_days", "p90_counted_days", "p95_counted_days", "median_working_hours", "p90_working_hours",
      "p95_working_hours",
    ],
    counts: [String] = ["finished", "on_time", "late", "premature", "early"],
    _ expected: [String: Figures], where condition: String = "true", atLeast least: Int
  ) async throws {
    let keys = key.map { "coalesce(\($0)::text, '')" }.joined(separator: ", ")
    let columns = [counts, rates, quantiles].map { names in
      names.isEmpty ? "'{}'::text[]" : "ARRAY[\(names.map { "\($0)::float8" }.joined(separator: ", "))]::text[]"
    }
    let query = """
      SELECT concat_ws('|', \(keys)), \(columns.joined(separator: ", ")) FROM dashboard.\(view) WHERE \(condition)
      """
    let told = try await ledger.connection.run { session -> [(String, Figures)] in
      let found = try session.execute(query)
      func numbers(_ row: Int, _ column: Int) throws -> [Double?] {
        try (found.optionalTextArray(row, column) ?? []).map { $0.flatMap(Double.init) }
      }
      return try (0..<found.rowCount).map { row in
        (
          try found.text(row, 0),
          Figures(
            counts: try numbers(row, 1).map { Int($0 ?? -1) }, rates: try numbers(row, 2),
            quantiles: try numbers(row, 3))
        )
      }
    }
    #expect(told.count >= least, "\(view) has \(told.count) rows")
    #expect(Set(told.map(\.0)) == Set(expected.keys), "\(view)")
    #expect(told.count == expected.count, "\(view) has a key twice")
    let wrong = told.filter { expected[$0.0]?.isNearly($0.1) != true }
    #expect(
      wrong.isEmpty,
      "\(view), \(wrong.count) of \(told.count): \(wrong.prefix(2).map { ($0, expected[$0.0] as Any) })")
  }
}

/// The figures of a row of a report.
struct Figures {
  var counts: [Int]
  var rates: [Double?]
  var quantiles: [Double?]

  /// On time, late and so on, rates and quantiles of finished clocks, each under all of its keys.
  static func of(_ clocks: [BareRows.Clock], by keys: (BareRows.Clock) -> [[String]]) -> [String: Figures] {
    var groups: [String: [BareRows.Clock]] = [:]
    for clock in clocks { for key in keys(clock) { groups[key.joined(separator: "|"), default: []].append(clock) } }
    return groups.mapValues { clocks in
      let finished = Double(clocks.count)
      let onTime = clocks.filter { $0.verdict == "on_time" }.count
      let early = clocks.filter(\.early).count
      let days = clocks.map(\.countedDays).sorted()
      let hours = clocks.map(\.hours).sorted()
      return Figures(
        counts: [
          clocks.count, onTime, clocks.filter { $0.verdict == "late" }.count,
          clocks.filter { $0.verdict == "premature" }.count, early,
        ],
        rates: [
          Double(onTime) / finished, Double(early) / finished, days.reduce(0, +) / finished,
          hours.reduce(0, +) / finished,
        ], quantiles: [days, hours].flatMap { values in [50, 90, 95].map { rank(values, $0) } })
    }
  }

  /// By date due: finished clocks, and open ones past due.
  static func due(_ clocks: [BareRows.Clock], by key: (BareRows.Clock) -> [String]) -> [String: Figures] {
    let due = clocks.filter { !$0.verdict.isEmpty && !$0.dueDay.isEmpty || $0.isOverdue }
    return Dictionary(grouping: due) { key($0).joined(separator: "|") }.mapValues { clocks in
      let onTime = clocks.filter { $0.verdict == "on_time" }.count
      return Figures(
        counts: [
          clocks.count, onTime, clocks.filter { $0.verdict == "late" }.count,
          clocks.filter { $0.verdict == "premature" }.count, clocks.filter(\.isOverdue).count,
        ], rates: [Double(onTime) / Double(clocks.count)], quantiles: [])
    }
  }

  /// As `before_after` has them: no early ones, no hours, no 95th percentile.
  var withoutHours: Figures {
    Figures(
      counts: Array(counts.prefix(4)), rates: [rates[0], rates[2]], quantiles: Array(quantiles.prefix(2)))
  }

  /// The nearest rank of sorted values; nil of none.
  static func rank(_ sorted: [Double], _ percent: Int) -> Double? {
    sorted.isEmpty ? nil : sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
  }

  func isNearly(_ told: Figures) -> Bool {
    counts == told.counts && Figures.near(rates, told.rates, 1e-9) && Figures.near(quantiles, told.quantiles, 0.02)
  }

  private static func near(_ exact: [Double?], _ told: [Double?], _ share: Double) -> Bool {
    exact.count == told.count
      && zip(exact, told).allSatisfy { exact, told in
        guard let exact, let told else { return exact == nil && told == nil }
        return abs(told - exact) <= abs(exact) * share + 1e-9
      }
  }
}
