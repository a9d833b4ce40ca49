import Testing

@testable import ServiceTime

/// Where levels lie.
@Suite struct LevelInstantTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var office: TestOffice
    var start = "09-07 10:00"
    var pauses: [(String, String?)] = []
    var extendedDays = 0
    var position: Level.Position
    var at: String?

    init(
      _ rule: String, _ office: TestOffice, from start: String = "09-07 10:00",
      pauses: [(String, String?)] = [], extendedDays: Int = 0, _ position: Level.Position, _ at: String?
    ) {
      testDescription = rule
      self.office = office
      self.start = start
      self.pauses = pauses
      self.extendedDays = extendedDays
      self.position = position
      self.at = at
    }

    init(
      _ rule: String, from start: String = "09-07 10:00", pauses: [(String, String?)] = [],
      extendedDays: Int = 0, _ position: Level.Position, _ at: String?
    ) {
      self.init(rule, TestOffice(), from: start, pauses: pauses, extendedDays: extendedDays, position, at)
    }
  }

  static let rolled = TestOffice(.calendarDays(5), rollForward: true)
  static let notice = TestOffice(.calendarDays(7), dayEnd: .midnight, grace: 8 * hour)
  static let days: [Example] = [
    Example("due", .due, "09-09 17:30"),
    Example("due, grace included", notice, .due, "09-15 08:00"),
    Example("-1: the end of D1", .daysBefore(1), "09-08 17:30"),
    Example("-N: the end of the start date", .daysBefore(2), "09-07 17:30"),
    Example(
      "-N before t0 counts as t0", TestOffice(.workingDays(1)), from: "09-07 18:00", .daysBefore(1), "09-07 18:00"),
    Example(
      "-N of a start date not worked: its usual close", TestOffice(.workingDays(1)), from: "09-12 10:00",
      .daysBefore(1), "09-12 17:30"),
    Example(
      "-N by next_working_day", TestOffice(.workingDays(1), startRule: .nextWorkingDay), from: "09-11 18:00",
      .daysBefore(1), "09-14 17:30"),
    Example(
      "-1 skips suspended days", pauses: [("09-08 10:00", "09-09 10:00")], .daysBefore(1), "09-10 17:30"),
    Example("-1 of an extended limit", extendedDays: 1, .daysBefore(1), "09-09 17:30"),
    Example("+1", .daysAfter(1), "09-10 17:30"),
    Example("+3 over a weekend", .daysAfter(3), "09-14 17:30"),
    Example(
      "+1 skips suspended days", pauses: [("09-10 10:00", "09-11 10:00")], .daysAfter(1), "09-14 17:30"),
    Example("+1 is unknown while a pause lasts", pauses: [("09-09 18:00", nil)], .daysAfter(1), nil),
    Example("due is known while it lasts", pauses: [("09-09 18:00", nil)], .due, "09-09 17:30"),
    Example("nothing is known while due is not", pauses: [("09-08 10:00", nil)], .daysBefore(2), nil),
    Example("calendar days: -1", TestOffice(.calendarDays(7)), .daysBefore(1), "09-13 17:30"),
    Example("calendar days: +1", TestOffice(.calendarDays(5)), .daysAfter(1), "09-13 17:30"),
    Example("rolled: -1 counts back from the rolled day", rolled, .daysBefore(1), "09-13 17:30"),
    Example("rolled: -5", rolled, .daysBefore(5), "09-09 17:30"),
    Example("rolled: +1", rolled, .daysAfter(1), "09-15 17:30"),
    Example("not rolled: -1", rolled, from: "09-09 10:00", .daysBefore(1), "09-13 17:30"),
    Example("grace does not move -1", notice, .daysBefore(1), "09-14 00:00"),
    Example("grace does not move +1", notice, .daysAfter(1), "09-16 00:00"),
    Example(
      "no days: +1", TestOffice(.workingDays(0)), .daysAfter(1), "09-08 17:30"),
  ]

  static let plain: [Example] = [
    Example("-4h", .plain(-4 * hour), "09-09 13:30"),
    Example("+2h", .plain(2 * hour), "09-09 19:30"),
    Example("before t0 counts as t0", .plain(-100 * hour), "09-07 10:00"),
    Example("from due with its grace", notice, .plain(-4 * hour), "09-15 04:00"),
  ]

  static let hours: [Example] = [
    Example("hours: -2", TestOffice(.workingHours(13 * hour / 2)), .officeTime(-2 * hour), "09-07 17:00"),
    Example(
      "hours: -1.5 at a day's edge: the close", TestOffice(.workingHours(13 * hour / 2)),
      .officeTime(-3 * hour / 2), "09-07 17:30"),
    Example("hours: +2", TestOffice(.workingHours(13 * hour / 2)), .officeTime(2 * hour), "09-08 12:00"),
    Example(
      "hours: -H is t0", TestOffice(.workingHours(2 * hour)), from: "09-07 07:00", .officeTime(-2 * hour),
      "09-07 07:00"),
    Example(
      "hours: of an extended limit", TestOffice(.workingHours(13 * hour / 2)), extendedDays: 1,
      .officeTime(-2 * hour), "09-08 17:00"),
    Example(
      "hours: less pauses", TestOffice(.workingHours(13 * hour / 2)), pauses: [("09-07 11:00", "09-07 12:00")],
      .officeTime(-2 * hour), "09-08 09:00"),
    Example(
      "hours: grace does not move them", TestOffice(.workingHours(13 * hour / 2), grace: hour),
      .officeTime(-2 * hour), "09-07 17:00"),
  ]

  static let shares: [Example] = [
    Example("90 % of 18 h", .share(9_000), "09-09 15:42"),
    Example("50 % of 18 h", .share(5_000), "09-08 15:00"),
    Example("100 %", .share(10_000), "09-09 17:30"),
    Example("0 %: t0", .share(0), "09-07 10:00"),
    Example("rounded down to the microsecond", from: "09-07 10:00:00.000001", .share(9_000), "09-09 15:42"),
    Example(
      "less pauses: of 15.5 h", pauses: [("09-08 10:00", "09-08 15:00")], .share(9_000), "09-09 15:57"),
    Example(
      "of the time to due with its grace", TestOffice(.workingDays(1), grace: 24 * hour), .share(5_000),
      "09-08 15:00"),
    Example("no days: of the due day", TestOffice(.workingDays(0)), .share(5_000), "09-07 15:00"),
    Example(
      "no days: of the due day, not of what ran before", TestOffice(.workingDays(0)),
      pauses: [("09-07 11:00", "09-08 09:00")], .share(5_000), "09-09 11:45"),
    Example(
      "none runs: due itself", TestOffice(.calendarDays(1), dayEnd: .midnight), from: "09-11 18:00",
      .share(5_000), "09-13 00:00"),
    Example(
      "100 % has run at the close, before 24:00", TestOffice(dayEnd: .midnight), .share(10_000), "09-09 17:30"),
  ]

  @Test(arguments: days + plain + hours + shares) func instant(_ example: Example) throws {
    let reckoner = try example.office.reckon(
      example.start, pauses: example.pauses, extendedDays: example.extendedDays)
    #expect(example.office.text(reckoner.instant(of: example.position)?.at) == example.at)
  }
}
