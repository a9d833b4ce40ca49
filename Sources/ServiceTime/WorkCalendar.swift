/// A calendar made ready for reckoning: one table row per date, working days and office time as prefix sums.
///
/// Dates from 1969-12-30 through 2110-12-31 are in the table; what lies outside it is never counted.
public final class WorkCalendar: Sendable {
  /// The calendar's id.
  public let id: String
  /// Its zone.
  public let zone: TimeZoneTable
  /// Region prefixes of a layer; empty for a base.
  public let regions: [String]
  /// The calendar below a layer.
  public let base: String?
  /// The first published day; nil where everything before is.
  public let publishedFrom: CivilDate?
  /// The last published day (the horizon); nil where there is none.
  public let publishedUntil: CivilDate?
  /// Both, as dates that there always are.
  private let published: (first: CivilDate, last: CivilDate)
  /// Local closures, ascending, apart from each other.
  public let closures: [Closure]
  /// Those of them that have an end, ascending, apart from each other.
  let boundedClosures: [Closure]
  /// `closures` and `boundedClosures` without their names.
  let closureSpans: [PauseSpan]
  let endedClosureSpans: [PauseSpan]
  /// When the first closure without an end begins. Until then it changes nothing: how long it will last is not known,
  /// and what was reached before it was reached.
  public let openClosureFrom: Instant?
  /// Office time of a usual worked day, in microseconds.
  public let usualOfficeTime: Int64

  let week: Set<Weekday>
  let hours: [OfficeHours]
  let overrides: [CivilDate: DayOverride]
  /// Office hours of the few dates that have their own.
  private let ownHours: [CivilDate: [OfficeHours]]
  let fixedHolidays: Set<MonthDay>

  static let first = CivilDate(year: 1969, month: 12, day: 30)
  static let last = CivilDate(year: 2110, month: 12, day: 31)

  /// Instants of local midnight, one more than there are dates, in microseconds.
  private let midnights: [Int64]
  /// Instants of close(d), in microseconds.
  private let closes: [Int64]
  /// How many worked dates come before a date.
  private let workedBefore: [Int32]
  /// Offsets into the table of all worked dates, ascending.
  private let workedDates: [Int32]
  /// Office time before a date, in microseconds.
  private let officeBefore: [Int64]

  /// Compiles a definition over its already compiled base; `zone` is what the definition names, or nil to
  /// inherit. Returns nil where neither says which zone, week or hours apply.
  public init?(_ definition: CalendarDefinition, over base: WorkCalendar?, zone: TimeZoneTable?) {
    guard let zone = zone ?? base?.zone, let week = definition.week ?? base?.week,
      let hours = definition.hours ?? base?.hours, let close = hours.last?.close
    else { return nil }
    id = definition.id
    self.zone = zone
    regions = definition.regions
    self.base = definition.base
    self.week = week
    self.hours = hours
    publishedFrom = definition.publishedFrom ?? base?.publishedFrom ?? definition.days.map(\.date).min()
    publishedUntil = definition.publishedUntil ?? base?.publishedUntil
    published = (
      publishedFrom ?? CivilDate(dayNumber: .min), publishedUntil ?? CivilDate(dayNumber: .max)
    )
    fixedHolidays =
      definition.fixedHolidays.map(Set.init) ?? base?.fixedHolidays
      ?? Set(CalendarDefinition.statutoryFixedHolidays)
    var overrides = base?.overrides ?? [:]
    for day in definition.days { overrides[day.date] = day }
    self.overrides = overrides
    ownHours = overrides.compactMapValues(\.hours)
    closures = WorkCalendar.merged((base?.closures ?? []) + definition.closures)
    boundedClosures = WorkCalendar.merged(
      (base?.boundedClosures ?? []) + definition.closures.filter { $0.to != nil })
    closureSpans = closures.map { PauseSpan(from: $0.from, to: $0.to) }
    endedClosureSpans = boundedClosures.map { PauseSpan(from: $0.from, to: $0.to) }
    openClosureFrom = [base?.openClosureFrom, definition.closures.filter { $0.to == nil }.map(\.from).min()]
      .compactMap { $0 }.min()
    usualOfficeTime = hours.reduce(0) { $0 + Int64($1.close - $1.open) * 1_000_000 }

    let count = WorkCalendar.last - WorkCalendar.first + 1
    var midnights: [Int64] = []
    var closes: [Int64] = []
    var workedBefore: [Int32] = []
    var workedDates: [Int32] = []
    var officeBefore: [Int64] = []
    midnights.reserveCapacity(count + 1)
    closes.reserveCapacity(count)
    workedBefore.reserveCapacity(count + 1)
    officeBefore.reserveCapacity(count + 1)
    for index in 0...count { midnights.append(zone.instant(LocalTime(WorkCalendar.first + index)).microseconds) }
    var office: Int64 = 0
    for index in 0..<count {
      let date = WorkCalendar.first + index
      let override = overrides[date]
      let worked = WorkCalendar.isWorked(
        date, override, week: week, fixed: fixedHolidays, from: publishedFrom, until: publishedUntil)
      let dayHours = worked ? override?.hours ?? hours : hours
      let lastClose = worked ? dayHours.last?.close ?? close : close
      func at(_ second: Int32) -> Int64 {
        let midnight = midnights[index]
        if midnights[index + 1] - midnight == 86_400_000_000 { return midnight + Int64(second) * 1_000_000 }
        return zone.instant(LocalTime(date, timeOfDay: Int64(second) * 1_000_000)).microseconds
      }
      closes.append(at(lastClose))
      workedBefore.append(Int32(workedDates.count))
      officeBefore.append(office)
      if worked {
        workedDates.append(Int32(index))
        for span in dayHours { office += max(0, at(span.close) - at(span.open)) }
      }
    }
    workedBefore.append(Int32(workedDates.count))
    officeBefore.append(office)
    self.midnights = midnights
    self.closes = closes
    self.workedBefore = workedBefore
    self.workedDates = workedDates
    self.officeBefore = officeBefore
  }

  private static func isWorked(
    _ date: CivilDate, _ override: DayOverride?, week: Set<Weekday>, fixed: Set<MonthDay>,
    from: CivilDate?, until: CivilDate?
  ) -> Bool {
    if let override { return override.kind == .makeupWorkday }
    guard week.contains(date.weekday) else { return false }
    // Within the horizon the published days are the whole truth; beyond it only the fixed dates are known.
    if let from, date < from { return !isFixed(date, fixed) }
    if let until, date > until { return !isFixed(date, fixed) }
    return true
  }

  private static func isFixed(_ date: CivilDate, _ fixed: Set<MonthDay>) -> Bool {
    let fields = date.fields
    return fixed.contains(MonthDay(month: fields.month, day: fields.day))
  }

  static func merged(_ closures: [Closure]) -> [Closure] {
    var result: [Closure] = []
    for closure in closures.sorted(by: { $0.from < $1.from }) where closure.to.map({ $0 > closure.from }) ?? true {
      guard let previous = result.last, previous.to.map({ $0 >= closure.from }) ?? true else {
        result.append(closure)
        continue
      }
      if let end = previous.to, closure.to.map({ $0 > end }) ?? true {
        result[result.count - 1].to = closure.to
      }
    }
    return result
  }
}

extension WorkCalendar {
  @inline(__always)
  private func index(_ date: CivilDate) -> Int { date - WorkCalendar.first }

  private func clamped(_ date: CivilDate) -> Int {
    min(max(index(date), 0), closes.count - 1)
  }

  /// W(d): whether a date is worked.
  public func isWorked(_ date: CivilDate) -> Bool {
    let at = index(date)
    guard at >= 0, at < closes.count else { return false }
    return workedBefore[at + 1] > workedBefore[at]
  }

  /// Local midnight at the beginning of a date.
  @inline(__always)
  public func midnight(_ date: CivilDate) -> Instant {
    Instant(microseconds: midnights[min(max(index(date), 0), midnights.count - 1)])
  }

  /// close(d): the closing time of a date, the usual one on days not worked.
  @inline(__always)
  public func close(_ date: CivilDate) -> Instant { Instant(microseconds: closes[clamped(date)]) }

  /// end(d): close of business or 24:00.
  @inline(__always)
  public func end(_ date: CivilDate, _ rule: CommitmentVersion.DayEnd) -> Instant {
    rule == .close ? close(date) : midnight(date + 1)
  }

  /// L(t): the local date of an instant.
  @inline(__always)
  public func date(of instant: Instant) -> CivilDate { zone.date(of: instant) }

  /// L(t), which is most likely a date at hand.
  @inline(__always)
  func date(of instant: Instant, near date: CivilDate) -> CivilDate {
    let local = zone.local(instant)
    let sinceMidnight = local.microseconds - LocalTime(date).microseconds
    return sinceMidnight >= 0 && sinceMidnight < LocalTime.day ? date : local.date
  }

  /// How many worked dates lie in (a, b].
  @inline(__always)
  public func workedDays(after a: CivilDate, through b: CivilDate) -> Int {
    guard b > a else { return 0 }
    return Int(workedBefore[clamped(b) + 1]) - Int(workedBefore[clamped(a) + 1])
  }

  /// The n-th worked date after a date, n ≥ 1; nil past the table.
  @inline(__always)
  public func workedDay(_ n: Int, after date: CivilDate) -> CivilDate? {
    let at = Int(workedBefore[clamped(date) + 1]) + n - 1
    guard n >= 1, at < workedDates.count else { return nil }
    return WorkCalendar.first + Int(workedDates[at])
  }

  /// The n-th worked date before a date, n ≥ 1; nil before the table.
  public func workedDay(_ n: Int, before date: CivilDate) -> CivilDate? {
    let at = Int(workedBefore[clamped(date)]) - n
    guard n >= 1, at >= 0 else { return nil }
    return WorkCalendar.first + Int(workedDates[at])
  }

  /// Whether a date lies within the published range.
  @inline(__always)
  public func isPublished(_ date: CivilDate) -> Bool {
    published.first <= date && date <= published.last
  }

  /// Whether two dates lie within the published range, in any order.
  @inline(__always)
  func isPublished(_ a: CivilDate, _ b: CivilDate) -> Bool { isPublished(a) && isPublished(b) }

  /// Office time from the table's beginning to an instant, in microseconds; closures are not taken off.
  public func officeTime(until instant: Instant) -> Int64 {
    let day = date(of: instant)
    let at = index(day)
    guard at >= 0 else { return 0 }
    guard at < closes.count else { return officeBefore[closes.count] }
    var total = officeBefore[at]
    guard workedBefore[at + 1] > workedBefore[at] else { return total }
    for span in hours(of: day) {
      let open = self.instant(day, span.open)
      guard instant > open else { break }
      let close = self.instant(day, span.close)
      total += max(0, min(instant, close) - open)
    }
    return total
  }

  /// Office time between two instants, in microseconds.
  @inline(__always)
  public func officeTime(from a: Instant, to b: Instant) -> Int64 {
    a < b ? officeTime(until: b) - officeTime(until: a) : 0
  }

  /// Whether there is office time between two instants.
  func hasOfficeTime(from a: Instant, to b: Instant) -> Bool {
    guard a < b else { return false }
    let (first, last) = (index(date(of: a)), index(date(of: b)))
    if first >= 0, first < last, last < closes.count {
      // That of whole dates between them is known at once; so is that before the close of a date with all its hours.
      if officeBefore[last] > officeBefore[first + 1] { return true }
      if officeBefore[first + 1] > officeBefore[first], a.microseconds < closes[first],
        midnights[first + 1] - midnights[first] == LocalTime.day
      {
        return true
      }
    }
    return officeTime(from: a, to: b) > 0
  }

  /// Whether a closure without an end is known at an instant: it is from its beginning on; nil knows all.
  func knowsOpenClosure(asOf instant: Instant?) -> Bool {
    guard let openClosureFrom, let instant else { return true }
    return instant >= openClosureFrom
  }

  /// The instant at which an amount of office time, in microseconds, has run since an instant, closures taken off; nil
  /// past the table, and while a closure without an end stands before it.
  public func instant(officeTime amount: Int64, after start: Instant) -> Instant? {
    PauseLine(calendar: self, start: start).instant(running: amount, from: start)
  }

  /// The earliest instant until which an amount of office time, in microseconds from the table's beginning, has
  /// run: at a day's edge the close, not the next opening. Nil past the table.
  public func instant(officeTime amount: Int64) -> Instant? { self.instant(officeTime: amount, from: 0) }

  /// The earliest instant until which an amount of office time, in microseconds, more than 0, has run since another.
  func instant(officeTime amount: Int64, since start: Instant) -> Instant? {
    instant(officeTime: officeTime(until: start) + amount, from: clamped(date(of: start)))
  }

  /// The same, where less than the amount had run before a date of the table.
  private func instant(officeTime amount: Int64, from first: Int) -> Instant? {
    guard amount > 0, amount <= officeBefore[closes.count] else { return nil }
    // The last date before which less than the amount had run: seldom far from the first.
    var low = first
    var high = low + 1
    while high < closes.count, officeBefore[high] < amount {
      (low, high) = (high, min(high + 2 * (high - low), closes.count))
    }
    while low + 1 < high {
      let middle = (low + high) / 2
      if officeBefore[middle] < amount { low = middle } else { high = middle }
    }
    let day = WorkCalendar.first + low
    var rest = amount - officeBefore[low]
    for span in hours(of: day) {
      let open = self.instant(day, span.open)
      let length = max(0, self.instant(day, span.close) - open)
      if rest <= length { return open + rest }
      rest -= length
    }
    return nil
  }

  /// The office hours of a date, were it worked.
  public func hours(of date: CivilDate) -> [OfficeHours] {
    ownHours.isEmpty ? hours : ownHours[date] ?? hours
  }

  /// The office hours of a date, were it worked, as instants.
  public func officeSpans(of date: CivilDate) -> [(open: Instant, close: Instant)] {
    hours(of: date).map { (instant(date, $0.open), instant(date, $0.close)) }
  }

  /// The instant of a second since local midnight of a date.
  func instant(_ date: CivilDate, _ second: Int32) -> Instant {
    let at = index(date)
    if at >= 0, at < closes.count, midnights[at + 1] - midnights[at] == 86_400_000_000 {
      return Instant(microseconds: midnights[at] + Int64(second) * 1_000_000)
    }
    return zone.instant(LocalTime(date, timeOfDay: Int64(second) * 1_000_000))
  }

  /// What a date is, for people.
  public func facts(of date: CivilDate) -> DayFacts {
    let override = overrides[date]
    let worked = isWorked(date)
    let kind: DayFacts.Kind
    switch override?.kind {
    case .holiday: kind = .holiday
    case .makeupWorkday: kind = .makeupWorkday
    case nil:
      if worked { kind = .workday } else { kind = week.contains(date.weekday) ? .holiday : .restDay }
    }
    return DayFacts(
      date: date, worked: worked, kind: kind, name: override?.name, published: isPublished(date),
      officeTime: worked ? officeTime(from: midnight(date), to: midnight(date + 1)) : 0)
  }
}

/// What a date is in a calendar.
public struct DayFacts: Sendable, Equatable {
  /// Kinds of days.
  public enum Kind: String, Sendable {
    case workday
    case restDay = "rest_day"
    case holiday
    case makeupWorkday = "makeup_workday"
  }
  /// The date.
  public var date: CivilDate
  /// Whether it is worked.
  public var worked: Bool
  /// What kind of day it is.
  public var kind: Kind
  /// The holiday's name, where one is known.
  public var name: String?
  /// Whether the calendar is published for it.
  public var published: Bool
  /// Its office time in microseconds.
  public var officeTime: Int64
}
