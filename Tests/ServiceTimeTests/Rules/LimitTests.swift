import Testing

@testable import ServiceTime

/// Limits in working days, calendar days and working hours; extensions and grace.
@Suite struct LimitTests {
  static let none = TestOffice(.workingDays(0))
  static let workingDays: [DueCase] = [
    DueCase("one", TestOffice(.workingDays(1)), from: "09-07 10:00", due: "09-08 17:30"),
    DueCase("over a weekend", TestOffice(.workingDays(5)), from: "09-07 10:00", due: "09-14 17:30"),
    DueCase(
      "over a holiday", TestOffice().with(holidays: ["09-08"]), from: "09-07 10:00", due: "09-10 17:30"),
    DueCase(
      "a makeup Saturday counts", TestOffice().with(makeup: ["09-12"]), from: "09-10 10:00", due: "09-12 17:30"),
    DueCase("at 24:00", TestOffice(dayEnd: .midnight), from: "09-07 10:00", due: "09-10 00:00"),
    DueCase("no days: the day itself", none, from: "09-07 10:00", due: "09-07 17:30"),
    DueCase("no days: at its close", none, from: "09-07 17:30", due: "09-07 17:30"),
    DueCase("no days: after its close", none, from: "09-07 17:30:00.000001", due: "09-08 17:30"),
    DueCase(
      "no days: after its close, to 24:00", TestOffice(.workingDays(0), dayEnd: .midnight), from: "09-07 23:59",
      due: "09-08 00:00"),
    DueCase("no days: on a day not worked", none, from: "09-12 10:00", due: "09-14 17:30"),
    DueCase(
      "no days: suspended", none, from: "09-07 10:00", pauses: [("09-07 11:00", "09-08 09:00")],
      due: "09-09 17:30"),
    DueCase(
      "no days: paused within the day", none, from: "09-07 10:00", pauses: [("09-07 11:00", "09-07 12:00")],
      due: "09-07 17:30"),
  ]

  static let week = TestOffice(.calendarDays(5), rollForward: true)
  static let calendarDays: [DueCase] = [
    DueCase(
      "every date counts", TestOffice(.calendarDays(7), dayEnd: .midnight), from: "09-07 10:00",
      due: "09-15 00:00"),
    DueCase("one", TestOffice(.calendarDays(1)), from: "09-07 10:00", due: "09-08 17:30"),
    DueCase(
      "ending on a day not worked, at the usual close", TestOffice(.calendarDays(5)), from: "09-07 10:00",
      due: "09-12 17:30"),
    DueCase("roll_forward: to the next worked day", week, from: "09-07 10:00", due: "09-14 17:30"),
    DueCase("roll_forward: from a worked day it stays", week, from: "09-09 10:00", due: "09-14 17:30"),
    DueCase(
      "roll_forward: a makeup day is worked", week.with(makeup: ["09-12"]), from: "09-07 10:00",
      due: "09-12 17:30"),
    DueCase(
      "roll_forward: over a holiday", week.with(holidays: ["09-14"]), from: "09-07 10:00", due: "09-15 17:30"),
    DueCase(
      "roll_forward: over a suspended day", week, from: "09-07 10:00", pauses: [("09-14 10:00", "09-15 09:00")],
      due: "09-16 17:30"),
    DueCase(
      "roll_forward: to 24:00", TestOffice(.calendarDays(5), dayEnd: .midnight, rollForward: true),
      from: "09-07 10:00", due: "09-15 00:00"),
    DueCase(
      "roll_forward: a suspended last day moves by the count, not by the roll", week, from: "09-09 10:00",
      pauses: [("09-14 10:00", "09-14 18:00")], due: "09-15 17:30"),
    DueCase(
      "roll_forward means nothing for working days", TestOffice(.workingDays(2), rollForward: true),
      from: "09-07 10:00", due: "09-09 17:30"),
  ]

  static func hours(_ hours: Int64, _ minutes: Int64 = 0) -> TestOffice {
    TestOffice(.workingHours(hours * hour + minutes * minute))
  }
  static let workingHours: [DueCase] = [
    DueCase("before lunch", hours(1), from: "09-07 10:00", due: "09-07 11:00"),
    DueCase("at the edge of lunch: the close", hours(2), from: "09-07 10:00", due: "09-07 12:00"),
    DueCase("a minute past it", hours(2, 1), from: "09-07 10:00", due: "09-07 14:31"),
    DueCase("from the lunch break", hours(1), from: "09-07 13:00", due: "09-07 15:30"),
    DueCase("at a day's edge: the close, not the next opening", hours(5), from: "09-07 10:00", due: "09-07 17:30"),
    DueCase("over a night", hours(5, 30), from: "09-07 10:00", due: "09-08 09:00"),
    DueCase("from before the opening", hours(1), from: "09-07 07:00", due: "09-07 09:30"),
    DueCase("from a weekend", hours(6, 30), from: "09-12 10:00", due: "09-14 17:30"),
    DueCase(
      "day_end says nothing here", TestOffice(.workingHours(hour), dayEnd: .midnight), from: "09-07 17:00",
      due: "09-08 09:00"),
    DueCase(
      "a pause takes its office time", hours(5), from: "09-07 10:00", pauses: [("09-07 11:00", "09-08 09:00")],
      due: "09-08 15:30"),
    DueCase(
      "a pause in the break takes none", hours(5), from: "09-07 10:00", pauses: [("09-07 12:10", "09-07 14:20")],
      due: "09-07 17:30"),
    DueCase(
      "a pause at the instant it runs out", hours(5), from: "09-07 10:00",
      pauses: [("09-07 17:30", "09-10 10:00")], due: "09-07 17:30"),
    DueCase(
      "two pauses", hours(3), from: "09-07 10:00",
      pauses: [("09-07 10:30", "09-07 11:00"), ("09-07 11:30", "09-07 15:00")], due: "09-07 17:00"),
  ]

  static let extended: [DueCase] = [
    DueCase("working days", TestOffice(), from: "09-07 10:00", extendedDays: 3, due: "09-14 17:30"),
    DueCase(
      "calendar days", TestOffice(.calendarDays(2)), from: "09-07 10:00", extendedDays: 3, due: "09-12 17:30"),
    DueCase("hours: office days' hours", hours(1), from: "09-07 10:00", extendedDays: 1, due: "09-08 11:00"),
    DueCase("no days become k", none, from: "09-07 10:00", extendedDays: 1, due: "09-08 17:30"),
    DueCase(
      "no days, after the close, become k", none, from: "09-07 18:00", extendedDays: 1, due: "09-08 17:30"),
  ]

  static let grace: [DueCase] = [
    DueCase("after the close", TestOffice(grace: hour), from: "09-07 10:00", due: "09-09 18:30"),
    DueCase("after 24:00", TestOffice(dayEnd: .midnight, grace: 8 * hour), from: "09-07 10:00", due: "09-10 08:00"),
    DueCase(
      "after the roll", TestOffice(.calendarDays(5), rollForward: true, grace: hour), from: "09-07 10:00",
      due: "09-14 18:30"),
    DueCase(
      "in plain time, office or not", TestOffice(.workingHours(5 * hour), grace: hour), from: "09-07 10:00",
      due: "09-07 18:30"),
  ]

  @Test(arguments: workingDays + calendarDays + workingHours + extended + grace)
  func due(_ example: DueCase) throws { try example.check() }

  /// The day of the limit stays where it is: grace does not move it.
  @Test func dueDay() throws {
    func day(_ office: TestOffice, _ start: String) throws -> String? {
      try office.reckon(start).due.map { "\($0.day)" }
    }
    #expect(try day(TestOffice(dayEnd: .midnight, grace: 8 * hour), "09-07 10:00") == "2026-09-09")
    #expect(try day(TestOffice(.calendarDays(5), grace: 48 * hour), "09-07 10:00") == "2026-09-12")
    #expect(try day(TestOffice(.calendarDays(5), rollForward: true, grace: hour), "09-07 10:00") == "2026-09-14")
    #expect(try day(TestOffice(.workingHours(5 * hour), grace: 12 * hour), "09-07 10:00") == "2026-09-07")
    // An office open until 24:00: what runs out then ran out on the day that it closes.
    var late = TestOffice(.workingHours(2 * hour))
    late.calendar.hours = [OfficeHours(open: 43_200, close: 86_400)]
    #expect(try day(late, "09-07 22:00") == "2026-09-07")
    #expect(late.text(try late.reckon("09-07 22:00").due?.at) == "09-08 00:00")
  }

  /// An extension counts between start and stop, if it is not after the due time reckoned from what came before.
  @Test(arguments: [
    ("extended 09-08 10:00 days=1", "09-10 17:30", 1),
    ("extended 09-09 17:30 days=1", "09-10 17:30", 1),
    ("extended 09-09 17:30:00.000001 days=1", "09-09 17:30", 0),
    ("extended 09-08 10:00", "09-09 17:30", 0),
    // Each is judged by the due time as it is then.
    ("extended 09-09 17:00 days=1\nextended 09-10 10:00 days=2", "09-14 17:30", 3),
    ("extended 09-09 18:00 days=1\nextended 09-10 10:00 days=2", "09-09 17:30", 0),
    // While due is unknown it has not passed: Tuesday to Thursday are suspended.
    ("suspended 09-08 10:00\nextended 09-10 10:00 days=1\nresumed 09-10 11:00", "09-15 17:30", 1),
    // A pause before it has moved the due time; one after it does not help.
    ("suspended 09-08 10:00\nresumed 09-09 10:00\nextended 09-10 10:00 days=1", "09-14 17:30", 1),
  ])
  func extensions(_ story: String, _ due: String, _ days: Int) throws {
    let clock = try TestOffice().clock("accepted 09-07 10:00\n" + story)
    #expect(TestOffice().text(clock.dueAt) == due)
    #expect(clock.extendedDays == days)
  }

  @Test func extensionWithinTheGrace() throws {
    let office = TestOffice(grace: 2 * hour)
    let clock = try office.clock("accepted 09-07 10:00\nextended 09-09 19:30 days=1")
    #expect(office.text(clock.dueAt) == "09-10 19:30")
  }

  /// A feed that extends one case for ever, by as much as one event may: the due time is unknown, and nothing overflows.
  @Test(arguments: [Limit.workingDays(2), .calendarDays(2), .workingHours(2 * hour)])
  func extensionsForEver(_ limit: Limit) throws {
    let office = TestOffice(limit, levels: [Level(name: "red", position: .daysAfter(1), priority: .error)])
    var events = office.events("accepted 09-07 10:00")
    for number in 0..<60_000 {
      var event = Event(
        caseID: "case", source: "desk", eventID: Identifier("x\(number)"), type: .extended,
        occurredAt: office.at("09-07 11:00"))
      event.extendDays = 36_500
      events.append(event)
    }
    let clock = try #require(
      CaseFold(events: events, rulebook: try office.rulebook()).clocks(asOf: office.at("12-31 00:00")).first)
    #expect(clock.dueAt == nil && clock.reached.isEmpty)
    #expect(clock.extendedDays == ClockRun.mostExtendedDays)
    #expect(ClockRun.mostExtendedDays > WorkCalendar.last - WorkCalendar.first)
  }

  @Test func extensionMovesTheFloor() throws {
    let office = TestOffice(.calendarDays(3), floor: .calendarDays(3), dayEnd: .midnight)
    let story = "accepted 09-07 10:00\nextended 09-08 10:00 days=2\ncompleted "
    #expect(try office.clock(story + "09-11 23:59").verdict == .premature)
    #expect(try office.clock(story + "09-12 00:00").verdict == .onTime)
  }
}
