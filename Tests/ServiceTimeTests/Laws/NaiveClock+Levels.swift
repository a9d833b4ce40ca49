@testable import ServiceTime

extension NaiveClock {
  /// Where a level lies, in microseconds, and whether it is provisional.
  func instant(_ position: Level.Position) -> (at: Int64, isProvisional: Bool)? {
    guard let due else { return nil }
    func days(_ day: Int) -> (Int64, Bool) {
      let isProvisional: Bool
      switch rules.unit {
      case .calendarDays: isProvisional = due.isProvisional
      default:
        let first = rules.limit + extended == 0 && !rules.nextWorkingDay ? s : firstAsked
        isProvisional = asks(min(first, day)...day)
      }
      return (Int64(end(day)) * minute, isProvisional)
    }
    let found: (at: Int64, isProvisional: Bool)?
    switch position {
    case .due: found = (Int64(due.at) * minute, due.isProvisional)
    case .plain(let offset): found = (Int64(due.at) * minute + offset, due.isProvisional)
    case .daysBefore(let k):
      // D1 … and from a rolled day back over all dates counted before it.
      var dates = [s]
      var date = s
      while date < due.day - 1 {
        date += 1
        if isCounted(date) { dates.append(date) }
      }
      found = days(dates[max(0, dates.count - k)])
    case .daysAfter(let k): found = counted(k, after: due.day).map(days)
    case .officeTime(let offset):
      found = hasRun(officeLimit + Int(offset / minute)).map {
        (Int64($0) * minute, asks(office.date(t0)...max(office.date(t0), office.date($0 - 1))))
      }
    case .share(let hundredths): found = share(hundredths, due)
    }
    return found.map { (max($0.at, Int64(t0) * minute), $0.isProvisional) }
  }

  private func share(_ hundredths: Int64, _ due: Due) -> (at: Int64, isProvisional: Bool) {
    let from = rules.unit == .workingDays && rules.limit + extended == 0 ? max(t0, office.minute(due.day, 0)) : t0
    let isProvisional = due.isProvisional || asks(office.date(t0)...max(office.date(t0), office.date(due.at - 1)))
    let total = running(from, due.at)
    guard total > 0 else { return (Int64(due.at) * minute, isProvisional) }
    var left = Int64(total) * minute * hundredths / 10_000
    guard left > 0 else { return (Int64(from) * minute, isProvisional) }
    let at = first(from: from, to: due.at) { time in
      guard !self.isPaused(time) else { return false }
      if left <= minute { return true }
      left -= minute
      return false
    }
    return (Int64(at ?? from) * minute + left, isProvisional)
  }
}
