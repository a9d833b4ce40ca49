import ServiceTime
import Testing

@testable import Ledger

/// What cases add to shares: counted by the event's own channel, moved when later data says otherwise.
@Suite struct ShareCellTests {
  @Test func countedByHand() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      // K1 came in at the window, its tax step online; K2 has two tax steps; K3 one of unknown channel and a seal.
      try await ledger.tell(
        leader,
        [
          .told("K1", "accepted", "2026-06-22 09:00") { $0.channel = "window" },
          ShareOffice.tax("K1", "2026-06-22 23:59:59"), ShareOffice.tax("K2", "2026-06-22 10:00", "window"),
          ShareOffice.tax("K2", "2026-06-23 00:00"), ShareOffice.tax("K3", "2026-06-23 10:00", nil),
          .told("K3", "step_completed", "2026-06-23 11:00") {
            $0.step = "seal"
            $0.channel = "online"
          },
          .told("K4", "step_completed", "2026-06-23 11:00") {
            $0.process = "deregistration"
            $0.step = "tax"
            $0.channel = "online"
          },
        ], at: local("2026-06-23 12:00"))
      try await expectRows(ledger.shareCells(), ["06-22 2 1", "06-23 2 1"])
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', case_id, share_commitment::text, share_day::text, share_counted::text)
          FROM bizclock.case_file ORDER BY case_id
          """),
        [
          "K1 {online_tax} {2026-06-22} {t}", "K2 {online_tax,online_tax} {2026-06-22,2026-06-23} {f,t}",
          "K3 {online_tax} {2026-06-23} {f}", "K4",
        ])
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', kind, process, calendar, target, period) FROM bizclock.commitment_version "
            + "WHERE commitment = 'online_tax'"), ["share opening cn 0.9 month"])
      let report = try await ledger.verify()
      #expect(report.differenceCount == 0, "\(report.differences)")
      #expect(report.shareCells == 2)
    }
  }

  /// A void takes an event off; told again it may count otherwise, on another day, or the case be of another process.
  @Test(arguments: [0, 100_000]) func lateDataMovesThem(_ cached: Int) async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader { $0.cachedCases = cached }
      let first = ShareOffice.tax("K1", "2026-06-22 10:00", "window")
      try await ledger.tell(leader, [first, ShareOffice.tax("K2", "2026-06-22 10:00")])
      try await expectRows(ledger.shareCells(), ["06-22 2 1"])
      try await ledger.tell(leader, [.void(first, "2026-06-22 11:00")])
      try await expectRows(ledger.shareCells(), ["06-22 1 1"])
      try await ledger.tell(leader, [ShareOffice.tax("K1", "2026-06-21 10:00", id: "again")])
      try await expectRows(ledger.shareCells(), ["06-21 1 1", "06-22 1 1"])
      try await ledger.tell(leader, [.told("K2", "accepted", "2026-06-23 09:00") { $0.process = "deregistration" }])
      // What comes to nothing is gone.
      try await expectRows(ledger.shareCells(), ["06-21 1 1"])
      try await ledger.tell(leader, [.told("K2", "completed", "2026-06-24 09:00")])
      try await expectRows(ledger.shareCells(), ["06-21 1 1", "06-22 1 1"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// A share that names an attribute of the case follows it, in order and without folding again.
  @Test func theCasesAttributesMoveThem() async throws {
    try await TestLedger.with { ledger async throws in
      let rulebook = try ShareOffice.rulebook { $0.counted = CaseScope(entityTypes: ["enterprise"]) }
      try await ledger.apply(.policy, rulebook, now: TestLedger.founded)
      let leader = try await ledger.leader(rulebook)
      try await ledger.tell(leader, [ShareOffice.tax("K1", "2026-06-22 10:00")])
      try await expectRows(ledger.shareCells(), ["06-22 1 0"])
      try await ledger.tell(leader, [.told("K1", "completed", "2026-06-23 10:00") { $0.entityType = "enterprise" }])
      try await expectRows(ledger.shareCells(), ["06-22 1 1"])
      #expect(try await ledger.verify(rulebook).differenceCount == 0)
    }
  }

  /// Each share and month is a row: met only once it is over, and how good it can still be until then.
  @Test func theView() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(
        leader,
        ShareOffice.taxes("A", "2026-05-20 10:00", 10, online: 9)
          + ShareOffice.taxes("B", "2026-06-22 10:00", 10, online: 5)
          + ShareOffice.taxes("C", "2026-07-01 10:00", 3, online: 3)
          + ShareOffice.taxes("D", "2026-09-05 10:00", 3, online: 1))
      // On the 22nd 15 of 21 worked days have run: the pace brings 4 more, (5 + 4) of 14.
      try await expectRows(
        ledger.shareMonthly("2026-06-22 12:00"),
        [
          "online_tax 2026-05-01 10 9 0.9000 0.9 true 2026-05-31 - 0",
          "online_tax 2026-06-01 10 5 0.5000 0.9 - 2026-06-30 0.6429 40",
          "online_tax 2026-07-01 3 3 1.0000 0.9 - 2026-07-31 - 0",
          "online_tax 2026-09-01 3 1 0.3333 0.9 - 2026-09-30 - 17",
        ])
      // In July at least as many as in June are expected; no worked day of September has run by Saturday the 5th
      // but the 1st to the 4th.
      try await expectRows(
        ledger.shareMonthly("2026-07-31 23:59:59"),
        [
          "online_tax 2026-05-01 10 9 0.9000 0.9 true 2026-05-31 - 0",
          "online_tax 2026-06-01 10 5 0.5000 0.9 false 2026-06-30 - 40",
          "online_tax 2026-07-01 3 3 1.0000 0.9 - 2026-07-31 1.0000 0",
          "online_tax 2026-09-01 3 1 0.3333 0.9 - 2026-09-30 - 17",
        ])
      // 4 of 22 worked days: 3 · 18 / 4 = 13.5 more, (1 + 13.5) of 16.5.
      #expect(
        try await ledger.shareMonthly("2026-09-05 12:00").last
          == "online_tax 2026-09-01 3 1 0.3333 0.9 - 2026-09-30 0.8788 17")
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', title_en, title_zh, process) FROM dashboard.share_monthly LIMIT 1"),
        ["Online tax handling 网上办税使用率 opening"])
    }
  }
}
