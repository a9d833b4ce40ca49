import Testing

@testable import ServiceTime

/// Local closures: a pause like any other where the version says so, but for the day on which time starts again.
@Suite struct ClosureTests {
  static let counting = TestOffice(closures: .count)
  static let cases: [DueCase] = [
    DueCase(
      "paused at a close, running from the next noon", TestOffice().closed("09-08 12:00", "09-09 12:00"),
      from: "09-07 10:00", due: "09-10 17:30"),
    DueCase(
      "the same as a pause by events loses a day more", TestOffice(), from: "09-07 10:00",
      pauses: [("09-08 12:00", "09-09 12:00")], due: "09-11 17:30"),
    DueCase(
      "closures: count", counting.closed("09-08 12:00", "09-09 12:00"), from: "09-07 10:00", due: "09-09 17:30"),
    DueCase(
      "within a day", TestOffice().closed("09-08 08:00", "09-08 17:00"), from: "09-07 10:00", due: "09-09 17:30"),
    DueCase(
      "a whole day", TestOffice().closed("09-08 00:00", "09-09 00:00"), from: "09-07 10:00", due: "09-10 17:30"),
    DueCase("open-ended: unknown", TestOffice().closed("09-08 12:00", nil), from: "09-07 10:00", due: nil),
    DueCase(
      "open-ended after the limit ran out", TestOffice().closed("09-09 17:30", nil), from: "09-07 10:00",
      due: "09-09 17:30"),
    DueCase(
      "open-ended, but counting", counting.closed("09-08 12:00", nil), from: "09-07 10:00", due: "09-09 17:30"),
    DueCase(
      "open-ended, ended by the stop", TestOffice().closed("09-08 12:00", nil), from: "09-07 10:00",
      stoppedAt: "09-10 10:00", due: "09-11 17:30"),
    DueCase(
      "over before the start", TestOffice().closed("09-06 12:00", "09-07 10:00"), from: "09-07 10:00",
      due: "09-09 17:30"),
    DueCase(
      "a pause that lost only closed time took no office time",
      TestOffice().closed("09-09 08:00", "09-09 12:00"), from: "09-07 10:00",
      pauses: [("09-08 18:00", "09-09 12:00")], due: "09-09 17:30"),
    DueCase(
      "where closures count, it did", counting.closed("09-09 08:00", "09-09 12:00"), from: "09-07 10:00",
      pauses: [("09-08 18:00", "09-09 12:00")], due: "09-10 17:30"),
    DueCase(
      "a pause and a closure that touch close a day together",
      TestOffice().closed("09-08 15:00", "09-08 17:30"), from: "09-07 10:00",
      pauses: [("09-08 14:30", "09-08 15:00")], due: "09-10 17:30"),
    DueCase(
      "a pause that a closure outlasts ends where it ends itself",
      TestOffice().closed("09-08 16:00", "09-09 12:00"), from: "09-07 10:00",
      pauses: [("09-08 15:00", "09-08 17:00")], due: "09-10 17:30"),
    DueCase(
      "two closures that overlap",
      TestOffice().closed("09-08 12:00", "09-08 17:00").closed("09-08 16:00", "09-08 18:00"), from: "09-07 10:00",
      due: "09-10 17:30"),
    DueCase(
      "hours: closed time is no office time",
      TestOffice(.workingHours(hour * 4)).closed("09-07 11:00", "09-07 15:00"), from: "09-07 10:00",
      due: "09-08 09:00"),
    DueCase(
      "hours: closures: count",
      TestOffice(.workingHours(hour * 4), closures: .count).closed("09-07 11:00", "09-07 15:00"),
      from: "09-07 10:00", due: "09-07 16:30"),
    DueCase(
      "hours: a pause over the end of a closure",
      TestOffice(.workingHours(hour * 4)).closed("09-07 11:00", "09-07 15:00"), from: "09-07 10:00",
      pauses: [("09-07 14:40", "09-07 15:30")], due: "09-08 09:30"),
    DueCase(
      "calendar days", TestOffice(.calendarDays(2), dayEnd: .midnight).closed("09-08 12:00", "09-09 12:00"),
      from: "09-07 10:00", due: "09-11 00:00"),
  ]

  @Test(arguments: cases) func due(_ example: DueCase) throws { try example.check() }

  /// A closure begins and ends without an event, and the clock is paused meanwhile.
  @Test(arguments: [
    ("09-08 11:59", Clock.State.running), ("09-08 12:00", .paused), ("09-09 11:59", .paused),
    ("09-09 12:00", .running),
  ])
  func state(_ now: String, _ state: Clock.State) throws {
    let office = TestOffice().closed("09-08 12:00", "09-09 12:00")
    #expect(try office.clock("accepted 09-07 10:00", asOf: now).state == state)
    #expect(try ClosureTests.counting.clock("accepted 09-07 10:00", asOf: now).state == .running)
  }

  /// A stop ends an open-ended closure, and it does not pause a clock that stopped before it.
  @Test func stopInAnOpenClosure() throws {
    let office = TestOffice().closed("09-08 12:00", nil)
    let inside = try office.clock("accepted 09-07 10:00\ncompleted 09-10 10:00")
    #expect(inside.verdict == .onTime)
    #expect(inside.measures.paused == 46 * hour)
    let before = try office.clock("accepted 09-07 10:00\ncompleted 09-08 11:00")
    #expect(before.verdict == .onTime)
    #expect(before.measures.paused == 0)
  }

  /// A layer's closures come on top of those of its base.
  @Test func layers() throws {
    var office = TestOffice().closed("09-08 12:00", "09-08 18:00")
    office.layers = [
      CalendarDefinition(
        id: "county", base: "office", regions: ["4690"],
        closures: [Closure(from: office.at("09-09 12:00"), to: office.at("09-09 18:00"), name: "flood")])
    ]
    let story = "accepted 09-07 10:00 region="
    #expect(office.text(try office.clock(story + "460100").dueAt) == "09-10 17:30")
    #expect(office.text(try office.clock(story + "469005").dueAt) == "09-11 17:30")
    #expect(try office.clock(story + "469005").calendar == "county")
  }
}
