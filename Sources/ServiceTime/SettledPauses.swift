/// Pauses that nothing later can touch, apart from each other, and the dates that they suspend; with sums, so that
/// what lies in all before one is known at once.
///
/// Sendable: only the line that holds the sole reference changes it. So no access can overlap another either, and none
/// is looked for. A reference, because nearly no line has any and all have to be small.
final class SettledPauses: @unchecked Sendable {
  struct Pause: Sendable {
    var from: Instant
    var to: Instant
    /// Paused time in it and all before, in microseconds.
    var paused: Int64
    /// Office time in it and all before, in microseconds.
    var office: Int64
    /// Office time outside pauses from the calendar's beginning to its own, in microseconds.
    var run: Int64
  }

  struct Days: Sendable {
    var range: DayRange
    /// Dates suspended by it and all before.
    var dates: Int
    /// Worked ones among them.
    var workedDates: Int
  }

  /// What comes after them and may still be touched.
  @exclusivity(unchecked) var begun: PauseLine.Stretch?

  @exclusivity(unchecked) private(set) var pauses: [Pause] = []
  @exclusivity(unchecked) private(set) var days: [Days] = []

  /// A copy of others, or none yet.
  init(_ other: SettledPauses? = nil) {
    guard let other else { return }
    begun = other.begun
    pauses = other.pauses
    days = other.days
  }

  var suspendedUntil: CivilDate? { days.last?.range.high }

  /// Appends a pause, later than all before, with the dates that it suspends, some of which may be so already.
  func append(_ pause: PauseSpan, _ range: DayRange?, _ calendar: WorkCalendar) {
    let before = calendar.officeTime(until: pause.from)
    let office = pauses.last?.office ?? 0
    pauses.append(
      Pause(
        from: pause.from, to: pause.end, paused: (pauses.last?.paused ?? 0) + (pause.end - pause.from),
        office: office + calendar.officeTime(until: pause.end) - before, run: before - office))
    guard let range = range?.after(suspendedUntil) else { return }
    days.append(
      Days(
        range: range, dates: (days.last?.dates ?? 0) + (range.high - range.low) + 1,
        workedDates: (days.last?.workedDates ?? 0)
          + calendar.workedDays(after: range.low + -1, through: range.high)))
  }

  // MARK: - Time

  /// Paused time before an instant, in microseconds.
  func paused(until instant: Instant) -> Int64 {
    guard let last = last(of: pauses, where: { $0.from < instant }) else { return 0 }
    return last.paused - max(0, last.to - instant)
  }

  /// Office time in pauses before an instant, in microseconds.
  func office(until instant: Instant, _ calendar: WorkCalendar) -> Int64 {
    guard let last = last(of: pauses, where: { $0.from < instant }) else { return 0 }
    return last.office - calendar.officeTime(from: instant, to: last.to)
  }

  /// The end of the last pause before which less than an amount of office time had run since an instant, and what is
  /// left of the amount then; nil if there is none after the instant.
  func lastBefore(
    _ amount: Int64, from start: Instant, _ calendar: WorkCalendar
  ) -> (to: Instant, left: Int64)? {
    guard let end = pauses.last?.to, end > start else { return nil }
    let target = calendar.officeTime(until: start) - office(until: start, calendar) + amount
    guard let last = last(of: pauses, where: { $0.run < target }), last.to > start else { return nil }
    return (last.to, target - last.run)
  }

  // MARK: - Dates

  /// The last range before which fewer than a number of dates counted after a date, by its high end, and how many of
  /// them are left then; nil if there is none after the date.
  func lastBefore(
    _ number: Int, after date: CivilDate, worked: Bool, _ calendar: WorkCalendar
  ) -> (high: CivilDate, left: Int)? {
    guard number > 0, let until = suspendedUntil, until > date else { return nil }
    let suspended = dates(through: date, worked: worked, calendar)
    func counted(before days: Days) -> Int {
      let low = days.range.low + -1
      guard low > date else { return 0 }
      let before =
        worked
        ? days.workedDates - calendar.workedDays(after: low, through: days.range.high)
        : days.dates - (days.range.high - low)
      return (worked ? calendar.workedDays(after: date, through: low) : low - date) - (before - suspended)
    }
    guard let last = last(of: days, where: { $0.range.high <= date || counted(before: $0) < number }),
      last.range.high > date
    else { return nil }
    return (last.range.high, number - counted(before: last))
  }

  /// How many suspended dates, all or the worked ones, there are through a date.
  func dates(through date: CivilDate, worked: Bool, _ calendar: WorkCalendar) -> Int {
    guard let last = last(of: days, where: { $0.range.low <= date }) else { return 0 }
    let total = worked ? last.workedDates : last.dates
    guard last.range.high > date else { return total }
    return total - (worked ? calendar.workedDays(after: date, through: last.range.high) : last.range.high - date)
  }

  func isSuspended(_ date: CivilDate) -> Bool {
    last(of: days, where: { $0.range.low <= date }).map { date <= $0.range.high } ?? false
  }

  // MARK: - Search

  /// The last element for which a condition holds that holds for all before it.
  private func last<T>(of elements: [T], where holds: (T) -> Bool) -> T? {
    let count = SettledPauses.count(of: elements, where: holds)
    return count > 0 ? elements[count - 1] : nil
  }

  /// For how many elements a condition holds that holds for the first ones only.
  static func count<T>(of elements: [T], where holds: (T) -> Bool) -> Int {
    var low = 0
    var high = elements.count
    while low < high {
      let middle = (low + high) / 2
      if holds(elements[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
