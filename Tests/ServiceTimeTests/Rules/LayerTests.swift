import Testing

@testable import ServiceTime

/// Layers: published no longer than their base, and no heavier than what they change.
@Suite struct LayerTests {
  private static let shipped = ShippedPolicy.calendar

  private static func layer(_ definition: CalendarDefinition, zone: TimeZoneTable? = nil) throws -> WorkCalendar {
    let base = try CompiledCalendars.shared.calendar(shipped, ShippedPolicy.shanghai)
    return try require(WorkCalendar(definition, over: base, zone: zone))
  }

  @Test func publishedNoLongerThanTheBase() throws {
    var office = HorizonTests.shipped(TestOffice())
    office.layers = [
      CalendarDefinition(
        id: "town", base: "office", regions: ["4690"], publishedFrom: ShippedPolicy.date("1990-01-01"),
        publishedUntil: ShippedPolicy.date("2027-12-28")),
      CalendarDefinition(
        id: "port", base: "office", regions: ["4601"], publishedUntil: ShippedPolicy.date("2026-11-30")),
    ]
    for region in ["469005", "110101"] {
      let clock = try office.clock("accepted 12-25 10:00 region=\(region)")
      #expect(office.text(clock.dueAt) == "12-29 17:30")
      #expect(clock.provisional)
    }
    let calendars = try office.rulebook().calendars
    #expect(calendars["town"]?.publishedUntil == ShippedPolicy.date("2026-12-28"))
    #expect(calendars["town"]?.publishedFrom == calendars["office"]?.publishedFrom)
    #expect(calendars["port"]?.publishedUntil == ShippedPolicy.date("2026-11-30"))
  }

  struct Change: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var layer: CalendarDefinition
    /// Which tables are the base's own: midnights, closes, sums and list of worked dates, sums of office time.
    var shared: [Bool]

    init(_ name: String, _ shared: [Bool], _ change: (inout CalendarDefinition) -> Void) {
      testDescription = name
      layer = CalendarDefinition(id: "layer", base: "cn")
      self.shared = shared
      change(&layer)
    }
  }

  private static func day(
    _ date: String, _ kind: DayOverride.Kind, _ hours: [OfficeHours]? = nil
  ) -> DayOverride {
    DayOverride(date: ShippedPolicy.date(date), kind: kind, name: "local", hours: hours)
  }

  static let changes: [Change] = [
    Change("regions and closures", [true, true, true, true, true]) {
      $0.regions = ["46"]
      $0.closures = [Closure(from: Instant(microseconds: 0), to: nil, name: "")]
    },
    Change("a holiday", [true, true, false, false, false]) { $0.days = [day("2026-04-20", .holiday)] },
    Change("a holiday that is one already", [true, true, true, true, true]) {
      $0.days = [day("2026-10-01", .holiday), day("2026-04-18", .holiday)]
    },
    Change("holidays taken back, days with hours", [true, false, false, false, false]) {
      $0.days = [
        day("2026-10-07", .makeupWorkday),
        day("2026-04-20", .makeupWorkday, [OfficeHours(open: 36_000, close: 50_400)]),
        day("2026-04-26", .makeupWorkday, [OfficeHours(open: 0, close: 86_400)]), day("1970-01-01", .holiday),
        day("2110-12-31", .holiday), day("2110-12-28", .makeupWorkday),
      ]
    },
    Change("hours", [true, false, true, true, false]) { $0.hours = [OfficeHours(open: 32_400, close: 57_600)] },
    Change("a week", [true, true, false, false, false]) { $0.week = [.monday, .saturday, .sunday] },
    Change("fixed holidays", [true, true, false, false, false]) {
      $0.fixedHolidays = [MonthDay(month: 2, day: 29), MonthDay(month: 12, day: 31)]
    },
    Change("an earlier horizon", [true, true, false, false, false]) {
      $0.publishedUntil = ShippedPolicy.date("2017-04-20")
    },
  ]

  /// A layer reckons as the same calendar without a base, and keeps no table twice.
  @Test(arguments: changes) func sharesItsBasesTables(_ change: Change) throws {
    let base = try CompiledCalendars.shared.calendar(LayerTests.shipped, ShippedPolicy.shanghai)
    let layer = try LayerTests.layer(change.layer)
    var whole = LayerTests.shipped
    whole.week = change.layer.week ?? whole.week
    whole.hours = change.layer.hours ?? whole.hours
    let dates = Set(change.layer.days.map(\.date))
    whole.days = whole.days.filter { !dates.contains($0.date) } + change.layer.days
    whole.fixedHolidays = change.layer.fixedHolidays
    whole.publishedFrom = base.publishedFrom
    whole.publishedUntil = change.layer.publishedUntil ?? whole.publishedUntil
    let plain = try require(WorkCalendar(whole, over: nil, zone: ShippedPolicy.shanghai))
    #expect(layer.tables.midnights == plain.tables.midnights)
    #expect(layer.tables.closes == plain.tables.closes)
    #expect(layer.tables.workedBefore == plain.tables.workedBefore)
    #expect(layer.tables.workedDates == plain.tables.workedDates)
    #expect(layer.tables.officeBefore == plain.tables.officeBefore)
    #expect(LayerTests.places(layer).enumerated().map { $1 == LayerTests.places(base)[$0] } == change.shared)
  }

  @Test func anotherZoneHasItsOwnTables() throws {
    let layer = try LayerTests.layer(CalendarDefinition(id: "layer", base: "cn", timeZone: "UTC"), zone: .utc)
    let date = ShippedPolicy.date("2026-09-08")
    #expect(layer.midnight(date) == Instant(microseconds: date.dayNumber64 * LocalTime.day))
    #expect(layer.close(date).rfc3339(in: .utc) == "2026-09-08T17:30:00Z")
  }

  /// Where the tables lie in memory.
  private static func places(_ calendar: WorkCalendar) -> [UInt] {
    let tables = calendar.tables
    func place<Value>(_ array: [Value]) -> UInt {
      array.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }
    return [
      place(tables.midnights), place(tables.closes), place(tables.workedBefore), place(tables.workedDates),
      place(tables.officeBefore),
    ]
  }
}
