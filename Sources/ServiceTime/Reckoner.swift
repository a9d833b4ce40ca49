/// Reckons one clock: its due time, levels and measures, from its start, its version, its calendar, its pauses
/// and its extension. Nothing here knows what happened in which order; that is the fold's part.
public struct Reckoner: Sendable {
  /// The rules.
  public let version: CommitmentVersion.Rules
  /// The calendar.
  public var calendar: WorkCalendar { line.calendar }
  /// t0.
  public var start: Instant { line.start }
  /// s, the date from which days are counted (itself not counted, Civil Code art. 201).
  public let startDate: CivilDate
  /// Counted days added by extensions.
  public let extendedDays: Int
  /// Pauses by events and closures.
  let line: PauseLine

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
  ///   - asOf: a closure without end that begins later is not known yet; nil knows all.
  public init(
    version: borrowing CommitmentVersion, calendar: WorkCalendar, start: Instant, pauses given: [PauseSpan] = [],
    extendedDays: Int = 0, stoppedAt: Instant? = nil, asOf: Instant? = nil
  ) {
    self.init(
      version: version.rules,
      line: PauseLine(
        version: version.rules, calendar: calendar, start: start, pauses: given, stoppedAt: stoppedAt, asOf: asOf),
      extendedDays: extendedDays)
  }

  /// Reckons a clock with its pauses as they have come in.
  @inline(__always)
  init(version: CommitmentVersion.Rules, line: consuming PauseLine, extendedDays: Int) {
    let startDate = Reckoner.startDate(line.start, version.startRule, line.calendar)
    due = Reckoner.due(version, line, startDate, extendedDays)
    self.version = version
    self.startDate = startDate
    self.extendedDays = extendedDays
    self.line = line
  }

  /// s: the start's date, or by `next_working_day` the next worked day if the start falls on a day not worked or
  /// after its close.
  @inline(__always)
  static func startDate(
    _ start: Instant, _ rule: CommitmentVersion.StartRule, _ calendar: WorkCalendar
  ) -> CivilDate {
    let date = calendar.date(of: start)
    guard rule == .nextWorkingDay, !calendar.isWorked(date) || start > calendar.close(date) else { return date }
    return calendar.workedDay(1, after: date) ?? date
  }

  // MARK: - Due

  @inline(__always)
  private static func due(
    _ version: CommitmentVersion.Rules, _ line: PauseLine, _ startDate: CivilDate, _ extended: Int
  ) -> Due? {
    let calendar = line.calendar
    // At the end of a date, where the calendar was asked about the dates from another on, or about none; for the date
    // from which days are counted it may have been asked, too.
    func due(on day: CivilDate, asked first: CivilDate?, rolled: Bool = false) -> Due {
      let isFirm = first.map { calendar.isPublished($0, day) } ?? true
      let startIsFirm =
        version.startRule == .asIs || calendar.isPublished(calendar.date(of: line.start), startDate)
      return Due(
        at: calendar.end(day, version.dayEnd) + version.grace, day: day, provisional: !isFirm || !startIsFirm,
        rolled: rolled)
    }
    switch version.limit {
    case .workingDays(let limit) where limit + extended == 0:
      var candidate = line.day(1, after: startDate + -1, worked: true)
      while let next = candidate, calendar.end(next, version.dayEnd) < line.start {
        candidate = line.day(1, after: next, worked: true)
      }
      return candidate.map { due(on: $0, asked: min(startDate, $0)) }
    case .workingDays(let limit):
      guard let day = line.day(limit + extended, after: startDate, worked: true) else { return nil }
      return due(on: day, asked: startDate + 1)
    case .calendarDays(let limit):
      guard let last = line.day(limit + extended, after: startDate, worked: false) else { return nil }
      guard version.rollForward else { return due(on: last, asked: nil) }
      if calendar.isWorked(last) { return due(on: last, asked: last) }
      guard let next = line.day(1, after: last, worked: true) else { return nil }
      return due(on: next, asked: last, rolled: true)
    case .workingHours(let limit):
      let amount = limit + Int64(extended) * calendar.usualOfficeTime
      guard let at = line.instant(running: amount, from: line.start) else { return nil }
      // What runs out at 24:00 ran out on the day that it closes.
      let day = calendar.date(of: at + -1)
      let first = calendar.date(of: line.start)
      return Due(
        at: at + version.grace, day: day, provisional: !calendar.isPublished(first, max(day, first)), rolled: false)
    }
  }
}
