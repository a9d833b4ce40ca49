import ServiceTime
import Testing

@testable import Ledger

/// Alerts of shares: raised at midnights, withdrawn, raised again and resolved as the truth becomes known.
@Suite struct ShareAlertTests {
  private static let monday = local("2026-06-22 18:00")
  private static let midnight = local("2026-06-23 00:00")
  private static let end = local("2026-07-01 00:00")

  @Test func raisedAtMidnights() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader(now: ShareAlertTests.monday)
      try await ledger.tell(
        leader, ShareOffice.taxes("K", "2026-06-22 10:00", 10, online: 5), at: ShareAlertTests.monday)
      #expect(leader.shareEdge(after: ShareAlertTests.monday) == ShareAlertTests.midnight)
      #expect(leader.shareEdge(after: ShareAlertTests.midnight) == local("2026-06-24 00:00"))
      _ = try await ledger.raise(leader, at: ShareAlertTests.midnight + -1)
      try await expectRows(ledger.shareAlerts(), [])
      _ = try await ledger.raise(leader, at: ShareAlertTests.midnight)
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00"])
      _ = try await ledger.raise(leader, at: ShareAlertTests.end + -1)
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00"])
      _ = try await ledger.raise(leader, at: ShareAlertTests.end)
      _ = try await ledger.raise(leader, at: local("2026-07-05 12:00"))
      try await expectRows(
        ledger.shareAlerts(), ["202606 unreachable 06-23 00:00", "202606 missed 07-01 00:00"])
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', alert_id, coalesce(case_id, '-'), process, priority, to_char(due_at, 'MM-DD HH24:MI'),
            to_char(recorded_at, 'MM-DD HH24:MI:SS.US'))
          FROM dashboard.alert WHERE commitment = 'online_tax' ORDER BY level_at
          """),
        [
          "online_tax/202606/unreachable/1 - opening warning 07-01 00:00 06-23 00:00:00.000000",
          "online_tax/202606/missed/1 - opening error 07-01 00:00 07-01 00:00:00.000000",
        ])
      try await expectRows(
        ledger.shareLines(), ["raised 202606 unreachable 5 10", "raised 202606 missed 5 10"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// What arrives later changes what was true at midnight: withdrawn, then raised again under the same id.
  @Test func lateTruth() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader(now: ShareAlertTests.monday)
      try await ledger.tell(
        leader, ShareOffice.taxes("K", "2026-06-22 10:00", 10, online: 5), at: ShareAlertTests.monday)
      _ = try await ledger.raise(leader, at: ShareAlertTests.midnight)
      let late = ShareOffice.taxes("L", "2026-06-22 11:00", 40, online: 40)
      try await ledger.tell(leader, late, at: local("2026-06-23 09:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00 withdrawn late_data"])
      // (41 + 18.4) of 64.4 are 92.2 %, (35 + 18.4) of 64.4 are 82.9 %.
      let mistakes = late.prefix(4).map { Event.void($0, "2026-06-23 10:00") }
      try await ledger.tell(leader, mistakes, at: local("2026-06-23 10:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00 withdrawn late_data"])
      try await ledger.tell(
        leader,
        late.dropFirst(4).prefix(6).map { Event.void($0, "2026-06-23 11:00") }
          + ShareOffice.taxes("M", "2026-06-22 12:00", 6, online: 0), at: local("2026-06-23 11:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00 amended voided"])
      try await expectRows(
        ledger.shareLines(),
        ["raised 202606 unreachable 5 10", "withdrawn 202606 unreachable 45 50", "raised 202606 unreachable 35 46"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Out of reach on one day, and met in the end: resolved when the period closes.
  @Test func metAfterAll() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader(now: ShareAlertTests.monday)
      try await ledger.tell(
        leader, ShareOffice.taxes("K", "2026-06-22 10:00", 10, online: 5), at: ShareAlertTests.monday)
      _ = try await ledger.raise(leader, at: ShareAlertTests.midnight)
      let flood = ShareOffice.taxes("L", "2026-06-30 10:00", 40, online: 40)
      try await ledger.tell(leader, flood, at: local("2026-06-30 18:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00"])
      _ = try await ledger.raise(leader, at: ShareAlertTests.end)
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00 resolved 07-01"])
      try await expectRows(
        ledger.shareLines(), ["raised 202606 unreachable 5 10", "resolved 202606 unreachable 45 50"])
      // The wall clock is set back: what was told stands.
      _ = try await ledger.raise(leader, at: local("2026-06-30 20:00"))
      try await ledger.tell(leader, [ShareOffice.tax("S", "2026-06-30 19:00")], at: local("2026-06-30 20:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00 resolved 07-01"])
      _ = try await ledger.raise(leader, at: ShareAlertTests.end)
      #expect(try await ledger.shareLines().count == 2)
      // Two of them were none: missed, and no longer resolved.
      try await ledger.tell(
        leader, flood.prefix(2).map { Event.void($0, "2026-07-01 09:00") }, at: local("2026-07-01 09:00"))
      try await expectRows(
        ledger.shareAlerts(), ["202606 unreachable 06-23 00:00", "202606 missed 07-01 00:00"])
      #expect(try await ledger.verify().differenceCount == 0)
      // And back again by one that was forgotten.
      try await ledger.tell(
        leader, [ShareOffice.tax("N", "2026-06-30 16:00")], at: local("2026-07-01 10:00"))
      try await expectRows(
        ledger.shareAlerts(),
        ["202606 unreachable 06-23 00:00 resolved 07-01", "202606 missed 07-01 00:00 withdrawn late_data"])
      try await expectRows(
        Array(ledger.shareLines().dropFirst(2)),
        ["raised 202606 missed 44 49", "resolved 202606 unreachable 45 50", "withdrawn 202606 missed 45 50"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// What is expected of a month rests on the month before: data of May that comes late moves an alert of June.
  @Test func theMonthBefore() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader(now: ShareAlertTests.monday)
      try await ledger.tell(
        leader, ShareOffice.taxes("K", "2026-06-22 10:00", 10, online: 5), at: ShareAlertTests.monday)
      _ = try await ledger.raise(leader, at: local("2026-06-24 12:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00"])
      // (5 + 40) of 50 would be 90 %.
      try await ledger.tell(
        leader, ShareOffice.taxes("M", "2026-05-20 10:00", 49, online: 49), at: local("2026-06-24 12:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00"])
      try await ledger.tell(
        leader, [ShareOffice.tax("M", "2026-05-21 10:00")], at: local("2026-06-24 12:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00 withdrawn late_data"])
      // One more at the window on Tuesday, and it is out of reach from then on: (5 + 39) of 50.
      try await ledger.tell(
        leader, [ShareOffice.tax("W", "2026-06-23 10:00", "window")], at: local("2026-06-24 12:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-24 00:00 amended late_data"])
      // And a day sooner, while it stands: amended.
      try await ledger.tell(
        leader, [ShareOffice.tax("V", "2026-06-22 16:00", "window")], at: local("2026-06-24 13:00"))
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00 amended late_data"])
      #expect(
        try await ledger.shareLines().map { $0.split(separator: " ")[0] } == [
          "raised", "withdrawn", "raised", "amended",
        ])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Midnights that pass while nobody leads are made up for, once, with their true instants; they page.
  @Test func whileNobodyLed() async throws {
    try await TestLedger.with { ledger async throws in
      let first = try await ledger.leader(now: ShareAlertTests.monday)
      try await ledger.tell(
        first, ShareOffice.taxes("K", "2026-06-22 10:00", 10, online: 5), at: ShareAlertTests.monday)
      let through = "SELECT to_char(shares_through, 'MM-DD HH24:MI') FROM bizclock.projector"
      let second = try await ledger.leader(now: local("2026-06-25 09:00"))
      _ = try await ledger.raise(second, at: local("2026-06-25 09:00"))
      try await expectRows(ledger.column(through), ["06-25 09:00"])
      try await expectRows(ledger.shareAlerts(), ["202606 unreachable 06-23 00:00"])
      // The one that was replaced finds itself deposed at its next midnight, and writes nothing.
      #expect(try await ledger.raise(first, at: local("2026-06-26 00:00")).raised == nil)
      try await expectRows(ledger.column(through), ["06-25 09:00"])
      let third = try await ledger.leader(now: local("2026-07-05 09:00"))
      #expect(third.term.sharesThrough == local("2026-06-25 09:00"))
      _ = try await ledger.raise(third, at: local("2026-07-05 09:00"))
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', level, to_char(level_at, 'MM-DD HH24:MI'), to_char(recorded_at, 'MM-DD HH24:MI'))
          FROM bizclock.alert WHERE case_id = '' ORDER BY level_at
          """), ["unreachable 06-23 00:00 06-25 09:00", "missed 07-01 00:00 07-05 09:00"])
      try await expectRows(
        ledger.shareLines(), ["raised 202606 unreachable 5 10", "raised 202606 missed 5 10"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// History pages nobody: loaded as such, or known only a day after its midnight.
  @Test(arguments: [
    ("2026-07-01 00:01", true, ["retrospective", "retrospective"]),
    ("2026-11-23 00:00", false, ["retrospective", "retrospective"]),
    ("2026-07-01 09:00", false, ["retrospective", "paged"]), ("2026-06-22 18:00", false, ["paged", "paged"]),
  ])
  func history(_ received: String, _ flagged: Bool, _ expected: [String]) async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader(now: local(received))
      try await ledger.tell(
        leader, ShareOffice.taxes("K", "2026-06-22 10:00", 10, online: 5), at: local(received), history: flagged)
      _ = try await ledger.raise(leader, at: local("2026-11-23 00:00"))
      try await expectRows(
        ledger.column(
          """
          SELECT CASE WHEN retrospective THEN 'retrospective' ELSE 'paged' END
          FROM bizclock.alert WHERE case_id = '' ORDER BY level_at
          """), expected)
      let paged = expected.count { $0 == "paged" }
      var lines = try await ledger.shareLines()
      lines.removeAll { $0.hasPrefix("summary") }
      #expect(lines.count == paged)
      let summed = try await ledger.column(
        "SELECT coalesce(sum((fields->>'retrospective')::int), 0)::text FROM bizclock.log_outbox")
      #expect(summed == ["\(2 - paged)"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }
}
