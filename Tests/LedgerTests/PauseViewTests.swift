import ServiceTime
import Testing

@testable import Ledger

/// What the views tell of pauses is what the reckoning makes of them.
@Suite struct PauseViewTests {
  private static let versions:
    [(limit: Limit, dayEnd: CommitmentVersion.DayEnd, start: CommitmentVersion.StartRule)] =
      [
        (.workingDays(2), .close, .asIs), (.workingDays(2), .midnight, .asIs),
        (.workingDays(2), .close, .nextWorkingDay), (.workingDays(2), .midnight, .nextWorkingDay),
        (.calendarDays(7), .close, .asIs), (.calendarDays(7), .midnight, .asIs),
        (.calendarDays(7), .close, .nextWorkingDay),
      ]

  /// Cases of one pause each, over a week with a holiday (1 October), begun and ended at the edges of days and between.
  private static func stories(seed: UInt64) -> [[Event]] {
    var random = SeededGenerator(seed: seed)
    let minutes = [0, 1, 8 * 60 + 30, 12 * 60, 13 * 60, 17 * 60 + 30, 17 * 60 + 31, 20 * 60, 23 * 60 + 59]
    func time(_ days: ClosedRange<Int>, after first: Instant? = nil) -> Instant {
      while true {
        let day = Int.random(in: days, using: &random)
        let minute = minutes.randomElement(using: &random) ?? 0
        let instant = local("2026-09-25 00:00") + Int64(day) * 86_400_000_000 + Int64(minute) * 60_000_000
        if first.map({ $0 < instant }) ?? true { return instant }
      }
    }
    return (0..<150).map { number in
      let start = time(0...6)
      let from = time(0...9, after: start)
      // Long, or a day at most.
      let to =
        number.isMultiple(of: 2)
        ? time(0...14, after: from) : from + Int64.random(in: 1...4, using: &random) * 21_600_000_000
      func event(_ type: EventType, _ at: Instant) -> Event {
        var event = Event(
          caseID: Identifier("K\(number)"), source: "test", eventID: Identifier(type.name), type: type,
          occurredAt: at)
        event.process = "opening"
        return event
      }
      return [event("accepted", start), event("suspended", from), event("resumed", to)]
    }
  }

  /// Projects the stories by one version, and hands on how each is reckoned.
  private static func with(
    _ version: CommitmentVersion, _ stories: [[Event]],
    _ body: @Sendable (TestLedger, [(caseID: Identifier, reckoner: Reckoner)]) async throws -> Void
  ) async throws {
    let rulebook = try ShippedRules.rulebook { policy, _ in
      policy.commitments = policy.commitments.filter { $0.id == "opening" }
      policy.commitments[0].versions = [version]
    }
    let calendar = try #require(rulebook.calendars["cn"])
    let reckoned = stories.map { story in
      let to = story.count > 2 ? story[2].occurredAt : nil
      return (
        caseID: story[0].caseID,
        reckoner: Reckoner(
          version: version, calendar: calendar, start: story[0].occurredAt,
          pauses: [PauseSpan(from: story[1].occurredAt, to: to)])
      )
    }
    try await TestLedger.with { ledger async throws in
      let ledger = TestLedger(conninfo: ledger.conninfo, connection: ledger.connection, rulebook: rulebook)
      let document = try ShippedRules.document()
      try await ledger.connection.run { session in
        _ = try Rules.apply(
          [(.policy, document)], rulebook: rulebook, by: "test", reason: "pauses",
          retrospectiveAfter: ProjectorSettings().retrospectiveAfter, now: { TestLedger.founded }, on: &session)
        _ = try session.execute("SET bizclock.now = '2026-10-20 09:00+08'")
      }
      let leader = try await ledger.leader()
      try await ledger.tell(leader, stories.flatMap { $0 }, at: now)
      try await body(ledger, reckoned)
    }
  }

  private static let now = local("2026-10-20 09:00")

  @Test(arguments: versions.indices) func daysTaken(_ index: Int) async throws {
    let given = PauseViewTests.versions[index]
    let version = CommitmentVersion(
      from: CivilDate(year: 2000, month: 1, day: 1), limit: given.limit, dayEnd: given.dayEnd,
      startRule: given.start)
    let stories = PauseViewTests.stories(seed: UInt64(index) + 1)
    try await PauseViewTests.with(version, stories) { ledger, reckoned in
      let expected = zip(reckoned, stories).map { clock, story in
        let calendar = clock.reckoner.calendar
        let taken = clock.reckoner.days(through: calendar.date(of: story[2].occurredAt)).filter {
          ($0.reason == .suspended || $0.reason == .restarted)
            && (!version.rules.countsWorkedDays || calendar.isWorked($0.date))
        }
        return "\(clock.caseID) \(taken.count)"
      }
      try await expectRows(
        ledger.column("SELECT case_id || ' ' || suspended_days FROM dashboard.pause_audit ORDER BY 1"),
        expected.sorted())
    }
  }

  /// The days past due of open clocks go on from their marks, also where a pause began or ended in the grace.
  @Test(arguments: versions.indices) func daysPastDue(_ index: Int) async throws {
    let given = PauseViewTests.versions[index]
    let version = CommitmentVersion(
      from: CivilDate(year: 2000, month: 1, day: 1), limit: given.limit, dayEnd: given.dayEnd,
      startRule: given.start, grace: 40 * 3_600_000_000)
    let stories = PauseViewTests.stories(seed: UInt64(index) + 101).enumerated().map { number, story in
      number % 3 == 0 ? story.dropLast() : story
    }
    try await PauseViewTests.with(version, stories) { ledger, reckoned in
      let expected = reckoned.map { clock in
        let days = clock.reckoner.overrun(stoppedAt: PauseViewTests.now)?.days
        return "\(clock.caseID) \(days.map(String.init) ?? "-")"
      }
      try await expectRows(
        ledger.column("SELECT case_id || ' ' || coalesce(overrun_days::text, '-') FROM dashboard.clock ORDER BY 1"),
        expected.sorted())
    }
  }
}
