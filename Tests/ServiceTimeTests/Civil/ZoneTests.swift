import Testing

@testable import ServiceTime

/// Local times that do not exist or exist twice, and days that are not 24 hours long.
@Suite struct ZoneTests {
  struct Reading: Sendable {
    var zone: String
    var local: String
    var utc: String
    init(_ zone: String, _ local: String, _ utc: String) {
      self.zone = zone
      self.local = local
      self.utc = utc
    }
  }

  static let readings = [
    // Amsterdam, 2026-03-29: from 02:00 to 03:00.
    Reading("Europe/Amsterdam", "2026-03-29T01:59:59", "2026-03-29T00:59:59Z"),
    Reading("Europe/Amsterdam", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z"),
    Reading("Europe/Amsterdam", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
    Reading("Europe/Amsterdam", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
    // 2026-10-25: 02:00 to 03:00 twice; the first is meant.
    Reading("Europe/Amsterdam", "2026-10-25T01:59:59", "2026-10-24T23:59:59Z"),
    Reading("Europe/Amsterdam", "2026-10-25T02:00:00", "2026-10-25T00:00:00Z"),
    Reading("Europe/Amsterdam", "2026-10-25T02:59:59", "2026-10-25T00:59:59Z"),
    Reading("Europe/Amsterdam", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
    // Lord Howe, 2026-10-04: from 02:00 to 02:30, half an hour.
    Reading("Australia/Lord_Howe", "2026-10-04T01:59:59", "2026-10-03T15:29:59Z"),
    Reading("Australia/Lord_Howe", "2026-10-04T02:10:00", "2026-10-03T15:40:00Z"),
    Reading("Australia/Lord_Howe", "2026-10-04T02:30:00", "2026-10-03T15:30:00Z"),
    // 2026-04-05: 01:30 to 02:00 twice.
    Reading("Australia/Lord_Howe", "2026-04-05T01:29:59", "2026-04-04T14:29:59Z"),
    Reading("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z"),
    Reading("Australia/Lord_Howe", "2026-04-05T02:00:00", "2026-04-04T15:30:00Z"),
    // Havana, 2026-03-08: there is no midnight.
    Reading("America/Havana", "2026-03-08T00:00:00", "2026-03-08T05:00:00Z"),
    // Apia had no 2011-12-30.
    Reading("Pacific/Apia", "2011-12-29T23:59:59", "2011-12-30T09:59:59Z"),
    Reading("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00Z"),
    Reading("Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00Z"),
  ]

  @Test(arguments: readings) func instants(_ reading: Reading) throws {
    let zone = try ZoneFileTests.table(reading.zone)
    let local = try require(Array(reading.local.utf8).withUnsafeBufferPointer { LocalTime.parse(isoPrefix: $0)?.0 })
    #expect(zone.instant(local) == ShippedPolicy.instant(reading.utc))
  }

  /// Every reading of the wall that an instant gives leads back to it, or to the first of two.
  @Test(arguments: ["Europe/Amsterdam", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia", "Asia/Shanghai"])
  func thereAndBack(_ name: String) throws {
    let zone = try ZoneFileTests.table(name)
    var random = SeededGenerator(seed: 203)
    var instants = (0..<1_000).map { _ in Instant(seconds: Int64(random.pick(0...4_000_000_000))) }
    for transition in zone.transitions where transition > 0 {
      instants += (0..<3).map { _ in Instant(seconds: transition + Int64(random.pick(-7_200...7_200))) }
    }
    for instant in instants {
      let local = zone.local(instant)
      let back = zone.instant(local)
      #expect(zone.local(back) == local)
      #expect(back <= instant)
      #expect(zone.date(of: instant) == local.date)
    }
  }

  static func office(
    _ zone: String, _ limit: Limit, _ open: Int32, _ close: Int32, dayEnd: CommitmentVersion.DayEnd = .close
  ) throws -> TestOffice {
    var office = TestOffice(limit, dayEnd: dayEnd)
    office.zone = try ZoneFileTests.table(zone)
    office.calendar.timeZone = zone
    office.calendar.week = Set(Weekday.allCases)
    office.calendar.hours = [OfficeHours(open: open, close: close)]
    return office
  }

  /// An office that works through the night of the change: that day it has an hour less, or more.
  @Test(arguments: [
    ("Europe/Amsterdam", "2026-03-28 00:00", 6, "2026-03-29T04:00:00+02:00"),
    ("Europe/Amsterdam", "2026-03-29 00:00", 3, "2026-03-29T04:00:00+02:00"),
    ("Europe/Amsterdam", "2026-03-29 00:00", 4, "2026-03-30T01:00:00+02:00"),
    ("Europe/Amsterdam", "2026-10-25 00:00", 3, "2026-10-25T02:00:00+01:00"),
    ("Europe/Amsterdam", "2026-10-25 00:00", 5, "2026-10-25T04:00:00+01:00"),
    ("Europe/Amsterdam", "2026-10-25 00:00", 6, "2026-10-26T01:00:00+01:00"),
  ])
  func hours(_ zone: String, _ start: String, _ hours: Int64, _ due: String) throws {
    let office = try ZoneTests.office(
      zone, .workingHours((start.hasSuffix("28 00:00") ? hours + 1 : hours) * hour), 0, 14_400)
    #expect(try office.reckon(start).due?.at == ShippedPolicy.instant(due))
  }

  /// Half an hour at Lord Howe: 00:00 to 04:00 are 3.5 hours in October, 4.5 in April.
  @Test func halfAnHour() throws {
    let october = try ZoneTests.office("Australia/Lord_Howe", .workingHours(7 * hour / 2), 0, 14_400)
    #expect(try october.reckon("2026-10-04 00:00").due?.at == ShippedPolicy.instant("2026-10-04T04:00:00+11:00"))
    let april = try ZoneTests.office("Australia/Lord_Howe", .workingHours(9 * hour / 2), 0, 14_400)
    #expect(try april.reckon("2026-04-05 00:00").due?.at == ShippedPolicy.instant("2026-04-05T04:00:00+10:30"))
    #expect(try april.compiled().facts(of: ShippedPolicy.date("2026-04-05")).officeTime == 9 * hour / 2)
  }

  /// Closing times and midnights that do not exist, or exist twice.
  @Test func edgesOfDays() throws {
    let spring = try ZoneTests.office("Europe/Amsterdam", .calendarDays(1), 0, 9_000)
    #expect(try spring.reckon("2026-03-28 10:00").due?.at == ShippedPolicy.instant("2026-03-29T03:30:00+02:00"))
    #expect(try spring.reckon("2026-10-24 10:00").due?.at == ShippedPolicy.instant("2026-10-25T02:30:00+02:00"))
    let havana = try ZoneTests.office("America/Havana", .calendarDays(1), 36_000, 64_800, dayEnd: .midnight)
    #expect(try havana.reckon("2026-03-06 10:00").due?.at == ShippedPolicy.instant("2026-03-08T01:00:00-04:00"))
    // A day of 23 hours is a day.
    let days = try ZoneTests.office("Europe/Amsterdam", .calendarDays(2), 36_000, 64_800, dayEnd: .midnight)
    #expect(try days.reckon("2026-03-28 10:00").due?.at == ShippedPolicy.instant("2026-03-31T00:00:00+02:00"))
    #expect(try days.reckon("2026-10-24 10:00").due?.at == ShippedPolicy.instant("2026-10-27T00:00:00+01:00"))
  }

  @Test func tablesMustBeInOrder() {
    #expect(TimeZoneTable(name: "x", transitions: [10, 5], offsets: [0, 1, 2]) == nil)
    #expect(TimeZoneTable(name: "x", transitions: [5], offsets: [0]) == nil)
    #expect(TimeZoneTable(name: "x", transitions: [5, 10], offsets: [0, 1, 2]) != nil)
  }
}
