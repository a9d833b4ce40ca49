import Synchronization

@testable import ServiceTime
import TestSupport

/// A calendar drawn at random, once for the product and once for the tests' own walk, and cases under it.
struct RandomOffice: Sendable {
  let naive: NaiveOffice
  let calendar: WorkCalendar
  /// Promises under it, made ready.
  let promises: [RandomPromise]
  let rulebook: Rulebook
  /// The first date of the window, and how many days it has.
  let first: Int
  static let days = 56
  let windowStart: Int
  let openMinutes: [Bool]

  /// Zones around a change of their clocks, as dates and offsets in minutes.
  private static let zones: [(name: String, first: String, offsets: [(String, Int)])] = [
    ("Asia/Shanghai", "2026-09-01", [("1970-01-01T00:00:00Z", 480)]),
    ("Asia/Shanghai", "2026-12-10", [("1970-01-01T00:00:00Z", 480)]),
    ("Europe/Amsterdam", "2026-03-16", [("1970-01-01T00:00:00Z", 60), ("2026-03-29T01:00:00Z", 120)]),
    ("Europe/Amsterdam", "2026-10-12", [("1970-01-01T00:00:00Z", 120), ("2026-10-25T01:00:00Z", 60)]),
    ("Australia/Lord_Howe", "2026-09-21", [("1970-01-01T00:00:00Z", 630), ("2026-10-03T15:30:00Z", 660)]),
    ("Australia/Lord_Howe", "2026-03-23", [("1970-01-01T00:00:00Z", 660), ("2026-04-04T15:00:00Z", 630)]),
    ("America/Havana", "2026-02-23", [("1970-01-01T00:00:00Z", -300), ("2026-03-08T05:00:00Z", -240)]),
    ("America/Havana", "2026-10-19", [("1970-01-01T00:00:00Z", -240), ("2026-11-01T05:00:00Z", -300)]),
  ]
  private static let hours: [[(Int, Int)]] = [
    [(510, 720), (870, 1050)], [(510, 720), (870, 1050)], [(540, 1020)], [(0, 1440)], [(720, 1440)], [(0, 240)],
    [(150, 600)],
  ]

  init(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (name, firstText, offsets) = RandomOffice.zones[Int(seed) % RandomOffice.zones.count]
    let first = Int(ShippedPolicy.date(firstText).dayNumber)
    let minutes = offsets.map {
      (from: Int(ShippedPolicy.instant($0.0).microseconds / minute), minutes: $0.1)
    }
    var days: [Int: (worked: Bool, hours: [(open: Int, close: Int)]?)] = [:]
    for _ in 0..<random.pick(0...6) {
      let own = random.chance(20) ? [(open: 600, close: 840)] : nil
      let worked = random.chance(50)
      days[first + random.pick(0...RandomOffice.days)] = (worked, worked ? own : nil)
    }
    let week: Set<Int> = random.chance(75) ? [1, 2, 3, 4, 5] : [1, 2, 3, 4, 5, 6, 7]
    let hours = random.pick(RandomOffice.hours).map { (open: $0.0, close: $0.1) }
    var office = NaiveOffice(
      offsets: minutes, week: week, hours: hours, days: days, closures: [], publishedFrom: nil,
      publishedUntil: nil, fixedHolidays: [])
    if random.chance(50) { office.publishedUntil = first + random.pick(5...30) }
    if random.chance(25) { office.publishedFrom = first + random.pick(0...12) }
    let fixed = (0..<random.pick(0...4)).map { _ in first + random.pick(0...RandomOffice.days) }
    office.fixedHolidays = Set(fixed)
    for _ in 0..<random.pick(0...2) {
      let from = office.minute(first + random.pick(2...20), random.pick([0, 510, 600, 720, 870, 1050, 1111]))
      office.closures.append((from, from + random.pick([45, 300, 720, 1440, 2_000, 4_000])))
    }
    if random.chance(15) {
      let from = office.minute(first + random.pick(8...25), 777)
      // One that lasts to a known end and overlaps it would be one with it, to be ended by a stop.
      office.closures.removeAll { $0.to ?? .max >= from }
      office.closures.append((from, nil))
    }
    self.first = first
    naive = office
    windowStart = office.minute(first - 2, 0)
    openMinutes = office.office(from: windowStart, count: RandomOffice.days * 1440)
    let zone = try require(
      TimeZoneTable(
        name: name, transitions: minutes.dropFirst().map { Int64($0.from) * 60 },
        offsets: minutes.map { Int32($0.minutes * 60) }))
    func date(_ number: Int) -> CivilDate { CivilDate(dayNumber: Int32(number)) }
    func officeHours(_ hours: [(open: Int, close: Int)]) -> [OfficeHours] {
      hours.map { OfficeHours(open: Int32($0.open * 60), close: Int32($0.close * 60)) }
    }
    let definition = CalendarDefinition(
      id: "office", timeZone: name, week: Set(week.compactMap { Weekday(rawValue: UInt8($0)) }),
      hours: officeHours(hours),
      days: days.map {
        DayOverride(
          date: date($0), kind: $1.worked ? .makeupWorkday : .holiday, name: "", hours: $1.hours.map(officeHours))
      },
      publishedFrom: office.publishedFrom.map(date) ?? CivilDate(year: 1970, month: 1, day: 1),
      publishedUntil: office.publishedUntil.map(date),
      fixedHolidays: fixed.map { MonthDay(month: date($0).fields.month, day: date($0).fields.day) },
      closures: office.closures.map {
        Closure(from: RandomOffice.instant($0.from), to: $0.to.map(RandomOffice.instant), name: "")
      })
    promises = (0..<16).map { RandomPromise(number: $0, first: first, &random) }
    rulebook = try Rulebook(
      policy: Policy(commitments: promises.map(\.commitment), shares: promises.map(RandomOffice.share)),
      calendars: [definition], zones: [name: zone])
    calendar = try require(rulebook.calendars["office"])
  }

  /// A share of a promise's process: of its steps and pauses, those told by one channel.
  private static func share(_ promise: RandomPromise) -> ShareCommitment {
    ShareCommitment(
      id: "share of \(promise.commitment.id)", process: promise.commitment.process,
      population: [EventMatcher("step_completed:licence"), EventMatcher("suspended"), EventMatcher("completed")],
      counted: CaseScope(regionPrefixes: ["46"], channels: ["online"]), target: ShareTarget(millionths: 900_000),
      period: .month)
  }

  private static let drawn = Mutex<[UInt64: RandomOffice]>([:])

  /// The office of a seed, drawn once for all laws.
  static func of(seed: UInt64) throws -> RandomOffice {
    try drawn.withLock { drawn in
      if let office = drawn[seed] { return office }
      let office = try RandomOffice(seed: seed)
      drawn[seed] = office
      return office
    }
  }

  /// Seeds of the offices that all laws are tried in.
  static let seeds = UInt64(0)..<24

  static func instant(_ minutes: Int) -> Instant { Instant(microseconds: Int64(minutes) * minute) }

  /// A minute on one of some days, at an edge of a day as often as not.
  func minuteOfDays(_ days: ClosedRange<Int>, _ random: inout SeededGenerator) -> Int {
    let date = first + random.pick(days)
    guard random.chance(55) else { return naive.minute(date, random.pick(0...1439)) }
    let edges = [0, 1440] + naive.hours(date).flatMap { [$0.open, $0.close] }
    return naive.minute(date, random.pick(edges)) + (random.chance(20) ? random.pick(-1...1) : 0)
  }

  /// Pauses drawn at random from a start on.
  func pauses(from t0: Int, _ random: inout SeededGenerator) -> [(from: Int, to: Int?)] {
    (0..<random.pick([0, 0, 1, 1, 1, 2, 2, 3, 9])).map { _ in
      let from = random.chance(10) ? t0 - random.pick(0...600) : minuteOfDays(4...14, &random)
      if random.chance(8) { return (from, nil) }
      let to = random.chance(50) ? from + random.pick(0...3_000) : minuteOfDays(4...16, &random)
      return (from, max(from, to))
    }
  }
}
