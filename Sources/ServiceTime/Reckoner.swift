/// Reckons one clock: its due time, levels and measures, from its start, its version, its calendar, its pauses
/// and its extension. Nothing here knows what happened in which order; that is the fold's part.
public struct Reckoner: Sendable {
  /// The rules.
  public let version: CommitmentVersion
  /// The calendar.
  public let calendar: WorkCalendar
  /// t0.
  public let start: Instant
  /// s, the date from which days are counted (itself not counted, Civil Code art. 201).
  public let startDate: CivilDate
  /// Counted days added by extensions.
  public let extendedDays: Int
  /// Pauses by events, merged.
  let eventPauses: [PauseSpan]
  /// Pauses by events and closures, merged.
  let pauses: [PauseSpan]
  let counter: DayCounter
  /// For the roll to a worked day and for counting office days.
  let workedCounter: DayCounter

  /// The due time, the day it falls on and whether it rests on an unpublished day; nil while unknown.
  public let due: Due?

  /// A due time.
  public struct Due: Sendable, Equatable {
    /// The instant, grace included.
    public var at: Instant
    /// DN, rolled where the version rolls.
    public var day: CivilDate
    /// Whether a day was asked that the calendar is not published for.
    public var provisional: Bool
    /// Whether the day was moved by the roll to a worked day.
    var rolled: Bool
  }

  /// Reckons a clock that started at `start`.
  ///
  /// - Parameters:
  ///   - pauses: pauses by events in any order; those begun before `start` count for nothing.
  ///   - extendedDays: counted days added to limit and floor.
  ///   - stoppedAt: where the clock stopped; it ends a pause or closure without end.
  public init(
    version: CommitmentVersion, calendar: WorkCalendar, start: Instant, pauses given: [PauseSpan] = [],
    extendedDays: Int = 0, stoppedAt: Instant? = nil
  ) {
    self.version = version
    self.calendar = calendar
    self.start = start
    self.extendedDays = extendedDays
    startDate = Reckoner.startDate(start, version.startRule, calendar)
    eventPauses = given.isEmpty ? [] : PauseSpan.merged(given.filter { $0.from >= start })
    if calendar.closures.isEmpty || version.closures == .count {
      pauses = eventPauses
    } else {
      let closures = calendar.closures.compactMap { closure -> PauseSpan? in
        let end = closure.to ?? stoppedAt
        guard end.map({ $0 > start }) ?? true else { return nil }
        return PauseSpan(from: max(closure.from, start), to: end)
      }
      pauses = PauseSpan.merged(eventPauses + closures)
    }
    let suspended = Reckoner.suspended(
      eventPauses: eventPauses, pauses: pauses, dayEnd: version.dayEnd, calendar: calendar,
      closuresPause: version.closures == .pause)
    let counted: Bool
    if case .calendarDays = version.limit { counted = false } else { counted = true }
    counter = DayCounter(calendar: calendar, worked: counted, suspended: suspended)
    workedCounter = counted ? counter : DayCounter(calendar: calendar, worked: true, suspended: suspended)
    due = Reckoner.due(
      version, calendar, start, startDate, extendedDays, pauses, counter: counter, worked: workedCounter)
  }

  /// s: the start's date, or by `next_working_day` the next worked day if the start falls on a day not worked or
  /// after its close.
  static func startDate(
    _ start: Instant, _ rule: CommitmentVersion.StartRule, _ calendar: WorkCalendar
  ) -> CivilDate {
    let date = calendar.date(of: start)
    guard rule == .nextWorkingDay, !calendar.isWorked(date) || start > calendar.close(date) else { return date }
    return calendar.workedDay(1, after: date) ?? date
  }

  // MARK: - Suspended days

  /// The dates that pauses suspend, ascending and disjoint.
  ///
  /// A date is suspended if the clock is paused in the instant before its end, or if a pause by an event that
  /// began on an earlier date and took office time ends on it: the day on which time starts again is not counted
  /// (Civil Code art. 201).
  private static func suspended(
    eventPauses: [PauseSpan], pauses: [PauseSpan], dayEnd: CommitmentVersion.DayEnd, calendar: WorkCalendar,
    closuresPause: Bool
  ) -> [DayRange] {
    guard !pauses.isEmpty else { return [] }
    var ranges: [DayRange] = []
    for pause in pauses {
      let first = calendar.date(of: pause.from)
      let low = pause.from < calendar.end(first, dayEnd) ? first : first + 1
      guard let to = pause.to else {
        ranges.append(DayRange(low: low, high: DayRange.forever))
        continue
      }
      let last = calendar.date(of: to)
      let high = calendar.end(last, dayEnd) <= to ? last : last + -1
      if low <= high { ranges.append(DayRange(low: low, high: high)) }
    }
    for pause in eventPauses {
      guard let to = pause.to else { continue }
      let last = calendar.date(of: to)
      let endDay = to == calendar.midnight(last) ? last + -1 : last
      guard calendar.date(of: pause.from) < endDay else { continue }
      var office = calendar.officeTime(from: pause.from, to: to)
      if closuresPause {
        for closure in calendar.closures where closure.from < to {
          office -= calendar.officeTime(
            from: max(closure.from, pause.from), to: min(closure.to ?? to, to))
        }
      }
      if office > 0 { ranges.append(DayRange(low: endDay, high: endDay)) }
    }
    guard ranges.count > 1 else { return ranges }
    ranges.sort { $0.low < $1.low }
    var disjoint: [DayRange] = []
    for range in ranges {
      if let last = disjoint.last, range.low <= last.high || range.low == last.high + 1 {
        disjoint[disjoint.count - 1].high = max(last.high, range.high)
      } else {
        disjoint.append(range)
      }
    }
    return disjoint
  }

  // MARK: - Due

  private static func due(
    _ version: CommitmentVersion, _ calendar: WorkCalendar, _ start: Instant, _ s: CivilDate, _ extended: Int,
    _ pauses: [PauseSpan], counter: DayCounter, worked: DayCounter
  ) -> Due? {
    let at: Instant
    let day: CivilDate
    var rolled = false
    let asked: ClosedRange<CivilDate>?
    switch version.limit {
    case .workingDays(let limit) where limit + extended == 0:
      var candidate = counter.day(1, after: s + -1)
      while let next = candidate, calendar.end(next, version.dayEnd) < start {
        candidate = counter.day(1, after: next)
      }
      guard let found = candidate else { return nil }
      day = found
      at = calendar.end(day, version.dayEnd)
      asked = min(s, day)...day
    case .workingDays(let limit):
      guard let found = counter.day(limit + extended, after: s) else { return nil }
      day = found
      at = calendar.end(day, version.dayEnd)
      asked = (version.startRule == .nextWorkingDay ? calendar.date(of: start) : s + 1)...day
    case .calendarDays(let limit):
      guard let last = counter.day(limit + extended, after: s) else { return nil }
      if version.rollForward {
        var end = last
        if !calendar.isWorked(last) {
          guard let next = worked.day(1, after: last) else { return nil }
          end = next
          rolled = true
        }
        day = end
        asked = last...end
      } else {
        day = last
        asked = nil
      }
      at = calendar.end(day, version.dayEnd)
    case .workingHours(let limit):
      let amount = limit + Int64(extended) * calendar.usualOfficeTime
      guard let found = runInstant(amount, from: start, pauses, calendar) else { return nil }
      at = found
      // What runs out at 24:00 ran out on the day that it closes.
      day = calendar.date(of: found + -1)
      asked = calendar.date(of: start)...max(day, calendar.date(of: start))
    }
    let provisional =
      asked.map { !calendar.isPublished($0.lowerBound) || !calendar.isPublished($0.upperBound) } ?? false
    return Due(at: at + version.grace, day: day, provisional: provisional, rolled: rolled)
  }

  // MARK: - Office time while running

  /// The earliest instant at which an amount of office time, in microseconds, has run since an instant.
  static func runInstant(
    _ amount: Int64, from start: Instant, _ pauses: [PauseSpan], _ calendar: WorkCalendar
  ) -> Instant? {
    guard amount > 0 else { return start }
    var left = amount
    var cursor = start
    for pause in pauses where pause.end > cursor {
      if pause.from > cursor {
        let here = calendar.officeTime(from: cursor, to: pause.from)
        if left <= here { break }
        left -= here
      }
      guard let to = pause.to else { return nil }
      cursor = max(cursor, to)
    }
    return calendar.instant(officeTime: calendar.officeTime(until: cursor) + left)
  }

  /// Office time while running between two instants, in microseconds.
  func runTime(from a: Instant, to b: Instant) -> Int64 {
    guard a < b else { return 0 }
    var total = calendar.officeTime(from: a, to: b)
    for pause in pauses where pause.from < b && pause.end > a {
      total -= calendar.officeTime(from: max(a, pause.from), to: min(b, pause.end))
    }
    return total
  }

  /// Paused time between two instants, in microseconds.
  func pausedTime(from a: Instant, to b: Instant) -> Int64 {
    pauses.reduce(0) { $0 + max(0, min(b, $1.end) - max(a, $1.from)) }
  }
}
