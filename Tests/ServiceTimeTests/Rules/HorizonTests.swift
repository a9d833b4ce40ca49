import Testing

@testable import ServiceTime

/// What is worked past the published days, and what is provisional for it.
@Suite struct HorizonTests {
  static func shipped(_ office: TestOffice) -> TestOffice {
    var office = office
    office.calendar = ShippedPolicy.calendar
    office.calendar.id = "office"
    return office
  }

  struct Example: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var office: TestOffice
    var start: String
    var due: String
    var isProvisional: Bool
    /// Levels and whether they are provisional.
    var levels: [(Level.Position, Bool)] = []

    init(
      _ rule: String, _ office: TestOffice, from start: String, due: String, _ isProvisional: Bool,
      _ levels: [(Level.Position, Bool)] = []
    ) {
      testDescription = rule
      self.office = office
      self.start = start
      self.due = due
      self.isProvisional = isProvisional
      self.levels = levels
    }
  }

  /// The shipped calendar is published until Monday 2026-12-28.
  static let until: [Example] = [
    Example(
      "to the last published day", shipped(TestOffice()), from: "12-24 10:00", due: "12-28 17:30", false,
      [
        (.due, false), (.daysBefore(1), false), (.daysAfter(1), true), (.plain(2 * hour), false),
        (.share(9_000), false),
      ]),
    Example(
      "past it", shipped(TestOffice()), from: "12-25 10:00", due: "12-29 17:30", true,
      [
        (.due, true), (.daysBefore(1), false), (.daysBefore(2), false), (.plain(-hour), true),
        (.share(9_000), true),
      ]),
    Example(
      "-N on the last published day asks for no other", shipped(TestOffice(.workingDays(1))), from: "12-28 10:00",
      due: "12-29 17:30", true, [(.daysBefore(1), false)]),
    Example(
      "the fixed holiday of New Year", shipped(TestOffice()), from: "12-30 10:00", due: "2027-01-04 17:30", true),
    Example(
      "no days", shipped(TestOffice(.workingDays(0))), from: "12-28 10:00", due: "12-28 17:30", false),
    Example(
      "no days, past it", shipped(TestOffice(.workingDays(0))), from: "12-28 18:00", due: "12-29 17:30", true,
      [(.daysAfter(1), true)]),
    Example(
      "calendar days never ask", shipped(TestOffice(.calendarDays(7))), from: "12-25 10:00",
      due: "2027-01-01 17:30", false, [(.daysBefore(1), false), (.daysAfter(1), false), (.share(9_000), true)]),
    Example(
      "but the roll does", shipped(TestOffice(.calendarDays(7), rollForward: true)), from: "12-25 10:00",
      due: "2027-01-04 17:30", true, [(.daysBefore(1), true)]),
    Example(
      "and next_working_day", shipped(TestOffice(.calendarDays(7), startRule: .nextWorkingDay)),
      from: "2027-01-02 10:00", due: "2027-01-11 17:30", true, [(.daysBefore(1), true), (.daysAfter(1), true)]),
    Example(
      "even where it moves nothing", shipped(TestOffice(.calendarDays(4), rollForward: true)), from: "12-25 10:00",
      due: "12-29 17:30", true),
    Example(
      "a roll on the last published day", shipped(TestOffice(.calendarDays(3), rollForward: true)),
      from: "12-25 10:00", due: "12-28 17:30", false, [(.daysBefore(1), false), (.daysAfter(1), false)]),
    Example(
      "hours on it", shipped(TestOffice(.workingHours(5 * hour))), from: "12-28 10:00", due: "12-28 17:30", false,
      [(.officeTime(hour), true), (.officeTime(-hour), false)]),
    Example(
      "hours past it", shipped(TestOffice(.workingHours(6 * hour))), from: "12-28 10:00", due: "12-29 09:30", true,
      [(.officeTime(-hour), false)]),
    Example(
      "a share to 24:00 of the last published day", shipped(TestOffice(dayEnd: .midnight)), from: "12-24 10:00",
      due: "12-29 00:00", false, [(.share(9_000), false)]),
  ]

  static func from(_ limit: Limit, _ rule: CommitmentVersion.StartRule = .asIs) -> TestOffice {
    var office = TestOffice(limit, startRule: rule)
    office.calendar.publishedFrom = ShippedPolicy.date("2026-09-08")
    return office
  }
  /// The same before the first published day, here Tuesday 2026-09-08.
  static let before: [Example] = [
    Example(
      "from the day before", from(.workingDays(2)), from: "09-07 10:00", due: "09-09 17:30", false,
      [(.daysBefore(1), false)]),
    Example(
      "from earlier", from(.workingDays(2)), from: "09-04 10:00", due: "09-08 17:30", true, [(.daysBefore(1), true)]
    ),
    Example(
      "next_working_day asks for the start date", from(.workingDays(2), .nextWorkingDay), from: "09-07 10:00",
      due: "09-09 17:30", true, [(.daysBefore(1), true)]),
    Example(
      "no days ask for it", from(.workingDays(0)), from: "09-07 18:00", due: "09-08 17:30", true,
      [(.daysAfter(1), true)]),
    Example(
      "no days from the next working day", from(.workingDays(0), .nextWorkingDay), from: "09-07 18:00",
      due: "09-08 17:30", true),
    Example(
      "calendar days from it", from(.calendarDays(2), .nextWorkingDay), from: "09-05 10:00", due: "09-09 17:30",
      true),
    Example("hours ask for it", from(.workingHours(hour)), from: "09-07 18:00", due: "09-08 09:30", true),
  ]

  @Test(arguments: until + before) func provisional(_ example: Example) throws {
    let reckoner = try example.office.reckon(example.start)
    #expect(example.office.text(reckoner.due?.at) == example.due)
    #expect(reckoner.due?.provisional == example.isProvisional)
    for (position, isProvisional) in example.levels {
      #expect(reckoner.instant(of: position)?.provisional == isProvisional, "\(position)")
    }
  }

  /// Past the horizon: the plain week less the fixed dates. Within it the published days are the whole truth.
  @Test(arguments: [
    ("2026-12-29", true), ("2026-12-31", true), ("2027-01-01", false), ("2027-01-04", true), ("2027-02-08", true),
    ("2028-05-01", false), ("2028-05-02", false), ("2028-05-03", true), ("2028-10-01", false),
    ("2028-10-02", false), ("2028-10-03", false), ("2028-10-04", true), ("2027-01-02", false),
    ("2026-09-20", true), ("2026-10-08", true), ("2026-10-07", false), ("2026-10-10", true), ("2026-02-14", true),
    ("2006-05-01", false), ("2006-05-03", true),
  ])
  func worked(_ date: String, _ worked: Bool) throws {
    let calendar = try HorizonTests.shipped(TestOffice()).compiled()
    #expect(calendar.isWorked(ShippedPolicy.date(date)) == worked)
  }

  @Test func withinTheHorizonFixedDatesMeanNothing() throws {
    var office = TestOffice()
    office.calendar.fixedHolidays = nil
    office.calendar.publishedFrom = ShippedPolicy.date("2026-01-01")
    office.calendar.publishedUntil = ShippedPolicy.date("2026-12-28")
    let calendar = try office.compiled()
    #expect(calendar.isWorked(ShippedPolicy.date("2026-05-01")))
    #expect(!calendar.isWorked(ShippedPolicy.date("2025-05-01")))
    #expect(!calendar.isWorked(ShippedPolicy.date("2028-05-01")))
    #expect(calendar.isPublished(ShippedPolicy.date("2026-12-28")))
    #expect(!calendar.isPublished(ShippedPolicy.date("2026-12-29")))
    #expect(!calendar.isPublished(ShippedPolicy.date("2025-12-31")))
  }
}
