import Testing

@testable import ServiceTime

/// Which cases a change of rules can touch.
@Suite struct RuleReachTests {
  private func reach(
    _ calendars: (inout [CalendarDefinition]) -> Void = { _ in }, _ policy: (inout Policy) -> Void = { _ in }
  ) throws -> RuleReach {
    let zone = ShippedPolicy.shanghai
    let version = CommitmentVersion(from: day("2019-01-01"), limit: .workingDays(2), legalLimit: .workingDays(5))
    let promise = Commitment(
      id: "opening", process: "opening", title: ["en": "Opening"], start: [EventMatcher("accepted")],
      stop: [EventMatcher("completed")], calendar: "cn", versions: [version],
      levels: [Level(name: "red", position: .due)])
    let share = ShareCommitment(
      id: "online", process: "opening", population: [EventMatcher("step_completed")],
      counted: CaseScope(channels: ["online"]), target: ShareTarget(millionths: 900_000), period: .month)
    var former = Policy(commitments: [promise], shares: [share])
    var definitions = [
      CalendarDefinition(
        id: "cn", timeZone: zone.name, week: [.monday, .tuesday, .wednesday, .thursday, .friday],
        hours: [OfficeHours(open: 30_600, close: 63_000)],
        days: [DayOverride(date: day("2026-01-01"), kind: .holiday, name: "")], publishedUntil: day("2026-12-28"),
        closures: [Closure(from: at("2026-09-10T08:00:00+08:00"), to: at("2026-09-11T08:00:00+08:00"), name: "a")]),
      CalendarDefinition(id: "town", base: "cn", regions: ["469005"]),
    ]
    let before = try Rulebook(policy: former, calendars: definitions, zones: [zone.name: zone])
    calendars(&definitions)
    policy(&former)
    let after = try Rulebook(policy: former, calendars: definitions, zones: [zone.name: zone])
    // Back is as far as there.
    #expect(after.reach(over: before) == before.reach(over: after))
    return after.reach(over: before)
  }

  private func day(_ text: String) -> CivilDate { CivilDate(text) ?? CivilDate(dayNumber: 0) }
  private func at(_ text: String) -> Instant { Instant(rfc3339: text) ?? .earliest }

  @Test func whatSaysNothingAboutClocksTouchesNothing() throws {
    #expect(try reach() == .nothing)
    #expect(
      try reach(
        { calendars in
          calendars[0].days[0].name = "New Year"
          calendars[0].closures[0].name = "b"
        },
        { policy in
          policy.commitments[0].title = ["en": "Business opening"]
          policy.commitments[0].versions[0].basis = "a decision"
          policy.commitments[0].versions[0].legalLimit = nil
          policy.shares[0].target = ShareTarget(millionths: 950_000)
          policy.shares[0].period = .quarter
          policy.regions = [Region(code: "46", name: "海南省")]
        }) == .nothing)
  }

  @Test func daysTouchWhatReachesThem() throws {
    #expect(
      try reach({ $0[0].days.append(DayOverride(date: self.day("2026-10-01"), kind: .holiday, name: "")) })
        == .from(day("2026-10-01")))
    #expect(try reach({ $0[0].publishedUntil = self.day("2027-12-28") }) == .from(day("2026-12-29")))
    #expect(
      try reach({ calendars in
        calendars[0].days.append(DayOverride(date: self.day("2026-10-08"), kind: .makeupWorkday, name: ""))
        calendars[1].days.append(DayOverride(date: self.day("2026-09-30"), kind: .holiday, name: ""))
      }) == .from(day("2026-09-30")))
    // A worked day with other hours.
    #expect(
      try reach({
        $0[1].days.append(
          DayOverride(
            date: self.day("2026-03-02"), kind: .makeupWorkday, name: "",
            hours: [OfficeHours(open: 36_000, close: 63_000)]))
      }) == .from(day("2026-03-02")))
    #expect(try reach({ $0[0].hours = [OfficeHours(open: 32_400, close: 63_000)] }) == .everything)
    #expect(try reach({ $0[1].regions = ["4690"] }) == .everything)
    #expect(try reach({ $0.removeLast() }) == .everything)
  }

  @Test func closuresTouchWhatReachesThem() throws {
    #expect(
      try reach({ $0[0].closures[0].to = self.at("2026-09-12T08:00:00+08:00") }) == .from(day("2026-09-10")))
    #expect(try reach({ $0[0].closures[0].to = nil }) == .from(day("2026-09-10")))
    #expect(
      try reach({
        $0[1].closures = [Closure(from: self.at("2026-09-01T23:00:00Z"), to: nil, name: "b")]
      }) == .from(day("2026-09-02")))
    // One that the first holds already.
    #expect(
      try reach({
        $0[0].closures.append(
          Closure(from: self.at("2026-09-10T12:00:00+08:00"), to: self.at("2026-09-11T08:00:00+08:00"), name: "b"))
      }) == .nothing)
  }

  @Test func versionsTouchWhatTheyJudge() throws {
    #expect(
      try reach({ _ in }) {
        $0.commitments[0].versions.append(CommitmentVersion(from: self.day("2026-07-01"), limit: .workingDays(1)))
      } == .from(day("2026-07-01")))
    #expect(
      try reach({ _ in }) { $0.commitments[0].versions[0].grace = 1 } == .from(day("2019-01-01")))
    #expect(
      try reach({ _ in }) { $0.commitments[0].versions[0].from = self.day("2018-05-01") }
        == .from(day("2018-05-01")))
  }

  @Test func allElseTouchesEverything() throws {
    let changes: [(inout Policy) -> Void] = [
      { $0.commitments[0].levels.append(Level(name: "late", position: .daysAfter(1))) },
      { $0.commitments[0].levels[0].notify = .city },
      { $0.commitments[0].stop.append(EventMatcher("rejected")) },
      { $0.commitments[0].appliesTo.channels = ["online"] },
      { $0.commitments[0].id = "other" },
      { $0.commitments[0].calendar = "town" },
      {
        $0.commitments.append($0.commitments[0]); $0.commitments[1].id = "second"
      },
      { $0.reportTags = ["assisted"] },
      { $0.shares[0].counted.channels = ["window"] },
      { $0.shares = [] },
    ]
    for (number, change) in changes.enumerated() {
      #expect(try reach({ _ in }, change) == .everything, "\(number)")
    }
  }
}
