/// Counts dates: all of them or the worked ones, less the suspended.
extension PauseLine {
  func isSuspended(_ date: CivilDate) -> Bool {
    if let settled, settled.isSuspended(date) { return true }
    var (place, last) = (unsettled, settled?.suspendedUntil)
    while let range = nextSuspended(&place, after: &last), range.low <= date {
      if date <= range.high { return true }
    }
    return false
  }

  func isCounted(_ date: CivilDate, worked: Bool) -> Bool {
    (!worked || calendar.isWorked(date)) && !isSuspended(date)
  }

  @inline(__always)
  private func plain(after a: CivilDate, through b: CivilDate, _ worked: Bool) -> Int {
    guard b > a else { return 0 }
    return worked ? calendar.workedDays(after: a, through: b) : b - a
  }

  @inline(__always)
  private func plain(_ n: Int, after date: CivilDate, _ worked: Bool) -> CivilDate? {
    worked ? calendar.workedDay(n, after: date) : (date + n <= WorkCalendar.last ? date + n : nil)
  }

  /// How many counted dates lie in (a, b].
  func count(after a: CivilDate, through b: CivilDate, worked: Bool) -> Int {
    var total = plain(after: a, through: b, worked)
    if b <= a || isEmpty { return total }
    if let settled {
      total -= settled.dates(through: b, worked: worked, calendar)
      total += settled.dates(through: a, worked: worked, calendar)
    }
    var (place, last) = (unsettled, settled?.suspendedUntil)
    while let range = nextSuspended(&place, after: &last), range.low <= b {
      guard range.high > a else { continue }
      total -= plain(after: max(a, range.low + -1), through: min(b, range.high), worked)
    }
    return total
  }

  /// The n-th counted date after a date, n ≥ 1; nil while a pause without end stands before it.
  @inline(__always)
  func day(_ n: Int, after date: CivilDate, worked: Bool) -> CivilDate? {
    isEmpty ? plain(n, after: date, worked) : unsuspendedDay(n, after: date, worked: worked)
  }

  private func unsuspendedDay(_ n: Int, after date: CivilDate, worked: Bool) -> CivilDate? {
    var left = n
    var cursor = date
    if let found = settled?.lastBefore(n, after: date, worked: worked, calendar) { (cursor, left) = found }
    var (place, last) = (unsettled, settled?.suspendedUntil)
    while let range = nextSuspended(&place, after: &last) {
      guard range.high > cursor else { continue }
      let here = plain(after: cursor, through: range.low + -1, worked)
      if left <= here { break }
      left -= here
      guard range.high != DayRange.forever else { return nil }
      cursor = max(cursor, range.high)
    }
    return plain(left, after: cursor, worked)
  }

  /// The n-th counted date before a date and after `floor`, or `floor` if there are fewer.
  func day(_ n: Int, before date: CivilDate, notBelow floor: CivilDate, worked: Bool) -> CivilDate {
    let total = count(after: floor, through: date + -1, worked: worked)
    guard n <= total else { return floor }
    return day(total - n + 1, after: floor, worked: worked) ?? floor
  }
}
