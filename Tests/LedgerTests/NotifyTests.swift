import ServiceTime
import Testing

@testable import Ledger

/// Whom a level is for: the policy says it, the alert keeps it, the views cut the region to its height.
@Suite struct NotifyTests {
  private static let morning = local("2026-06-01 09:05")
  private static let end = local("2026-06-08 17:30")

  /// The levels of `opening`: yellow, red and escalated, each for somebody else; those of `one_day` for nobody.
  private static func rulebook(_ yellow: Level.Addressee?, _ red: Level.Addressee?, _ escalated: Level.Addressee?)
    throws -> Rulebook
  {
    try ShippedRules.rulebook { policy, _ in
      for (index, addressee) in [yellow, red, escalated].enumerated() {
        policy.commitments[0].levels[index].notify = addressee
      }
    }
  }

  private static func accepted(_ caseID: String, region: String?) -> Event {
    .told(caseID, "accepted", "2026-06-01 09:00") { event in
      event.region = region
      event.serviceWindow = "w1"
    }
  }

  private static func notified(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', case_id, commitment, level, coalesce(notify, '-'), coalesce(notify_region, '-'))
      FROM dashboard.alert WHERE withdrawn_at IS NULL ORDER BY case_id, commitment DESC, level_at
      """)
  }

  private static let cases =
    [
      ("K1", "469005101203"), ("K2", "469005101"), ("K3", "469005"), ("K4", "46"), ("K5", nil),
    ] as [(String, String?)]

  private static let expected = [
    "K1 opening yellow community 469005101203", "K1 opening red town 469005101",
    "K1 opening escalated city 469005", "K1 one_day yellow - -", "K1 one_day red - -",
    "K2 opening yellow community 469005101", "K2 opening red town 469005101", "K2 opening escalated city 469005",
    "K2 one_day yellow - -", "K2 one_day red - -",
    "K3 opening yellow community 469005", "K3 opening red town 469005", "K3 opening escalated city 469005",
    "K3 one_day yellow - -", "K3 one_day red - -",
    "K4 opening yellow community 46", "K4 opening red town 46", "K4 opening escalated city 46",
    "K4 one_day yellow - -", "K4 one_day red - -",
    "K5 opening yellow community -", "K5 opening red town -", "K5 opening escalated city -",
    "K5 one_day yellow - -", "K5 one_day red - -",
  ]

  /// The same whether levels are raised on their instants or found past by the projection.
  @Test(arguments: [false, true])
  func everyHeightHasItsRegion(projected: Bool) async throws {
    try await TestLedger.with { ledger async throws in
      let rulebook = try NotifyTests.rulebook(.community, .town, .city)
      try await ledger.apply(.policy, rulebook, now: NotifyTests.morning)
      let leader = try await ledger.leader(rulebook)
      let events = NotifyTests.cases.map { NotifyTests.accepted($0.0, region: $0.1) }
      try await ledger.tell(leader, events, at: projected ? NotifyTests.end : NotifyTests.morning)
      try await ledger.catchUp(leader, now: NotifyTests.end)
      try await expectRows(NotifyTests.notified(ledger), NotifyTests.expected)
      #expect(try await ledger.verify(rulebook).differenceCount == 0)
      let lines = try await ledger.connection.run { try Outbox.pending(&$0, limit: 100, summaries: false) }
      let told = lines.filter { $0.subject?.caseID == "K1" && $0.event == "alert.raised" }
      // Of what was told too late, the levels more than a day back page nobody.
      let levels = Dictionary(
        told.map { ("\($0.subject?.commitment ?? "") \($0.subject?.level ?? "")", $0.texts["notify"]) },
        uniquingKeysWith: { $1 })
      #expect(
        levels
          == (projected
            ? ["opening escalated": "city"]
            : [
              "opening yellow": "community", "opening red": "town", "opening escalated": "city",
              "one_day yellow": nil, "one_day red": nil,
            ]))
    }
  }

  @Test func theWindowIsWhereTheCaseIs() async throws {
    try await TestLedger.with { ledger async throws in
      let rulebook = try NotifyTests.rulebook(.window, nil, .window)
      try await ledger.apply(.policy, rulebook, now: NotifyTests.morning)
      let leader = try await ledger.leader(rulebook)
      try await ledger.tell(leader, [NotifyTests.accepted("K1", region: "469005101203")], at: NotifyTests.morning)
      try await ledger.catchUp(leader, now: NotifyTests.end)
      try await expectRows(
        NotifyTests.notified(ledger),
        [
          "K1 opening yellow window 469005101203", "K1 opening red - -", "K1 opening escalated window 469005101203",
          "K1 one_day yellow - -", "K1 one_day red - -",
        ])
    }
  }

  /// A change of the policy: what was raised says what is in force now, and so will what is raised later; that alone is
  /// no news for the log, and no verdict changes.
  @Test func alertsFollowThePolicy() async throws {
    try await TestLedger.with { ledger async throws in
      let first = try await ledger.leader()
      try await ledger.tell(first, [NotifyTests.accepted("K1", region: "469005101")], at: NotifyTests.morning)
      try await ledger.catchUp(first, now: local("2026-06-03 17:30"))
      try await ledger.clearLines()

      let named = try NotifyTests.rulebook(.community, .town, .city)
      #expect(try await ledger.verify(named).differences.map(\.what).count == 2)
      let outcome = try await ledger.apply(.policy, named, now: local("2026-06-03 18:00"))
      #expect(outcome.alerts == 2 && outcome.verdicts == 0 && outcome.clocks == 0)
      try await expectRows(ledger.lines(), [])
      let second = try await ledger.leader(named)
      try await ledger.catchUp(second, now: NotifyTests.end)
      try await expectRows(
        NotifyTests.notified(ledger),
        [
          "K1 opening yellow community 469005101", "K1 opening red town 469005101",
          "K1 opening escalated city 469005", "K1 one_day yellow - -", "K1 one_day red - -",
        ])
      #expect(try await ledger.verify(named).differenceCount == 0)

      // And back: nobody is named any more.
      #expect(try await ledger.apply(.policy, ledger.rulebook, now: local("2026-06-09 09:00")).alerts == 3)
      try await expectRows(
        ledger.column("SELECT count(*)::text FROM bizclock.alert WHERE notify IS NOT NULL"), ["0"])
    }
  }
}
