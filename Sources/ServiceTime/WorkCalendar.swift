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

  /// What it says of each date, with its base's words.
  let rules: DayRules
  let hours: [OfficeHours]
  /// Office hours of the few dates that have their own.
  private let ownHours: [CivilDate: [OfficeHours]]
  let tables: DayTables

  static var first: CivilDate { DayTables.first }
  static var last: CivilDate { DayTables.last }

  /// Compiles a definition over its already compiled base; `zone` is what the definition names, or nil to
  /// inherit. Returns nil where neither says which zone, week or hours apply.
  public init?(_ definition: CalendarDefinition, over base: WorkCalendar?, zone: TimeZoneTable?) {
    guard let zone = zone ?? base?.zone, let rules = DayRules(definition, over: base?.rules) else { return nil }
    id = definition.id
    self.zone = zone
    regions = definition.regions
    self.base = definition.base
    self.rules = rules
    hours = rules.hours
    publishedFrom = rules.publishedFrom
    publishedUntil = rules.publishedUntil
    published = (
      publishedFrom ?? CivilDate(dayNumber: .min), publishedUntil ?? CivilDate(dayNumber: .max)
    )
    ownHours = rules.overrides.compactMapValues(\.hours)
    closures = WorkCalendar.merged((base?.closures ?? []) + definition.closures)
    boundedClosures = WorkCalendar.merged(
      (base?.boundedClosures ?? []) + definition.closures.filter { $0.to != nil })
    closureSpans = closures.map { PauseSpan(from: $0.from, to: $0.to) }
    endedClosureSpans = boundedClosures.map { PauseSpan(from: $0.from, to: $0.to) }
    openClosureFrom = [base?.openClosureFrom, definition.closures.filter { $0.to == nil }.map(\.from).min()]
      .compactMap { $0 }.min()
    usualOfficeTime = hours.reduce(0) { $0 + Int64($1.close - $1.open) * 1_000_000 }
    // Layers that only choose regions or close for a while have their base's tables.
    let below = base?.zone == zone ? base : nil
    tables =
      if let below, below.rules == rules { below.tables } else {
        DayTables(rules, in: zone, sharing: below?.tables)
      }
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
    min(max(index(date), 0), tables.closes.count - 1)
  }

  /// W(d): whether a date is worked.
  public func isWorked(_ date: CivilDate) -> Bool {
    let at = index(date)
    guard at >= 0, at < tables.closes.count else { return false }
    return tables.workedBefore[at + 1] > tables.workedBefore[at]
  }

  /// Local midnight at the beginning of a date.
  @inline(__always)
  public func midnight(_ date: CivilDate) -> Instant {
    Instant(microseconds: tables.midnights[min(max(index(date), 0), tables.midnights.count - 1)])
  }

  /// close(d): the closing time of a date, the usual one on days not worked.
  @inline(__always)
  public func close(_ date: CivilDate) -> Instant { Instant(microseconds: tables.closes[clamped(date)]) }

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
    return Int(tables.workedBefore[clamped(b) + 1]) - Int(tables.workedBefore[clamped(a) + 1])
  }

  /// The n-th worked date after a date, n ≥ 1; nil past the table.
  @inline(__always)
  public func workedDay(_ n: Int, after date: CivilDate) -> CivilDate? {
    let at = Int(tables.workedBefore[clamped(date) + 1]) + n - 1
    guard n >= 1, at < tables.workedDates.count else { return nil }
    return WorkCalendar.first + Int(tables.workedDates[at])
  }

  /// The n-th worked date before a date, n ≥ 1; nil before the table.
  public func workedDay(_ n: Int, before date: CivilDate) -> CivilDate? {
    let at = Int(tables.workedBefore[clamped(date)]) - n
    guard n >= 1, at >= 0 else { return nil }
    return WorkCalendar.first + Int(tables.workedDates[at])
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
    guard at < tables.closes.count else { return tables.officeBefore[tables.closes.count] }
    var total = tables.officeBefore[at]
    guard tables.workedBefore[at + 1] > tables.workedBefore[at] else { return total }
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
    if first >= 0, first < last, last < tables.closes.count {
      // That of whole dates between them is known at once; so is that before the close of a date with all its hours.
      if tables.officeBefore[last] > tables.officeBefore[first + 1] { return true }
      if tables.officeBefore[first + 1] > tables.officeBefore[first], a.microseconds < tables.closes[first],
        tables.midnights[first + 1] - tables.midnights[first] == LocalTime.day
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
    guard amount > 0, amount <= tables.officeBefore[tables.closes.count] else { return nil }
    // The last date before which less than the amount had run: seldom far from the first.
    var low = first
    var high = low + 1
    while high < tables.closes.count, tables.officeBefore[high] < amount {
      (low, high) = (high, min(high + 2 * (high - low), tables.closes.count))
    }
    while low + 1 < high {
      let middle = (low + high) / 2
      if tables.officeBefore[middle] < amount { low = middle } else { high = middle }
    }
    let day = WorkCalendar.first + low
    var rest = amount - tables.officeBefore[low]
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
    if at >= 0, at < tables.closes.count, tables.midnights[at + 1] - tables.midnights[at] == 86_400_000_000 {
      return Instant(microseconds: tables.midnights[at] + Int64(second) * 1_000_000)
    }
    return zone.instant(LocalTime(date, timeOfDay: Int64(second) * 1_000_000))
  }

  /// What a date is, for people.
  public func facts(of date: CivilDate) -> DayFacts {
    let override = rules.overrides[date]
    let worked = isWorked(date)
    let kind: DayFacts.Kind
    switch override?.kind {
    case .holiday: kind = .holiday
    case .makeupWorkday: kind = .makeupWorkday
    case nil:
      if worked { kind = .workday } else { kind = rules.week.contains(date.weekday) ? .holiday : .restDay }
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
