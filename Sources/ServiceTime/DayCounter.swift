/// Counts dates: all of them or the worked ones, less the suspended.
struct DayCounter {
  let calendar: WorkCalendar
  let worked: Bool
  /// Suspended dates that stay so.
  let settled: SettledPauses
  /// Suspended dates after the settled ones: ascending, disjoint.
  let suspended: [DayRange]

  func isSuspended(_ date: CivilDate) -> Bool {
    settled.isSuspended(date) || suspended.contains { $0.low <= date && date <= $0.high }
  }

  func isCounted(_ date: CivilDate) -> Bool {
    (!worked || calendar.isWorked(date)) && !isSuspended(date)
  }

  @inline(__always)
  private func plain(after a: CivilDate, through b: CivilDate) -> Int {
    guard b > a else { return 0 }
    return worked ? calendar.workedDays(after: a, through: b) : b - a
  }

  @inline(__always)
  private func plain(_ n: Int, after date: CivilDate) -> CivilDate? {
    worked ? calendar.workedDay(n, after: date) : (date + n <= WorkCalendar.last ? date + n : nil)
  }

  /// How many counted dates lie in (a, b].
  func count(after a: CivilDate, through b: CivilDate) -> Int {
    var total = plain(after: a, through: b)
    if b > a, !settled.days.isEmpty {
      total -= settled.dates(through: b, worked: worked, calendar)
      total += settled.dates(through: a, worked: worked, calendar)
    }
    for range in suspended where range.high > a && range.low <= b {
      total -= plain(after: max(a, range.low + -1), through: min(b, range.high))
    }
    return total
  }

  /// The n-th counted date after a date, n ≥ 1; nil while a pause without end stands before it.
  func day(_ n: Int, after date: CivilDate) -> CivilDate? {
    var left = n
    var cursor = date
    if let last = settled.lastBefore(n, after: date, worked: worked, calendar) { (cursor, left) = last }
    for range in suspended where range.high > cursor {
      let here = plain(after: cursor, through: range.low + -1)
      if left <= here { break }
      left -= here
      guard range.high != DayRange.forever else { return nil }
      cursor = max(cursor, range.high)
    }
    return plain(left, after: cursor)
  }

  /// The n-th counted date before a date and after `floor`, or `floor` if there are fewer.
  func day(_ n: Int, before date: CivilDate, notBelow floor: CivilDate) -> CivilDate {
    let total = count(after: floor, through: date + -1)
    guard n <= total else { return floor }
    return day(total - n + 1, after: floor) ?? floor
  }
}
