import ServiceTime

/// A date of a clock with what made it count or not: the pauses, the closure, the calendar, the law.
public struct ExplainedDay: Sendable {
  /// The date, its number and the reason.
  public var day: CountedDay
  /// Of a counted date after the due day of a clock that overran: its number among them, from 1.
  public var overrunNumber: Int?
  /// Whether it comes after the clock's end, and tells only when it would have been due.
  public var isAfterEnd = false
  /// The pauses that suspend it, or that end on it where time starts again.
  public var pauses: [ClockPause] = []
  /// The closure that lasts past its end.
  public var closure: Closure?
  /// The calendar that makes it a holiday or a day worked instead: the clock's, or the one below that says so.
  public var calendar: String
  /// The law behind it; nil where none is known.
  public var rule: LegalRule?

  /// Every date of a clock through another, at most 4,000.
  ///
  /// - Parameters:
  ///   - end: the date on which it stopped or was cancelled.
  ///   - isOverrun: whether it ran past due, at its end or by now.
  public static func all(
    _ reckoner: Reckoner, pauses: [ClockPause], _ rulebook: Rulebook, through last: CivilDate,
    endedOn end: CivilDate? = nil, overrun isOverrun: Bool = false
  ) -> [ExplainedDay] {
    let calendar = reckoner.calendar
    let lawful = LegalRule.hold(for: calendar)
    var overrun = 0
    return reckoner.days(through: last).map { day in
      var explained = ExplainedDay(day: day, calendar: calendar.id)
      if let end, day.date > end { explained.isAfterEnd = true }
      if isOverrun, !explained.isAfterEnd, let due = reckoner.due?.day, day.date > due, day.number != nil {
        overrun += 1
        explained.overrunNumber = overrun
      }
      switch day.reason {
      case .start: explained.rule = .startDateNotCounted
      case .suspended:
        let end = calendar.end(day.date, reckoner.version.dayEnd)
        explained.pauses = pauses.filter { $0.from < end && ($0.to.map { end <= $0 } ?? true) }
        explained.rule = explained.pauses.lazy.compactMap { LegalRule.pause($0.kind) }.first
      case .restarted:
        explained.pauses = pauses.filter { pause in
          guard let to = pause.to, pause.from < to else { return false }
          return calendar.date(of: to + -1) == day.date && calendar.date(of: pause.from) < day.date
        }
        explained.rule = .startDateNotCounted
      case .closure:
        let end = calendar.end(day.date, reckoner.version.dayEnd)
        explained.closure = calendar.closures.first { $0.from < end && ($0.to.map { end <= $0 } ?? true) }
      case .holiday,
        .counted where day.makeup:
        let (ruling, root) = ruling(day.date, calendar, rulebook)
        explained.calendar = ruling
        // Only the country's own calendar follows the notice; a layer has its local days.
        if root, day.published { explained.rule = .stateCouncilNotice }
      case .restDay: if reckoner.version.countsWorkedDays { explained.rule = .workingDays }
      case .counted: break
      }
      if !lawful { explained.rule = nil }
      return explained
    }
  }

  /// The lowest calendar that says of a date what the clock's own says, and whether nothing lies below it.
  private static func ruling(
    _ date: CivilDate, _ calendar: WorkCalendar, _ rulebook: Rulebook
  ) -> (id: String, root: Bool) {
    let kind = calendar.facts(of: date).kind
    var found = calendar
    while let id = found.base, let below = rulebook.calendars[id], below.facts(of: date).kind == kind {
      found = below
    }
    return (found.id, found.base == nil)
  }
}
