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
  /// Pauses by events and closures.
  let line: PauseLine
  /// Those of them that are not settled, merged.
  let pauses: [PauseSpan]
  /// Dates that they suspend, after those that are settled.
  private let suspended: [DayRange]

  /// The due time, the day it falls on and whether it rests on an unpublished day; nil while unknown.
  public private(set) var due: Due?

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
  ///   - asOf: a closure without end that begins later is not known yet; nil knows all.
  public init(
    version: CommitmentVersion, calendar: WorkCalendar, start: Instant, pauses given: [PauseSpan] = [],
    extendedDays: Int = 0, stoppedAt: Instant? = nil, asOf: Instant? = nil
  ) {
    var line = PauseLine(version: version, calendar: calendar, start: start, stoppedAt: stoppedAt, asOf: asOf)
    if !given.isEmpty {
      line.reserve(given.count)
      for pause in PauseSpan.merged(given.contains { $0.from < start } ? given.filter { $0.from >= start } : given)
      {
        line.begin(at: pause.from)
        if let to = pause.to { line.end(at: to) }
      }
    }
    self.init(
      version: version, calendar: calendar, start: start, line: line, extendedDays: extendedDays,
      stoppedAt: stoppedAt)
  }

  /// Reckons a clock that started at `start`, with its pauses as they have come in.
  init(
    version: CommitmentVersion, calendar: WorkCalendar, start: Instant, line: PauseLine, extendedDays: Int,
    stoppedAt: Instant?
  ) {
    self.version = version
    self.calendar = calendar
    self.start = start
    self.extendedDays = extendedDays
    self.line = line
    startDate = Reckoner.startDate(start, version.startRule, calendar)
    let tail = line.tail(stoppedAt: stoppedAt)
    pauses = tail.pauses
    suspended = tail.suspended
    due = reckoned()
  }

  /// Counts the dates that the limit counts.
  @inline(__always)
  var counter: DayCounter {
    if case .calendarDays = version.limit { return counter(worked: false) }
    return counter(worked: true)
  }

  @inline(__always)
  private func counter(worked: Bool) -> DayCounter {
    DayCounter(calendar: calendar, worked: worked, settled: line.settled, suspended: suspended)
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

  // MARK: - Due

  private func reckoned() -> Due? {
    let (s, extended) = (startDate, extendedDays)
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
          guard let next = counter(worked: true).day(1, after: last) else { return nil }
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
      guard let found = Reckoner.runInstant(amount, from: start, line.settled, pauses, calendar) else {
        return nil
      }
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
    _ amount: Int64, from start: Instant, _ settled: SettledPauses, _ pauses: [PauseSpan], _ calendar: WorkCalendar
  ) -> Instant? {
    guard amount > 0 else { return start }
    var left = amount
    var cursor = start
    if let last = settled.lastBefore(amount, from: start, calendar) { (cursor, left) = last }
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
    if !line.settled.pauses.isEmpty {
      total -= line.settled.office(until: b, calendar) - line.settled.office(until: a, calendar)
    }
    for pause in pauses where pause.from < b && pause.end > a {
      total -= calendar.officeTime(from: max(a, pause.from), to: min(b, pause.end))
    }
    return total
  }

  /// Paused time between two instants, in microseconds.
  func pausedTime(from a: Instant, to b: Instant) -> Int64 {
    guard a < b else { return 0 }
    let settled = line.settled.paused(until: b) - line.settled.paused(until: a)
    return pauses.reduce(settled) { $0 + max(0, min(b, $1.end) - max(a, $1.from)) }
  }
}
