import ServiceTime
import Testing

@testable import Ledger

/// Other rules judge every share again, in the transaction that puts them in force.
@Suite struct ShareRulesTests {
  private static let now = local("2026-07-05 12:00")

  /// Ten of May met the target; ten of June, half of them at the window, did not.
  private func missed(_ ledger: TestLedger) async throws {
    let received = local("2026-06-22 18:00")
    let leader = try await ledger.leader(now: received)
    try await ledger.tell(
      leader,
      ShareOffice.taxes("J", "2026-06-22 10:00", 10, online: 5)
        + ShareOffice.taxes("M", "2026-05-29 10:00", 10, online: 9), at: received)
    _ = try await ledger.raise(leader, at: ShareRulesTests.now)
    try await expectRows(
      ledger.shareAlerts(), ["202606 unreachable 06-23 00:00", "202606 missed 07-01 00:00"])
    try await ledger.clearLines()
  }

  struct Change: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var alerts: [String]
    var lines: [String]
    var apply: @Sendable (inout Policy) -> Void

    init(
      _ name: String, alerts: [String], lines: [String], apply: @escaping @Sendable (inout Policy) -> Void
    ) {
      testDescription = name
      self.alerts = alerts
      self.lines = lines
      self.apply = apply
    }
  }

  static let changes = [
    Change(
      "a lower target",
      alerts: [
        "202606 unreachable 06-23 00:00 withdrawn policy", "202606 missed 07-01 00:00 withdrawn policy",
      ],
      lines: ["withdrawn 202606 unreachable 5 10", "withdrawn 202606 missed 5 10"]
    ) { $0.shares[0].target = ShareTarget(millionths: 500_000) },
    // May: 9 of 10 on its last worked day: its end was long past when this became known.
    Change(
      "a higher target",
      alerts: [
        "202605 unreachable 05-30 00:00 retrospective", "202605 missed 06-01 00:00 retrospective",
        "202606 unreachable 06-23 00:00", "202606 missed 07-01 00:00",
      ],
      lines: [#"summary {"retrospective": 2}"#]
    ) { $0.shares[0].target = ShareTarget(millionths: 900_001) },
    // (14 + 0) of 20 in the quarter: told by its first month.
    Change(
      "a longer period",
      alerts: [
        "202604 unreachable 06-23 00:00", "202604 missed 07-01 00:00",
        "202606 unreachable 06-23 00:00 withdrawn policy", "202606 missed 07-01 00:00 withdrawn policy",
      ],
      lines: [
        "raised 202604 unreachable 14 20", "raised 202604 missed 14 20", "withdrawn 202606 unreachable",
        "withdrawn 202606 missed",
      ]
    ) { $0.shares[0].period = .quarter },
    Change(
      "promised no more",
      alerts: [
        "202606 unreachable 06-23 00:00 withdrawn policy", "202606 missed 07-01 00:00 withdrawn policy",
      ],
      lines: ["withdrawn 202606 unreachable", "withdrawn 202606 missed"]
    ) { $0.shares = [] },
    Change(
      "self-service counts",
      alerts: ["202606 unreachable 06-23 00:00", "202606 missed 07-01 00:00"], lines: []
    ) { $0.shares[0].counted.channels.append("self_service") },
    Change(
      "the window counts",
      alerts: [
        "202606 unreachable 06-23 00:00 withdrawn policy", "202606 missed 07-01 00:00 withdrawn policy",
      ],
      lines: ["withdrawn 202606 unreachable 10 10", "withdrawn 202606 missed 10 10"]
    ) { $0.shares[0].counted.channels.append("window") },
  ]

  @Test(arguments: changes) func judgedAgain(_ change: Change) async throws {
    try await TestLedger.with { ledger async throws in
      try await missed(ledger)
      let rulebook = try ShippedRules.rulebook { policy, _ in change.apply(&policy) }
      let outcome = try await ledger.apply(.policy, rulebook, now: ShareRulesTests.now)
      try await expectRows(ledger.shareAlerts(), change.alerts)
      try await expectRows(ledger.shareLines(), change.lines)
      #expect(outcome.alerts == change.alerts.count { $0.hasSuffix("policy") || !$0.hasPrefix("202606") })
      let report = try await ledger.verify(rulebook)
      #expect(report.differenceCount == 0, "\(report.differences)")
      if rulebook.policy.shares.isEmpty {
        try await expectRows(ledger.shareCells(), [])
        try await expectRows(
          ledger.column("SELECT DISTINCT share_day::text FROM bizclock.case_file"), ["null"])
      }
      // The next leader goes on from there.
      let leader = try await ledger.leader(rulebook, now: ShareRulesTests.now)
      #expect(leader.term.sharesThrough == ShareRulesTests.now)
      _ = try await ledger.raise(leader, at: ShareRulesTests.now)
      try await expectRows(ledger.shareAlerts(), change.alerts)
    }
  }

  /// Two days that are worked instead of rest days let more be expected: (17 + 10.7) of 30.7, not (17 + 8) of 28.
  @Test func theCalendarMovesWhatIsExpected() async throws {
    try await TestLedger.with { ledger async throws in
      let received = local("2026-06-22 18:00")
      let leader = try await ledger.leader(now: received)
      try await ledger.tell(leader, ShareOffice.taxes("J", "2026-06-22 10:00", 20, online: 17), at: received)
      _ = try await ledger.raise(leader, at: local("2026-06-24 09:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00"])
      let rulebook = try ShippedRules.rulebook { _, calendar in
        for day in [27, 28] {
          calendar.days.append(
            DayOverride(date: CivilDate(year: 2026, month: 6, day: day), kind: .makeupWorkday, name: "调休"))
        }
      }
      try await ledger.apply(.calendar, rulebook, now: local("2026-06-24 09:00"))
      // At the end of Tuesday: (17 + 8.75) of 28.75 are 89.6 %.
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-24 00:00 amended calendar"])
      #expect(try await ledger.verify(rulebook).differenceCount == 0)
    }
  }
}
