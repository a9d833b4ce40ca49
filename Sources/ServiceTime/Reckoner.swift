/// Reckons one clock: its due time, levels and measures, from its start, its version, its calendar, its pauses
/// and its extension. Nothing here knows what happened in which order; that is the fold's part.
public struct Reckoner: Sendable {
  /// The rules.
  public let version: CommitmentVersion
  /// The calendar.
  public var calendar: WorkCalendar { line.calendar }
  /// t0.
  public let start: Instant
  /// s, the date from which days are counted (itself not counted, Civil Code art. 201).
  public let startDate: CivilDate
  /// Counted days added by extensions.
  public let extendedDays: Int
  /// Pauses by events and closures.
  let line: PauseLine

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
      line.take(PauseSpan.merged(given.contains { $0.from < start } ? given.filter { $0.from >= start } : given))
    }
    self.init(version: version, start: start, line: line, extendedDays: extendedDays)
  }

  /// Reckons a clock that started at `start`, with its pauses as they have come in and with its stop.
  init(version: CommitmentVersion, start: Instant, line: PauseLine, extendedDays: Int) {
    self.version = version
    self.start = start
    self.extendedDays = extendedDays
    self.line = line
    startDate = Reckoner.startDate(start, version.startRule, line.calendar)
    due = reckoned()
  }

  /// Whether the limit counts worked dates, or all.
  @inline(__always)
  var countsWorked: Bool {
    if case .calendarDays = version.limit { return false }
    return true
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
      var candidate = line.day(1, after: s + -1, worked: true)
      while let next = candidate, calendar.end(next, version.dayEnd) < start {
        candidate = line.day(1, after: next, worked: true)
      }
      guard let found = candidate else { return nil }
      day = found
      at = calendar.end(day, version.dayEnd)
      asked = min(s, day)...day
    case .workingDays(let limit):
      guard let found = line.day(limit + extended, after: s, worked: true) else { return nil }
      day = found
      at = calendar.end(day, version.dayEnd)
      asked = (version.startRule == .nextWorkingDay ? calendar.date(of: start) : s + 1)...day
    case .calendarDays(let limit):
      guard let last = line.day(limit + extended, after: s, worked: false) else { return nil }
      if version.rollForward {
        var end = last
        if !calendar.isWorked(last) {
          guard let next = line.day(1, after: last, worked: true) else { return nil }
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
      guard let found = line.instant(running: amount, from: start) else { return nil }
      at = found
      // What runs out at 24:00 ran out on the day that it closes.
      day = calendar.date(of: found + -1)
      asked = calendar.date(of: start)...max(day, calendar.date(of: start))
    }
    let provisional =
      asked.map { !calendar.isPublished($0.lowerBound) || !calendar.isPublished($0.upperBound) } ?? false
    return Due(at: at + version.grace, day: day, provisional: provisional, rolled: rolled)
  }
}
