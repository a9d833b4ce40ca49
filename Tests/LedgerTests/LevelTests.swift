import ServiceTime
import Testing

@testable import Ledger

/// Levels are raised on their instant and not before, as many as one transaction takes, and history pages nobody.
@Suite struct LevelTests {
  private static let accepted = Event.told("K1", "accepted", "2026-06-01 09:00")
  private static let morning = local("2026-06-01 09:05")

  /// 90 % of one day, one day's due and the day before due; then due, and three days after.
  @Test func onTheInstant() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader(now: LevelTests.morning)
      try await ledger.append([LevelTests.accepted], receivedAt: LevelTests.morning)
      try await ledger.connection.run { _ = try leader.projectNext(&$0, now: LevelTests.morning) }
      var now = LevelTests.morning
      for (instant, raised) in [
        ("2026-06-02 16:15", 1), ("2026-06-02 17:30", 2), ("2026-06-03 17:30", 1), ("2026-06-08 17:30", 1),
      ] {
        let next = local(instant)
        let before = try await ledger.raise(leader, at: now)
        #expect(before == LevelStep(raised: 0, more: false, next: next))
        #expect(try await ledger.raise(leader, at: next + -1) == LevelStep(raised: 0, more: false, next: next))
        #expect(try await ledger.raise(leader, at: next).raised == raised)
        now = next
      }
      #expect(
        try await ledger.raise(leader, at: local("2027-01-01 00:00"))
          == LevelStep(raised: 0, more: false, next: nil))
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', commitment, level, priority, to_char(level_at, 'MM-DD HH24:MI'), recorded_at - level_at,
            to_char(due_at, 'MM-DD HH24:MI'))
          FROM bizclock.alert ORDER BY recorded_at, commitment
          """),
        [
          "one_day yellow warning 06-02 16:15 00:00:00 06-02 17:30",
          "one_day red error 06-02 17:30 00:00:00 06-02 17:30",
          "opening yellow warning 06-02 17:30 00:00:00 06-03 17:30",
          "opening red error 06-03 17:30 00:00:00 06-03 17:30",
          "opening escalated critical 06-08 17:30 00:00:00 06-03 17:30",
        ])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// What is projected on a level's instant raises it, what is projected before leaves it to come.
  @Test func projectedOnTheInstant() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let due = local("2026-06-02 17:30")
      try await ledger.append([LevelTests.accepted], receivedAt: LevelTests.morning)
      try await ledger.connection.run { _ = try leader.projectNext(&$0, now: due + -1) }
      try await expectRows(ledger.alerts(), [])
      try await ledger.append([.told("K1", "inspected", "2026-06-01 10:00")], receivedAt: LevelTests.morning)
      try await ledger.connection.run { _ = try leader.projectNext(&$0, now: due) }
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30"])
      #expect(
        try await ledger.raise(leader, at: due)
          == LevelStep(raised: 0, more: false, next: local("2026-06-03 17:30")))
    }
  }

  /// The clock that ended before a level never reaches it; one that ended after it did.
  @Test func endedBeforeAndAfter() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(
        leader, [LevelTests.accepted, .told("K2", "accepted", "2026-06-01 09:00")], at: LevelTests.morning)
      // K1 is completed before the yellow level, though that is told afterwards; K2 after the red one.
      try await ledger.tell(
        leader, [.told("K1", "completed", "2026-06-02 17:29"), .told("K2", "completed", "2026-06-03 18:00")],
        at: local("2026-06-03 18:01"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30 resolved", "red 1 06-03 17:30 resolved"])
      try await expectRows(
        ledger.lines(), ["raised yellow 1", "resolved yellow 1", "raised red 1", "resolved red 1"])
      #expect(try await ledger.raise(leader, at: local("2026-07-01 09:00")).next == nil)
    }
  }

  /// A feed may be some minutes ahead: a stop that lies ahead does not hide a level that comes before it.
  @Test func stopAhead() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(
        leader, [LevelTests.accepted, .told("K1", "completed", "2026-06-03 17:33")], at: local("2026-06-03 17:29"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30 resolved"])
      try await ledger.clearLines()
      #expect(try await ledger.raise(leader, at: local("2026-06-03 17:30")).raised == 1)
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30 resolved", "red 1 06-03 17:30 resolved"])
      try await expectRows(ledger.lines(), ["raised red 1", "resolved red 1"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  @Test func asManyAsOneTransactionTakes() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader { $0.levelBatch = 10 }
      let events = (10..<35).map { Event.told("K\($0)", "accepted", "2026-06-01 09:00") }
      try await ledger.tell(leader, events, at: LevelTests.morning)
      let now = local("2026-06-02 16:15")
      let next = local("2026-06-02 17:30")
      #expect(try await ledger.raise(leader, at: now) == LevelStep(raised: 10, more: true, next: now))
      // Not all levels up to here have been raised yet.
      try await expectRows(
        ledger.column("SELECT levels_through::text FROM bizclock.projector"), ["1970-01-01 08:00:00+08"])
      #expect(try await ledger.raise(leader, at: now) == LevelStep(raised: 10, more: true, next: now))
      #expect(try await ledger.raise(leader, at: now) == LevelStep(raised: 5, more: false, next: next))
      try await expectRows(
        ledger.column("SELECT levels_through::text FROM bizclock.projector"), ["2026-06-02 16:15:00+08"])
      #expect(try await ledger.raise(leader, at: now).raised == 0)
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', count(*), count(DISTINCT case_id)) FROM bizclock.alert"),
        ["25 25"])
    }
  }

  /// The last step may be as full as one transaction allows.
  @Test func asManyAsThereAre() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader { $0.levelBatch = 10 }
      let events = (10..<20).map { Event.told("K\($0)", "accepted", "2026-06-01 09:00") }
      try await ledger.tell(leader, events, at: LevelTests.morning)
      let now = local("2026-06-02 16:15")
      #expect(
        try await ledger.raise(leader, at: now)
          == LevelStep(raised: 10, more: false, next: local("2026-06-02 17:30")))
      try await expectRows(
        ledger.column("SELECT levels_through::text FROM bizclock.projector"), ["2026-06-02 16:15:00+08"])
    }
  }

  /// Many at one instant: a line each, and one that sums them up.
  @Test func manyAtOneInstant() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let count = Projector.manyLevels
      let events = (0..<count).map { Event.told("K\($0)", "accepted", "2026-06-01 09:00") }
      try await ledger.tell(leader, events, at: LevelTests.morning)
      #expect(try await ledger.raise(leader, at: local("2026-06-02 16:15")).raised == count)
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', event, count(*), min(fields ->> 'raised')) FROM bizclock.log_outbox GROUP BY event ORDER BY 1"
        ),
        ["alert.raised \(count)", "alert.summary 1 \(count)"])
    }
  }

  /// Of a clock that started long before its start event came: what lies more than a day back is history.
  @Test func retrospective() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      // Yellow 06-02 17:30 is a day back and a microsecond; red 06-03 17:30 is not.
      let arrival = local("2026-06-03 17:30") + 1
      try await ledger.tell(leader, [LevelTests.accepted], at: arrival)
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30 retrospective", "red 1 06-03 17:30"])
      // 3 levels: yellow and both of one_day.
      try await expectRows(ledger.lines(), ["raised red 1", #"summary {"retrospective": 3}"#])
      // What comes later is no history.
      #expect(try await ledger.raise(leader, at: local("2026-06-08 17:30")).raised == 1)
      try await expectRows(
        ledger.alerts(),
        ["yellow 1 06-02 17:30 retrospective", "red 1 06-03 17:30", "escalated 1 06-08 17:30"])
    }
  }

  /// A day back sharp is not more than a day.
  @Test func retrospectiveSharp() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader { $0.retrospectiveAfter = 0 }
      try await ledger.tell(leader, [LevelTests.accepted], at: local("2026-06-02 17:30"))
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', commitment, level, retrospective) FROM bizclock.alert ORDER BY 1"),
        ["one_day red f", "one_day yellow t", "opening yellow f"])
    }
  }

  /// Loaded as history: all levels up to the load are; one line tells of them, and none of their ends.
  @Test func loadedAsHistory() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let now = local("2026-06-08 17:00")
      let events = (0..<5).flatMap { number in
        [
          Event.told("K\(number)", "accepted", "2026-06-01 09:00"),
          .told("K\(number)", "completed", "2026-06-08 10:00"),
        ]
      }
      try await ledger.tell(leader, events + [.told("K9", "accepted", "2026-06-01 09:00")], at: now, history: true)
      // Four levels before the completion, 24 in all.
      try await expectRows(ledger.lines(), [#"summary {"retrospective": 24}"#])
      #expect(try await ledger.raise(leader, at: local("2026-06-08 17:30")).raised == 1)
      try await expectRows(ledger.lines(), [#"summary {"retrospective": 24}"#, "raised escalated 1"])
      // Voided completion: nothing of it pages.
      try await ledger.clearLines()
      try await ledger.tell(leader, [.void(events[1], "2026-06-08 17:31")], at: local("2026-06-08 17:32"))
      try await expectRows(ledger.lines(), ["raised escalated 1"])
    }
  }

  /// A late pause shows that what was recorded as history was never reached, and moves the clock into what pages: the
  /// same levels are told when they come, by the timer or, where the pause itself comes after them, with it.
  @Test(arguments: [true, false])
  func historyThatIsReachedAgain(foreseen: Bool) async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [LevelTests.accepted], at: local("2026-06-08 17:00"), history: true)
      try await expectRows(
        ledger.alerts(), ["yellow 1 06-02 17:30 retrospective", "red 1 06-03 17:30 retrospective"])
      try await ledger.clearLines()
      let came = local("2026-06-10 17:30")
      // Tuesday and Wednesday are the two working days after it.
      try await ledger.tell(
        leader,
        [.told("K1", "suspended", "2026-06-01 10:00"), .told("K1", "resumed", "2026-06-08 10:00")],
        at: foreseen ? local("2026-06-08 17:05") : came)
      if foreseen {
        let raised = try await ledger.column("SELECT level FROM bizclock.alert WHERE withdrawn_at IS NULL")
        #expect(raised.isEmpty)
        try await expectRows(ledger.lines(), [])
        try await ledger.catchUp(leader, now: came)
      }
      try await expectRows(
        ledger.alerts(), ["yellow 1 06-09 17:30 amended late_data", "red 1 06-10 17:30 amended late_data"])
      try await expectRows(
        ledger.lines().filter { !$0.hasPrefix("summary") }, ["raised yellow 1", "raised red 1"])
      // Of the moment before it was known it is told as it was.
      let then = local("2026-06-08 17:02")
      let report = try await ledger.connection.run {
        try CaseReport.read("K1", ledger.rulebook, asOf: then, knownAt: then, on: &$0)
      }
      #expect(
        try #require(report).alerts.filter { $0.commitment == "opening" }.map(\.retrospective) == [true, true])
      // What has paged stays what it is, whatever comes later.
      try await ledger.clearLines()
      try await ledger.tell(leader, [.told("K1", "completed", "2026-06-10 17:45")], at: local("2026-06-10 17:46"))
      try await expectRows(ledger.lines(), ["resolved yellow 1", "resolved red 1"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }
}
