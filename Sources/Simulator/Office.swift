import ServiceTime

/// When the office works: instants found by office time, in whole seconds.
///
/// Local closures are not looked at: what the calendar pauses, the fold pauses.
struct Office: Sendable {
  let calendar: WorkCalendar
  /// Office time of a usual day, in seconds.
  let daySeconds: Int
  private let promises: [PromisedVersions]

  init(calendar: WorkCalendar, promises: [PromisedTimes]) {
    self.calendar = calendar
    daySeconds = max(1, Int(calendar.usualOfficeTime / 1_000_000))
    self.promises = (promises.isEmpty ? PromisedTimes.shipped : promises).map(PromisedVersions.init)
  }

  /// The limits promised to a case that starts at an instant.
  func promise(at start: Instant) -> PromisedVersions {
    let date = calendar.date(of: start)
    return promises.last { $0.from <= date } ?? promises[0]
  }

  /// The instant at which an amount of office time, at least a second, has run since another.
  func after(_ instant: Instant, seconds: Int) -> Instant {
    let run = calendar.officeTime(until: instant) / 1_000_000
    // Past the calendar's table nobody works, and no event is that late.
    return calendar.instant(officeTime: (run + Int64(max(1, seconds))) * 1_000_000)
      ?? instant.later(seconds: seconds)
  }

  /// An instant in office hours of (a, b); nil if there are none. Early ones come more often.
  func early(after a: Instant, before b: Instant, _ random: inout RandomStream) -> Instant? {
    let seconds = officeSeconds(after: a, before: b)
    return seconds > 0 ? after(a, seconds: 1 + random.early(below: seconds)) : nil
  }

  /// An instant in office hours of (a, b); nil if there are none.
  func between(_ a: Instant, _ b: Instant, _ random: inout RandomStream) -> Instant? {
    let seconds = officeSeconds(after: a, before: b)
    return seconds > 0 ? after(a, seconds: 1 + random.below(seconds)) : nil
  }

  /// An instant in office hours after a limit has passed: by less than a day mostly, at times by weeks.
  func overrun(_ due: Instant, _ random: inout RandomStream) -> Instant {
    let days = [1, 3, 15][random.weighted([55, 33, 12])]
    return after(due, seconds: 60 + random.below(days * daySeconds))
  }

  /// Whether the office is open at an instant.
  func isOpen(at instant: Instant) -> Bool {
    let date = calendar.date(of: instant)
    guard calendar.isWorked(date) else { return false }
    return calendar.officeSpans(of: date).contains { $0.open <= instant && instant <= $0.close }
  }

  private func officeSeconds(after a: Instant, before b: Instant) -> Int {
    // The last second is left out: what happens at the very close is a case for tests, not for every tenth file.
    Int(calendar.officeTime(from: a, to: b) / 1_000_000) - 1
  }
}

extension Instant {
  /// The instant a number of seconds later.
  func later(seconds: Int) -> Instant { self + Int64(seconds) * 1_000_000 }
}
