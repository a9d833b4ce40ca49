import ServiceTime
import Settings
import Simulator
import Testing

@testable import Ledger

/// Shares come out the same whatever the order of arrival, and what is changed behind the ledger's back is found.
@Suite struct ShareProofTests {
  struct Delivery: Sendable {
    var batch: Int
    var cached: Int
    /// Shuffled, with one event in five told twice; nil is the order of the story.
    var seed: UInt64?
  }

  private func load(_ events: [Event], _ delivery: Delivery) async throws -> [String] {
    var given = events
    if let seed = delivery.seed {
      var generator = SeededGenerator(seed: seed)
      given = (events + events.filter { _ in generator.next() % 5 == 0 }).shuffled(using: &generator)
    }
    let told = given
    return try await TestLedger.with { ledger async throws in
      try await ledger.append(told, batch: delivery.batch)
      let leader = try await ledger.leader { settings in
        settings.batch = delivery.batch
        settings.cachedCases = delivery.cached
      }
      try await ledger.catchUp(leader)
      let report = try await ledger.verify()
      #expect(report.differenceCount == 0, "\(report.differences.prefix(5))")
      // The cells are the sums of what the view of events tells.
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', to_char(occurred_at, 'MM-DD'), count(*), count(*) FILTER (WHERE channel = 'online'))
          FROM dashboard.event_log WHERE activity = 'step_completed:tax' AND process = 'opening'
          GROUP BY to_char(occurred_at, 'MM-DD') ORDER BY 1
          """), ledger.shareCells())
      return try await ledger.shareCells()
        + ledger.column(
          """
          SELECT concat_ws(' ', alert_id, due_at, level_at, resolved_at) FROM dashboard.alert
          WHERE commitment = 'online_tax' AND withdrawn_at IS NULL ORDER BY alert_id
          """)
    }
  }

  /// Cases of three months with many mistakes, four tax steps in five online.
  private static func simulated() throws -> [Event] {
    var scenario = Scenario.usual
    scenario.mistakes = 150
    scenario.onlineTax = 800
    let calendar = try #require(try ShippedRules.rulebook().mainCalendar(process: "opening"))
    return Array(
      ChronologicalEvents(
        Simulator(
          seed: 11, cases: 250, from: CivilDate(year: 2026, month: 3, day: 2),
          to: CivilDate(year: 2026, month: 5, day: 29), calendar: calendar, scenario: scenario)))
  }

  @Test func anyOrderAnyRepetition() async throws {
    let events = try ShareProofTests.simulated()
    let ordered = try await load(events, Delivery(batch: 20_000, cached: 100_000))
    #expect(ordered.count { $0.contains("/missed/") } >= 2)
    #expect(ordered.count { $0.contains("/unreachable/") } >= 2)
    for delivery in [
      Delivery(batch: 20_000, cached: 0, seed: 3), Delivery(batch: 113, cached: 40, seed: 5),
      Delivery(batch: 300, cached: 100_000, seed: 6), Delivery(batch: 250, cached: 0),
    ] {
      let other = try await load(events, delivery)
      #expect(other == ordered, "\(delivery): \(other.difference(from: ordered).prefix(4))")
    }
  }

  /// Told day by day, with every midnight passing in between, the same stands as when all is known at once.
  @Test func dayByDay() async throws {
    let events = try ShareProofTests.simulated()
    let atOnce = try await load(events, Delivery(batch: 20_000, cached: 100_000))
    let live = try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader(now: local("2026-03-01 12:00"))
      var rest = events[...]
      var now = local("2026-03-02 18:00")
      while !rest.isEmpty {
        let known = Array(rest.prefix { $0.occurredAt <= now })
        rest = rest.dropFirst(known.count)
        try await ledger.append(known, receivedAt: now)
        try await ledger.catchUp(leader, now: now)
        now = now + 86_400_000_000
      }
      try await ledger.catchUp(leader)
      #expect(try await ledger.verify().differenceCount == 0)
      return try await ledger.shareCells()
        + ledger.column(
          """
          SELECT concat_ws(' ', alert_id, due_at, level_at, resolved_at) FROM dashboard.alert
          WHERE commitment = 'online_tax' AND withdrawn_at IS NULL ORDER BY alert_id
          """)
    }
    #expect(live == atOnce, "\(live.difference(from: atOnce).prefix(4))")
  }

  struct Tampering: Sendable {
    var statement: String
    var subject: String
    var row: String
    var what: String
    init(_ statement: String, _ subject: String, _ row: String, _ what: String) {
      self.statement = statement
      self.subject = subject
      self.row = row
      self.what = what
    }
  }

  static let tamperings = [
    Tampering(
      "UPDATE bizclock.share_cell SET counted = 6", "share_cell", "2026-06-22 online_tax",
      "counts 6 of 10, the cases tell 5 of 10"),
    Tampering(
      "UPDATE bizclock.share_cell SET population = 11", "share_cell", "2026-06-22 online_tax", "counts 5 of 11"),
    Tampering("DELETE FROM bizclock.share_cell", "share_cell", "2026-06-22 online_tax", "is missing"),
    Tampering(
      "UPDATE bizclock.share_cell SET day = day + 1", "share_cell", "2026-06-23 online_tax", "should not be there"),
    Tampering(
      "UPDATE bizclock.case_file SET share_counted = '{f}' WHERE case_id = 'K0'", "K0", "case", "other attributes"),
    Tampering(
      "UPDATE bizclock.case_file SET share_day = NULL WHERE case_id = 'K0'", "K0", "case", "other attributes"),
    Tampering(
      "DELETE FROM bizclock.alert WHERE level = 'missed'", "online_tax", "alert online_tax/202606/missed/1",
      "is missing; the level was reached at 2026-06-30T16:00:00Z"),
    Tampering(
      "UPDATE bizclock.alert SET withdrawn_at = now() WHERE level = 'unreachable'", "online_tax",
      "alert online_tax/202606/unreachable/1", "is missing"),
    Tampering(
      "UPDATE bizclock.alert SET level_at = due_at WHERE level = 'unreachable'", "online_tax",
      "alert online_tax/202606/unreachable/1", "stands for 2026-06-30T16:00:00Z"),
    Tampering(
      "UPDATE bizclock.alert SET due_at = level_at WHERE level = 'unreachable'", "online_tax",
      "alert online_tax/202606/unreachable/1", "as the period's end"),
    Tampering(
      "UPDATE bizclock.alert SET priority = 'debug' WHERE level = 'missed'", "online_tax",
      "alert online_tax/202606/missed/1", "is debug"),
    Tampering(
      "UPDATE bizclock.alert SET resolved_at = due_at WHERE level = 'unreachable'", "online_tax",
      "alert online_tax/202606/unreachable/1", "resolved otherwise"),
    Tampering(
      "UPDATE bizclock.alert SET round = 202607 WHERE level = 'missed'", "online_tax",
      "alert online_tax/202607/missed/1", "the level was never reached"),
  ]

  @Test func everyTamperingIsFound() async throws {
    try await TestLedger.with { ledger async throws in
      let received = local("2026-06-22 18:00")
      let leader = try await ledger.leader(now: received)
      try await ledger.tell(leader, ShareOffice.taxes("K", "2026-06-22 10:00", 10, online: 5), at: received)
      _ = try await ledger.raise(leader, at: local("2026-07-05 12:00"))
      let clean = try await ledger.verify()
      #expect(clean.differenceCount == 0, "\(clean.differences)")
      #expect([clean.shareCells, clean.alerts] == [1, 2])
      for tampering in ShareProofTests.tamperings {
        let report = try await ledger.connection.run { session in
          defer { session.rollbackQuietly() }
          try session.begin()
          #expect(try session.execute(tampering.statement).affectedRows > 0, "\(tampering)")
          return try Verifier.compareAll(ledger.rulebook, &session)
        }
        let named = report.differences.contains {
          $0.subject == tampering.subject && $0.row == tampering.row && $0.what.contains(tampering.what)
        }
        #expect(named, "\(tampering): \(report.differences)")
      }
    }
  }
}
