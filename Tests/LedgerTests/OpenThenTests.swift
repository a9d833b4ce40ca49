import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// What was open at a past moment, after everything that can change has changed.
@Suite struct OpenThenTests {
  private func report(
    _ ledger: TestLedger, knownAt moment: Instant?, _ rulebook: Rulebook? = nil,
    _ dimensions: [OnTimeReport.Dimension] = [.region, .tag]
  ) async throws -> [String] {
    let rulebook = rulebook ?? ledger.rulebook
    return try await ledger.connection.run { session in
      var question = OnTimeReport.Question(
        from: CivilDate(year: 2026, month: 1, day: 1), to: CivilDate(year: 2026, month: 12, day: 31),
        dimensions: dimensions)
      if let moment {
        question.past = OnTimeReport.Past(known: try KnownThen.read(at: moment, &session), rulebook: rulebook)
      }
      return try OnTimeReport.read(question, on: &session).rows.map { "\($0)" }
    }
  }

  private func asOf(_ ledger: TestLedger) async throws -> Instant {
    try await ledger.connection.run { session in
      try OnTimeReport.read(
        OnTimeReport.Question(
          from: CivilDate(year: 2026, month: 1, day: 1), to: CivilDate(year: 2026, month: 1, day: 1)), on: &session
      ).standing.asOf
    }
  }

  private func set(_ ledger: TestLedger, now: String) async throws {
    try await ledger.execute("SELECT set_config('bizclock.now', '\(now)+08', false)")
  }

  /// By the same rules: finished since, cancelled, voided, its region corrected, begun since, paused.
  @Test func eventsSince() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let began = (1...6).map { number in
        Event.told("K\(number)", "accepted", "2026-06-01 09:00") { $0.region = "469005100" }
      }
      try await ledger.tell(leader, began, at: local("2026-06-01 10:00"))
      try await set(ledger, now: "2026-06-05 12:00")
      let before = try await report(ledger, knownAt: nil)
      #expect(before.contains { $0.contains("open: Optional(6), overdue: Optional(6)") })
      let moment = try await asOf(ledger)
      // Nothing was recorded since they fell due, but that they did is in the report.
      #expect(moment == local("2026-06-03 17:30") + 1)

      try await ledger.tell(
        leader,
        [
          .told("K1", "completed", "2026-06-05 13:00"), .told("K2", "withdrawn", "2026-06-05 13:00"),
          .void(began[2], "2026-06-05 13:00"), .told("K4", "moved", "2026-06-02 13:00") { $0.region = "469005101" },
          .told("K5", "correction_requested", "2026-06-02 10:00"), .told("K7", "accepted", "2026-06-01 09:00"),
        ], at: local("2026-06-05 14:00"))
      try await set(ledger, now: "2026-06-05 15:00")
      let after = try await report(ledger, knownAt: nil)
      #expect(after != before)
      try await expectRows(report(ledger, knownAt: moment), before)
      try await expectRows(report(ledger, knownAt: asOf(ledger)), after)
    }
  }

  /// A report before and one after are told apart though an event stood in the ledger in between, not projected yet.
  @Test func takenInAndNotProjected() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 10:00"))
      try await ledger.append([.told("K2", "accepted", "2026-06-01 09:00")], receivedAt: local("2026-06-01 10:00"))
      try await set(ledger, now: "2026-06-01 11:00")
      let before = try await report(ledger, knownAt: nil)
      try await ledger.catchUp(leader, now: local("2026-06-01 12:00"))
      try await expectRows(report(ledger, knownAt: local("2026-06-01 11:00")), before)
      #expect(try await report(ledger, knownAt: local("2026-06-01 12:01")) != before)
    }
  }

  /// What is being recorded while a report is read may bear an earlier time than what fell due meanwhile: the report
  /// stands for what was recorded last, and is the same when it is asked for again.
  @Test(arguments: [true, false])
  func whileSomethingIsRecorded(_ commits: Bool) async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 10:00"))
      try await ledger.append([.told("K2", "accepted", "2026-06-01 09:00")], receivedAt: local("2026-06-03 17:29"))
      try await set(ledger, now: "2026-06-03 17:31")
      let writer = try await ledger.connect()
      try await writer.run { session in
        try session.begin()
        try session.execute("UPDATE bizclock.projector SET position = 2, recorded_at = '2026-06-03 17:29+08'")
      }
      let (before, moment) = (try await report(ledger, knownAt: nil), try await asOf(ledger))
      let end = commits ? "COMMIT" : "ROLLBACK"
      _ = try await writer.run { try $0.execute(end) }
      await writer.close()
      #expect(moment < local("2026-06-01 10:01"))
      #expect(before.contains { $0.contains("open: Optional(1), overdue: Optional(0)") })
      try await expectRows(report(ledger, knownAt: moment), before)
      // A writer that has given up is at work no more.
      if !commits { #expect(try await asOf(ledger) == local("2026-06-03 17:30") + 1) }
    }
  }

  /// How many events were in the ledger by then and not projected is told as of then.
  @Test func behindThen() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 10:00"))
      for (id, minute) in [("K2", "05"), ("K3", "06"), ("K4", "20")] {
        try await ledger.append(
          [.told(id, "accepted", "2026-06-01 09:00")], receivedAt: local("2026-06-01 10:\(minute)"))
      }
      try await ledger.catchUp(leader, now: local("2026-06-01 10:30"))
      for (moment, behind) in [("10:04", 0), ("10:05", 1), ("10:19", 2), ("10:29", 3), ("10:31", 0)]
        as [(String, Int64)]
      {
        let told = try await ledger.connection.run { session in
          var question = OnTimeReport.Question(
            from: CivilDate(year: 2026, month: 6, day: 1), to: CivilDate(year: 2026, month: 6, day: 1))
          question.past = OnTimeReport.Past(
            known: try KnownThen.read(at: local("2026-06-01 \(moment)"), &session), rulebook: ledger.rulebook)
          return try OnTimeReport.read(question, on: &session).standing.behind
        }
        #expect(told == behind, "\(moment)")
      }
    }
  }

  /// Other rules since: a commitment gone, another limit, a closure, other tags.
  @Test func rulesSince() async throws {
    let changed = try ShippedRules.rulebook { policy, calendar in
      policy.commitments.remove(at: 2)
      policy.commitments[0].versions[1].limit = .workingDays(9)
      policy.reportTags = []
      calendar.closures = [Closure(from: local("2026-06-02 08:00"), to: nil, name: "typhoon")]
    }
    try await TestLedger.with { ledger async throws in
      let events = try OrderTests.simulated(cases: 80).filter { $0.occurredAt < local("2026-04-20 10:00") }
      try await ledger.tell(ledger.leader(), events, at: local("2026-04-20 11:00"))
      try await set(ledger, now: "2026-04-20 12:00")
      let before = try await report(ledger, knownAt: nil)
      let moment = try await asOf(ledger)
      #expect(before.contains { $0.contains("commitment: \"one_day\"") })
      try await ledger.apply(.policy, changed, now: local("2026-06-03 09:00"))
      try await set(ledger, now: "2026-06-03 10:00")
      let after = try await report(ledger, knownAt: nil)
      #expect(!after.contains { $0.contains("commitment: \"one_day\"") })
      try await expectRows(report(ledger, knownAt: moment), before)
      try await expectRows(report(ledger, knownAt: asOf(ledger), changed), after)
      #expect(try await report(ledger, knownAt: local("2025-12-31 09:00")).isEmpty)
    }
  }
}
