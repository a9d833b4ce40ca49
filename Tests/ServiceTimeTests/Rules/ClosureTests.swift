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

  private static let levels = [
    Level(name: "yellow", position: .daysBefore(1)), Level(name: "share", position: .share(9_000)),
    Level(name: "hour", position: .plain(-hour)), Level(name: "red", position: .due),
    Level(name: "late", position: .daysAfter(1)),
  ]

  /// Until a closure without end begins nobody can know how long it lasts: levels reached before it stay, with it due
  /// is unknown, and before it due is what it would be.
  @Test(arguments: [
    // 16.2 of 18 h of office time have run on 09-09 at 15:42.
    (
      nil,
      [
        "yellow/1 09-08 17:30", "share/1 09-09 15:42", "hour/1 09-09 16:30", "red/1 09-09 17:30",
        "late/1 09-10 17:30",
      ]
    ),
    ("09-08 17:29", []),
    // With the closure, not before it: as a pause that begins then.
    ("09-08 17:30", []),
    ("09-08 17:31", ["yellow/1 09-08 17:30"]),
    ("09-09 16:20", ["yellow/1 09-08 17:30", "share/1 09-09 15:42"]),
    ("09-09 17:00", ["yellow/1 09-08 17:30", "share/1 09-09 15:42", "hour/1 09-09 16:30"]),
    (
      "09-09 17:30",
      ["yellow/1 09-08 17:30", "share/1 09-09 15:42", "hour/1 09-09 16:30", "red/1 09-09 17:30"]
    ),
  ])
  func reachedBeforeAnOpenClosure(_ from: String?, _ reached: [String]) throws {
    var office = TestOffice(levels: ClosureTests.levels)
    if let from { office = office.closed(from, nil) }
    let clock = try office.clock("accepted 09-07 10:00")
    #expect(office.reached(clock) == reached)
    #expect(clock.state == (from == nil ? .running : .paused))
    guard let from else { return }
    #expect(office.text(clock.dueAt) == (from == "09-09 17:30" ? "09-09 17:30" : nil))
    // An instant before it begins, it is as if it never would; what is to come is only what comes before it.
    let before = try office.clock("accepted 09-07 10:00", asOf: office.text(office.at(from) + -1) ?? "")
    #expect(before.state == .running)
    #expect(office.text(before.dueAt) == "09-09 17:30")
    #expect(before.reached + before.pending == clock.reached + clock.pending)
    #expect(try office.reckon("09-07 10:00").due == nil || from == "09-09 17:30")
  }

  /// Events after its beginning meet it, those before it do not.
  @Test func eventsAroundAnOpenClosure() throws {
    let office = TestOffice(levels: ClosureTests.levels).closed("09-09 17:00", nil)
    let known = ["yellow/1 09-08 17:30", "share/1 09-09 15:42", "hour/1 09-09 16:30"]
    for story in [
      "inspected 09-08 10:00", "resumed 09-09 17:00", "resumed 09-10 10:00", "suspended 09-10 10:00",
      "completed 09-10 10:00", "completed 09-09 17:00",
    ] {
      let clock = try office.clock("accepted 09-07 10:00\n" + story)
      #expect(office.reached(clock) == known, "\(story)")
      if clock.state == .stopped { #expect(clock.verdict == .onTime) }
    }
    // Reached anew of a later instant once it has ended.
    let ended = TestOffice(levels: ClosureTests.levels).closed("09-09 17:00", "09-10 12:00")
    let clock = try ended.clock("accepted 09-07 10:00")
    #expect(ended.text(clock.dueAt) == "09-10 17:30")
    #expect(ended.reached(clock).first == "yellow/1 09-08 17:30")
    // A start under it, and one at its very beginning.
    for start in ["09-09 17:00", "09-10 10:00"] {
      let clock = try office.clock("accepted " + start)
      #expect(clock.dueAt == nil && clock.state == .paused && clock.reached.isEmpty)
    }
    // Reopened under it.
    let reopened = try office.clock("accepted 09-07 10:00\ncompleted 09-09 10:00\nreopened 09-10 10:00")
    #expect(reopened.state == .paused && reopened.dueAt == nil)
    #expect(office.reached(reopened) == ["yellow/1 09-08 17:30"])
    // Cancelled in time before it, and under it.
    #expect(try !office.clock("accepted 09-07 10:00\nwithdrawn 09-09 16:59").breached)
    #expect(try !office.clock("accepted 09-07 10:00\nwithdrawn 09-10 10:00").breached)
  }

  /// A closure with an end that one without end overlaps: seen whole until then.
  @Test func openClosureOverABoundedOne() throws {
    let levels = [Level(name: "yellow", position: .daysBefore(1)), Level(name: "red", position: .due)]
    let office = TestOffice(levels: levels).closed("09-08 17:00", "09-09 12:00").closed("09-09 11:00", nil)
    let clock = try office.clock("accepted 09-07 10:00", asOf: "09-09 10:59")
    #expect(office.text(clock.dueAt) == "09-10 17:30")
    #expect(clock.state == .paused && clock.pending.isEmpty)
    let later = try office.clock("accepted 09-07 10:00", asOf: "09-09 12:30")
    #expect(later.state == .paused && later.dueAt == nil && later.reached.isEmpty)
    // With many pauses before it, which are settled.
    let story =
      "accepted 09-07 10:00\nsuspended 09-08 16:00\nresumed 09-08 16:10\nsuspended 09-09 10:00\nresumed 09-09 10:30"
    let paused = try office.clock(story, asOf: "09-09 12:30")
    #expect(paused.state == .paused && paused.dueAt == nil)
    #expect(paused.measures.paused == hour / 6 + hour * 18)
  }

  /// Office time with closures taken off, as silence is told by.
  @Test(arguments: [
    ("09-08 10:00", 1, "09-08 11:00"), ("09-08 10:00", 2, "09-08 12:00"), ("09-08 10:00", 3, "09-09 12:30"),
    ("09-08 13:00", 1, "09-09 12:30"), ("09-11 17:00", 1, "09-14 09:00"), ("09-16 08:30", 1, nil),
    ("09-15 17:00", 1, nil), ("09-15 16:00", 1, "09-15 17:00"),
  ])
  func officeTimeAfter(_ start: String, _ hours: Int64, _ end: String?) throws {
    var office = TestOffice().closed("09-08 12:00", "09-09 11:30").closed("09-15 17:30", nil)
    office.calendar.hours = [OfficeHours(open: 30_600, close: 63_000)]
    let found = try office.compiled().instant(officeTime: hours * hour, after: office.at(start))
    #expect(office.text(found) == end)
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

  /// A stop ends a closure as it ends any pause: the floor's last day is not moved by what comes after it.
  @Test(arguments: [("09-08 12:00", "09-10 12:00"), ("09-08 21:00", "09-10 12:00"), ("09-09 08:00", "09-11 18:00")])
  func closedBeyondTheStop(_ from: String, _ to: String) throws {
    let office = TestOffice(.calendarDays(7), floor: .calendarDays(7), dayEnd: .midnight).closed(from, to)
    let clock = try office.clock("accepted 09-01 10:00\nnotice_ended 09-08 20:00")
    #expect(clock.verdict == .onTime)
    #expect(clock.dueDay == ShippedPolicy.date("2026-09-08"))
    #expect(clock.measures.countedDays == 7)
    // The day before is too early all the same.
    let early = try office.clock("accepted 09-01 10:00\nnotice_ended 09-07 20:00")
    #expect(early.verdict == .premature)
    // A closure that ended before the stop moves the day.
    let before = try office.closed("09-03 08:00", "09-04 12:00")
      .clock("accepted 09-01 10:00\nnotice_ended 09-08 20:00")
    #expect(before.verdict == .premature)
  }
}
