import ServiceTime
import Testing

@testable import Ledger

/// The days that a pause takes, as the view tells them, are those that the reckoning leaves out for it.
@Suite struct PauseAuditTests {
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
      func event(_ type: EventType, _ at: Instant) -> Event {
        var event = Event(
          caseID: Identifier("K\(number)"), source: "test", eventID: Identifier(type.name), type: type,
          occurredAt: at)
        event.process = "opening"
        return event
      }
      return [event("accepted", start), event("suspended", from), event("resumed", time(0...14, after: from))]
    }
  }

  @Test(arguments: versions.indices) func asReckoned(_ index: Int) async throws {
    let given = PauseAuditTests.versions[index]
    let version = CommitmentVersion(
      from: CivilDate(year: 2000, month: 1, day: 1), limit: given.limit, dayEnd: given.dayEnd,
      startRule: given.start)
    let rulebook = try ShippedRules.rulebook { policy, _ in
      policy.commitments = policy.commitments.filter { $0.id == "opening" }
      policy.commitments[0].versions = [version]
    }
    let stories = PauseAuditTests.stories(seed: UInt64(index) + 1)
    let now = local("2026-10-20 09:00")
    try await TestLedger.with { ledger async throws in
      let ledger = TestLedger(conninfo: ledger.conninfo, connection: ledger.connection, rulebook: rulebook)
      try await ledger.connection.run { session in
        let document = try ShippedRules.document()
        _ = try Rules.apply(
          [(.policy, document)], rulebook: rulebook, by: "test", reason: "pauses",
          retrospectiveAfter: ProjectorSettings().retrospectiveAfter, now: { TestLedger.founded }, on: &session)
      }
      let leader = try await ledger.leader()
      try await ledger.tell(leader, stories.flatMap { $0 }, at: now)
      var expected: [String] = []
      for story in stories {
        let calendar = try #require(rulebook.calendars["cn"])
        let span = PauseSpan(from: story[1].occurredAt, to: story[2].occurredAt)
        let reckoner = Reckoner(version: version, calendar: calendar, start: story[0].occurredAt, pauses: [span])
        let taken = reckoner.days(through: calendar.date(of: story[2].occurredAt)).filter {
          ($0.reason == .suspended || $0.reason == .restarted)
            && (!version.rules.countsWorkedDays || calendar.isWorked($0.date))
        }
        expected.append("\(story[0].caseID) \(taken.count)")
      }
      try await expectRows(
        ledger.column("SELECT case_id || ' ' || suspended_days FROM dashboard.pause_audit ORDER BY 1"),
        expected.sorted())
    }
  }
}
