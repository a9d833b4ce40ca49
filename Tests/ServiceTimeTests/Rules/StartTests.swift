import Testing

@testable import ServiceTime

/// Start: which event begins a clock, under which version, and from which date days are counted.
@Suite struct StartTests {
  static let next = TestOffice(.workingDays(1), startRule: .nextWorkingDay)
  static let dates: [DueCase] = [
    DueCase("the start day is not counted", TestOffice(), from: "09-07 10:00", due: "09-09 17:30"),
    DueCase("nor one after its close", TestOffice(), from: "09-07 23:00", due: "09-09 17:30"),
    DueCase("nor one not worked", TestOffice(.workingDays(1)), from: "09-12 10:00", due: "09-14 17:30"),
    DueCase("next_working_day: from a day not worked", next, from: "09-12 10:00", due: "09-15 17:30"),
    DueCase("next_working_day: from a worked day", next, from: "09-07 10:00", due: "09-08 17:30"),
    DueCase("next_working_day: at the close", next, from: "09-07 17:30", due: "09-08 17:30"),
    DueCase("next_working_day: after the close", next, from: "09-07 17:30:00.000001", due: "09-09 17:30"),
    DueCase("next_working_day: before opening", next, from: "09-07 00:00", due: "09-08 17:30"),
    DueCase("next_working_day: after Friday's close", next, from: "09-11 18:00", due: "09-15 17:30"),
    DueCase(
      "next_working_day: to a makeup day", next.with(makeup: ["09-12"]), from: "09-11 18:00", due: "09-14 17:30"),
    DueCase(
      "next_working_day, no days: the next day itself", TestOffice(.workingDays(0), startRule: .nextWorkingDay),
      from: "09-07 18:00", due: "09-08 17:30"),
    DueCase(
      "next_working_day: calendar days are counted from it too",
      TestOffice(.calendarDays(2), dayEnd: .midnight, startRule: .nextWorkingDay), from: "09-11 18:00",
      due: "09-17 00:00"),
    DueCase(
      "next_working_day: t0 itself does not move", TestOffice(.workingHours(hour), startRule: .nextWorkingDay),
      from: "09-11 16:00", due: "09-11 17:00"),
  ]

  @Test(arguments: dates) func startDate(_ example: DueCase) throws { try example.check() }

  @Test func elapsedRunsFromTheEventItself() throws {
    let clock = try StartTests.next.clock("accepted 09-12 10:00\ncompleted 09-14 10:00")
    #expect(clock.measures.elapsed == 48 * hour)
    #expect(clock.startedAt == StartTests.next.at("09-12 10:00"))
    #expect(clock.measures.countedDays == 0)
  }

  static func versions() -> TestOffice {
    var office = TestOffice()
    office.commitment.versions = [
      CommitmentVersion(from: ShippedPolicy.date("2026-09-09"), limit: .workingDays(1)),
      CommitmentVersion(from: ShippedPolicy.date("2026-09-14"), limit: .workingDays(3)),
    ]
    return office
  }

  /// The version in force on the local date of the start judges the clock.
  @Test(arguments: [
    ("09-09 00:00", "09-10 17:30"), ("09-13 23:59", "09-14 17:30"), ("09-14 00:00", "09-17 17:30"),
    // 16:00 UTC is midnight in Shanghai: the local date decides.
    ("2026-09-13T15:59:59Z", "09-14 17:30"), ("2026-09-13T16:00:00Z", "09-17 17:30"),
  ])
  func versionInForce(_ start: String, _ due: String) throws {
    let office = StartTests.versions()
    let version = try require(office.commitment.version(on: try office.compiled().date(of: office.at(start))))
    let reckoner = Reckoner(version: version, calendar: try office.compiled(), start: office.at(start))
    #expect(office.text(reckoner.due?.at) == due)
  }

  /// The first start event on whose date a version is in force begins the clock, whatever comes later.
  @Test func firstStartUnderAVersion() throws {
    let office = StartTests.versions()
    let clocks = try office.clocks("accepted 09-07 10:00\naccepted 09-10 10:00\naccepted 09-14 10:00")
    #expect(clocks.count == 1)
    #expect(clocks.first?.startedAt == office.at("09-10 10:00"))
    #expect(clocks.first?.startedBy.eventID == "e2")
    #expect(clocks.first?.versionFrom == ShippedPolicy.date("2026-09-09"))
    #expect(office.text(clocks.first?.dueAt) == "09-11 17:30")
    #expect(try office.clocks("accepted 09-08 10:00\ncompleted 09-10 10:00").isEmpty)
    // Half past midnight in Shanghai: the day before in UTC.
    #expect(try office.clock("accepted 09-14 00:30").versionFrom == ShippedPolicy.date("2026-09-14"))
  }

  /// The version of the start stays, though another is in force at the stop.
  @Test func versionStays() throws {
    let clock = try StartTests.versions().clock("accepted 09-11 10:00\ncompleted 09-15 10:00")
    #expect(clock.verdict == .late)
  }

  /// What comes before the start counts for nothing.
  @Test(arguments: [
    // A pause begun before the start never opens.
    "correction_requested 09-07 09:00\naccepted 09-07 10:00\ncorrection_received 09-10 10:00",
    // At the same instant the life-cycle rank decides, but a sequence before it.
    "correction_requested 09-07 10:00 seq=1\naccepted 09-07 10:00 seq=2\ncorrection_received 09-10 10:00",
    // Extensions and stops.
    "extended 09-07 09:00 days=3\ncompleted 09-07 09:30\nwithdrawn 09-07 09:40\naccepted 09-07 10:00",
  ])
  func beforeTheStart(_ story: String) throws {
    let clock = try TestOffice().clock(story)
    #expect(TestOffice().text(clock.dueAt) == "09-09 17:30")
    #expect(clock.isOpen)
    #expect(clock.pauses.isEmpty)
    #expect(clock.extendedDays == 0)
  }

  @Test func aPauseAtTheStartOpens() throws {
    let clock = try TestOffice().clock(
      "correction_requested 09-07 10:00\naccepted 09-07 10:00\ncorrection_received 09-09 10:00")
    #expect(TestOffice().text(clock.dueAt) == "09-11 17:30")
    #expect(clock.pauses.count == 1)
  }

  /// A closure under way at the start counts from there.
  @Test func closureUnderWay() throws {
    let office = TestOffice().closed("09-07 08:00", "09-08 12:00")
    let clock = try office.clock("accepted 09-07 10:00\ncompleted 09-09 10:00")
    #expect(clock.measures.paused == 26 * hour)
    // Running only from 14:30 on the Tuesday: 3 h, and 1.5 h on the Wednesday.
    #expect(clock.measures.working == 4 * hour + 30 * minute)
    #expect(office.text(clock.dueAt) == "09-09 17:30")
  }
}
