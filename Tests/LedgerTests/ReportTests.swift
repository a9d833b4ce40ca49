import ServiceTime
import Testing

@testable import Ledger

/// The reports that are read from metric cells say what the clocks say, reckoned here once more from clocks alone.
@Suite struct ReportTests {
  private static let now = "2026-05-20 10:00+08"

  /// A finished or overdue clock, with the columns by which reports tell it apart.
  private struct Row {
    var key: String
    var verdict: String
    var early: Bool
    var days: Double
    var hours: Double
  }

  private func loaded(_ ledger: TestLedger) async throws {
    // Up to now; some cases are never finished.
    let events = try OrderTests.simulated(cases: 250).filter { event in
      event.occurredAt < local("2026-05-20 10:00")
        && !(event.caseID.text.hasSuffix("5") && ["completed", "step_completed"].contains(event.type))
    }
    // Two loads, the second of them late and in another order, so that verdicts were restated.
    let late = events.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
    let first = events.enumerated().filter { $0.offset % 3 != 0 }.map(\.element)
    let leader = try await ledger.leader { $0.batch = 500 }
    try await ledger.tell(leader, first, at: local("2026-05-20 09:00"))
    try await ledger.tell(leader, late.reversed(), at: local("2026-05-20 10:00"))
    try await ledger.execute("SELECT set_config('bizclock.now', '\(ReportTests.now)', false)")
  }

  private func rows(_ ledger: TestLedger, _ query: String) async throws -> [Row] {
    try await ledger.connection.run { session in
      let found = try session.execute(query)
      var rows: [Row] = []
      for row in 0..<found.rowCount {
        rows.append(
          Row(
            key: try found.text(row, 0), verdict: try found.optionalText(row, 1) ?? "open",
            early: try found.bool(row, 2), days: Double(try found.int4(row, 3)), hours: try found.float8(row, 4)))
      }
      return rows
    }
  }

  private static let dimensions =
    "process, commitment, version_from, region, channel, entity_type, report_tag"

  /// A line of text for comparing: the key, and figures rounded.
  private func line(_ key: String, _ counts: [Int], _ figures: [Double]) -> String {
    key + " " + (counts.map(String.init) + figures.map { rounded($0) }).joined(separator: " ")
  }

  private func rounded(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }

  /// The nearest rank: the least value that at least so many percent do not exceed.
  private func rank(_ values: [Double], _ percent: Int) -> Double {
    let sorted = values.sorted()
    return sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
  }

  private func count(_ rows: [Row], _ verdict: String) -> Int { rows.filter { $0.verdict == verdict }.count }

  @Test func byDateOfStop() async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger)
      for (view, period) in [
        ("on_time_monthly", "date_trunc('month', stopped_day)::date"), ("on_time_daily", "stopped_day"),
      ] {
        let clocks = try await rows(
          ledger,
          """
          SELECT concat_ws('|', \(period), \(ReportTests.coalesced), outcome), verdict, early, counted_days,
            (working_seconds / 3600)::float8
          FROM dashboard.clock WHERE verdict IS NOT NULL
          """)
        #expect(clocks.count > 200)
        let expected = Dictionary(grouping: clocks, by: \.key).map { key, rows in
          let finished = Double(rows.count)
          let days = rows.map(\.days)
          return line(
            key, [rows.count, count(rows, "on_time"), count(rows, "late"), count(rows, "premature")],
            [
              Double(count(rows, "on_time")) / finished, Double(rows.filter(\.early).count) / finished,
              days.reduce(0, +) / finished, rank(days, 50), rank(days, 90), rank(days, 95),
              rows.map(\.hours).reduce(0, +) / finished,
            ])
        }
        let told = try await ledger.connection.run { session -> [(String, [Int], [Double])] in
          let found = try session.execute(
            """
            SELECT concat_ws('|', \(view == "on_time_daily" ? "day" : "month"), \(ReportTests.coalesced), outcome),
              finished, on_time, late, premature, on_time_rate, early_rate, mean_counted_days,
              median_counted_days::float8, p90_counted_days::float8, p95_counted_days::float8, mean_working_hours
            FROM dashboard.\(view)
            """)
          var rows: [(String, [Int], [Double])] = []
          for row in 0..<found.rowCount {
            var counts: [Int] = []
            var figures: [Double] = []
            for column in 1...4 { counts.append(Int(try found.int8(row, column))) }
            for column in 5...11 { figures.append(try found.float8(row, column)) }
            rows.append((try found.text(row, 0), counts, figures))
          }
          return rows
        }
        expectRows(told.map { line($0.0, $0.1, $0.2) }.sorted(), expected.sorted())
      }
    }
  }

  private static let coalesced = dimensions.split(separator: ", ").map { "coalesce(\($0)::text, '')" }
    .joined(separator: ", ")

  /// Quantiles of office time come from the sketch: within 1/128 of the nearest rank.
  @Test func quantilesOfHours() async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger)
      let clocks = try await rows(
        ledger,
        """
        SELECT concat_ws('|', date_trunc('month', stopped_day)::date, \(ReportTests.coalesced), outcome), verdict, early,
          counted_days, (working_seconds / 3600)::float8
        FROM dashboard.clock WHERE verdict IS NOT NULL
        """)
      let byKey = Dictionary(grouping: clocks, by: \.key)
      let told = try await ledger.connection.run { session -> [(String, [Double])] in
        let found = try session.execute(
          """
          SELECT concat_ws('|', month, \(ReportTests.coalesced), outcome), median_working_hours, p90_working_hours,
            p95_working_hours
          FROM dashboard.on_time_monthly
          """)
        return try (0..<found.rowCount).map { row in
          (try found.text(row, 0), [try found.float8(row, 1), try found.float8(row, 2), try found.float8(row, 3)])
        }
      }
      #expect(told.count == byKey.count)
      for (key, quantiles) in told {
        let hours = (byKey[key] ?? []).map(\.hours)
        guard !hours.isEmpty else {
          Issue.record("\(key) has no clocks")
          continue
        }
        for (percent, quantile) in zip([50, 90, 95], quantiles) {
          let exact = rank(hours, percent)
          #expect(abs(quantile - exact) <= exact / 128 + 1e-9, "\(key) p\(percent): \(quantile), exactly \(exact)")
        }
      }
    }
  }

  /// By due date the open ones past due count too.
  @Test func byDueMonth() async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger)
      let clocks = try await rows(
        ledger,
        """
        SELECT concat_ws('|', date_trunc('month', due_day)::date, \(ReportTests.coalesced)), verdict, early, counted_days,
          0::float8
        FROM dashboard.clock
        WHERE verdict IS NOT NULL AND due_day IS NOT NULL OR state IN ('running', 'paused') AND due_at < dashboard.now()
        """)
      #expect(count(clocks, "open") > 5)
      let expected = Dictionary(grouping: clocks, by: \.key).map { key, rows in
        line(
          key,
          [rows.count, count(rows, "on_time"), count(rows, "late"), count(rows, "premature"), count(rows, "open")],
          [Double(count(rows, "on_time")) / Double(rows.count)])
      }
      let told = try await ledger.connection.run { session -> [(String, [Int], Double)] in
        let found = try session.execute(
          """
          SELECT concat_ws('|', month, \(ReportTests.coalesced)), due, on_time, late, premature, open_overdue, on_time_rate
          FROM dashboard.on_time_by_due_month
          """)
        var rows: [(String, [Int], Double)] = []
        for row in 0..<found.rowCount {
          var counts: [Int] = []
          for column in 1...5 { counts.append(Int(try found.int8(row, column))) }
          rows.append((try found.text(row, 0), counts, try found.float8(row, 6)))
        }
        return rows
      }
      expectRows(told.map { line($0.0, $0.1, [$0.2]) }.sorted(), expected.sorted())
    }
  }

  /// Lists of clocks agree with the table of all.
  @Test func listsOfOpenClocks() async throws {
    try await TestLedger.with { ledger async throws in
      try await loaded(ledger)
      func keys(_ view: String, _ condition: String = "true") async throws -> [String] {
        try await ledger.column(
          "SELECT concat_ws(' ', case_id, commitment, round) FROM dashboard.\(view) WHERE \(condition) ORDER BY 1")
      }
      let open = "state IN ('running', 'paused')"
      try await expectRows(keys("open_clock"), keys("clock", open))
      try await expectRows(keys("overdue"), keys("clock", "\(open) AND due_at < '\(ReportTests.now)'"))
      #expect(try await keys("overdue").count > 5)
      #expect(try await keys("due_soon").count > 0)
      try await expectRows(
        keys("due_soon", "due_at < '\(ReportTests.now)' OR state NOT IN ('running', 'paused')"), [])
      try await expectRows(
        ledger.column("SELECT count(*)::text FROM dashboard.before_after"),
        ledger.column("SELECT count(*)::text FROM bizclock.commitment_version WHERE kind = 'time'"))
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', sum(finished), sum(on_time), sum(late)) FROM dashboard.before_after"),
        ledger.column(
          """
          SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE verdict = 'on_time'), count(*) FILTER (WHERE verdict = 'late'))
          FROM dashboard.clock WHERE verdict IS NOT NULL
          """))
    }
  }
}
