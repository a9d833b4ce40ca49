import ServiceTime
import Testing

@testable import Ledger

/// How long cases take, with those that are not done: reckoned here once more from the clocks, in whole fractions.
@Suite struct SurvivalTests {
  private static let now = "2026-05-20 10:00+08"

  /// A fraction in lowest terms.
  private struct Fraction {
    var above: Int128
    var below: Int128

    mutating func multiply(by above: Int128, over below: Int128) {
      self.above *= above
      self.below *= below
      var (a, b) = (self.above, self.below)
      while b != 0 { (a, b) = (b, a % b) }
      if a > 1 {
        self.above /= a
        self.below /= a
      }
    }

    /// Whether it is at most a number of hundredths.
    func isAtMost(hundredths: Int128) -> Bool { above * 100 <= hundredths * below }
  }

  /// A clock: how many days it took or has taken, and whether it ended so.
  private struct Clock {
    var days: Int32
    var ended: Bool
  }

  /// The first number of days by which no more than `left` hundredths are left, all at risk as long as they were there.
  private func quantile(_ clocks: [Clock], left: Int128) -> Int32? {
    var survival = Fraction(above: 1, below: 1)
    for days in Set(clocks.lazy.filter(\.ended).map(\.days)).sorted() {
      let atRisk = clocks.count { $0.days >= days }
      let ended = clocks.count { $0.ended && $0.days == days }
      survival.multiply(by: Int128(atRisk - ended), over: Int128(atRisk))
      if survival.isAtMost(hundredths: left) { return days }
    }
    return nil
  }

  private func text(_ value: Int32?) -> String { value.map { "\($0)" } ?? "-" }

  @Test(arguments: [UInt64(1), 2, 3]) func saysWhatTheClocksSay(_ seed: UInt64) async throws {
    try await TestLedger.with { ledger async throws in
      var generator = SeededGenerator(seed: seed)
      let gone = Set((0..<10).filter { _ in generator.next() % 3 == 0 }.map { "\($0)" })
      // Some are never finished, so that they are open for weeks.
      let events = try OrderTests.simulated(cases: 120).filter { event in
        event.occurredAt < local("2026-05-20 10:00")
          && !(gone.contains(String(event.caseID.text.suffix(1)))
            && ["completed", "step_completed", "rejected", "notice_ended"].contains(event.type))
      }
      try await ledger.tell(ledger.leader(), events, at: local("2026-05-20 10:00"))
      try await ledger.execute("SELECT set_config('bizclock.now', '\(SurvivalTests.now)', false)")
      let clocks = try await ledger.connection.run { session -> [(String, String, Int32, String)] in
        let found = try session.execute(
          """
          SELECT commitment || ' ' || version_from, state, counted_days, coalesce(outcome, '') FROM dashboard.clock
          """)
        return try (0..<found.rowCount).map {
          (try found.text($0, 0), try found.text($0, 1), try found.int4($0, 2), try found.text($0, 3))
        }
      }
      #expect(clocks.count { $0.1 == "running" || $0.1 == "paused" } > 10)
      #expect(clocks.contains { $0.1 == "cancelled" })
      #expect(clocks.contains { $0.3 == "rejected" })
      var expected: [String] = []
      for (version, all) in Dictionary(grouping: clocks, by: \.0) {
        for ending in ["any", "completed"] {
          let told = all.map { clock in
            Clock(days: clock.2, ended: clock.1 == "stopped" && !(ending == "completed" && clock.3 == "rejected"))
          }
          let finished = told.filter(\.ended)
          expected.append(
            ([version, ending, "\(finished.count)"]
              + [Int128(50), 10, 5].map { text(quantile(finished, left: $0)) }
              + [Int128(50), 10, 5].map { text(quantile(told, left: $0)) }).joined(separator: " "))
        }
      }
      let told = try await ledger.column(
        """
        SELECT concat_ws(' ', commitment, version_from, ending, ended, coalesce(median_counted_days::text, '-'),
          coalesce(p90_counted_days::text, '-'), coalesce(p95_counted_days::text, '-'),
          coalesce(km_median_counted_days::text, '-'), coalesce(km_p90_counted_days::text, '-'),
          coalesce(km_p95_counted_days::text, '-'))
        FROM dashboard.duration_survival WHERE ended + open + cancelled > 0
        """)
      expectRows(told.sorted(), expected.sorted())
      // With what is not done it takes longer.
      #expect(
        try await ledger.column(
          """
          SELECT ending FROM dashboard.duration_survival WHERE commitment = 'opening' AND version_from = '2019-01-01'
            AND coalesce(km_p90_counted_days, 1000) > p90_counted_days
          """
        ).count == 2)
    }
  }
}
