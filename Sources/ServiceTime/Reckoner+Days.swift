/// What a date meant to a clock, and why.
public struct CountedDay: Sendable, Equatable {
  /// Why a date counts or does not.
  public enum Reason: String, Sendable {
    /// The date of the start: not counted (Civil Code art. 201).
    case start
    /// It counts.
    case counted
    /// Not worked by the week.
    case restDay = "rest_day"
    /// A holiday.
    case holiday
    /// The clock was paused by an event in the instant before its end.
    case suspended
    /// A pause that began on an earlier date ended on it: the day on which time starts again is not counted (Civil
    /// Code art. 201).
    case restarted = "time_restarts"
    /// A local closure lasted past its end.
    case closure
  }
  /// The date.
  public var date: CivilDate
  /// Its number among the counted days, from 1; nil if it does not count.
  public var number: Int?
  /// Why.
  public var reason: Reason
  /// The holiday's or closure's name; of a makeup day the holiday it makes up for.
  public var name: String?
  /// Whether it is a rest day that is worked instead (调休); a day of the week's with hours of its own is none.
  public var makeup: Bool
  /// Whether the calendar is published for it.
  public var published: Bool
}

extension Reckoner {
  /// Every date from the start's through another, with the reason why it counts or not; at most 4,000.
  public func days(through last: CivilDate) -> [CountedDay] {
    var days: [CountedDay] = []
    var number = 0
    var date = calendar.date(of: start)
    while date <= last, days.count < 4_000 {
      let facts = calendar.facts(of: date)
      var day = CountedDay(
        date: date, number: nil, reason: .counted, name: facts.name,
        makeup: facts.kind == .makeupWorkday && !calendar.rules.week.contains(date.weekday),
        published: facts.published)
      if date <= startDate {
        day.reason = .start
      } else if line.isSuspended(date) {
        let end = calendar.end(date, version.dayEnd)
        if isPausedByEvent(before: end) {
          day.reason = .suspended
        } else if let closure = closure(at: end) {
          day.reason = .closure
          day.name = closure.name
        } else {
          day.reason = .restarted
        }
      } else if version.countsWorkedDays, !facts.worked {
        day.reason = facts.kind == .holiday ? .holiday : .restDay
      } else {
        number += 1
        day.number = number
      }
      days.append(day)
      date = date + 1
    }
    return days
  }

  private func closure(at end: Instant) -> Closure? {
    guard version.closures == .pause else { return nil }
    return calendar.closures.first { $0.from < end && $0.to.map { end <= $0 } ?? true }
  }

  private func isPausedByEvent(before end: Instant) -> Bool {
    line.eventPauses.contains { $0.from < end && end <= $0.end }
  }
}
