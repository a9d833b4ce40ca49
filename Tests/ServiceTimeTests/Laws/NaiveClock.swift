@testable import ServiceTime

/// One clock reckoned for the tests alone, day by day and minute by minute.
final class NaiveClock {
  let office: NaiveOffice
  let rules: NaiveRules
  let t0: Int
  let extended: Int
  /// Of every minute from `windowStart` on whether it is office time.
  private let openMinutes: [Bool]
  private let windowStart: Int
  private var windowEnd: Int { windowStart + openMinutes.count }
  /// Pauses by events, made one where they touch or overlap; `Int.max` for no end.
  private var pauses: [Span] = []
  /// Closures that pause.
  private var closures: [Span] = []
  private(set) var s = 0

  struct Span: Equatable {
    var from: Int
    var to: Int
    func contains(_ minute: Int) -> Bool { from <= minute && minute < to }
  }

  /// - Parameter openMinutes: what the office says of every minute from `windowStart` on.
  init(
    _ office: NaiveOffice, _ rules: NaiveRules, t0: Int, pauses: [(from: Int, to: Int?)], extended: Int = 0,
    stoppedAt: Int? = nil, openMinutes: [Bool], windowStart: Int
  ) {
    self.office = office
    self.rules = rules
    self.t0 = t0
    self.extended = extended
    self.openMinutes = openMinutes
    self.windowStart = windowStart
    // What begins before the start never opens.
    for pause in pauses where pause.from >= t0 {
      var span = Span(from: pause.from, to: pause.to ?? .max)
      guard span.from < span.to else { continue }
      while let touching = self.pauses.firstIndex(where: { $0.from <= span.to && span.from <= $0.to }) {
        let other = self.pauses.remove(at: touching)
        span = Span(from: min(span.from, other.from), to: max(span.to, other.to))
      }
      self.pauses.append(span)
    }
    if rules.closuresPause {
      // A closure under way counts from the start; the stop ends one that lasts.
      closures = office.closures.map { Span(from: max($0.from, t0), to: min($0.to ?? .max, stoppedAt ?? .max)) }
    }
    s = office.date(t0)
    if rules.nextWorkingDay, !office.isWorked(s) || t0 > office.close(s) {
      repeat { s += 1 } while !office.isWorked(s)
    }
  }

  func isClosed(_ minute: Int) -> Bool {
    for closure in closures where closure.contains(minute) { return true }
    return false
  }

  func isPaused(_ minute: Int) -> Bool {
    for pause in pauses where pause.contains(minute) { return true }
    return isClosed(minute)
  }

  /// Calls a body for every office minute of a span, until it says that it has seen enough; gives that minute.
  func first(from: Int, to: Int, where body: (Int) -> Bool) -> Int? {
    openMinutes.withUnsafeBufferPointer { open in
      var minute = from
      let end = min(to, windowEnd)
      while minute < end {
        if open[minute - windowStart], body(minute) { return minute }
        minute += 1
      }
      return nil
    }
  }

  // MARK: - Days

  func end(_ date: Int) -> Int { office.end(date, midnight: rules.midnight) }

  func isSuspended(_ date: Int) -> Bool {
    if end(date) > t0, isPaused(end(date) - 1) { return true }
    for pause in pauses where pause.to < .max {
      var endDate = office.date(pause.to)
      if pause.to == office.minute(endDate, 0) { endDate -= 1 }
      guard endDate == date, office.date(pause.from) < date else { continue }
      // A pause that took no office time takes no day either; what was closed was no office time.
      if first(from: pause.from, to: pause.to, where: { !self.isClosed($0) }) != nil { return true }
    }
    return false
  }

  func isCounted(_ date: Int) -> Bool {
    (rules.unit == .calendarDays || office.isWorked(date)) && !isSuspended(date)
  }

  /// The last date that the window shows whole.
  private var lastDate: Int { office.date(windowEnd) - 2 }

  /// The n-th counted date after a date; nil if the window has none.
  func counted(_ n: Int, after date: Int) -> Int? {
    var left = n
    var date = date
    while date < lastDate {
      date += 1
      if isCounted(date) { left -= 1 }
      if left == 0 { return date }
    }
    return nil
  }

  // MARK: - Due

  struct Due: Equatable {
    var at: Int
    var day: Int
    var isProvisional: Bool
    var isRolled = false
  }

  func asks(_ dates: ClosedRange<Int>) -> Bool { dates.contains { !office.isPublished($0) } }
  var firstAsked: Int { rules.nextWorkingDay ? office.date(t0) : s + 1 }

  var due: Due? {
    var found: Due
    switch rules.unit {
    case .workingDays where rules.limit + extended == 0:
      var day = s
      while !(isCounted(day) && end(day) >= t0) {
        day += 1
        if day > lastDate { return nil }
      }
      found = Due(at: end(day), day: day, isProvisional: asks((rules.nextWorkingDay ? office.date(t0) : s)...day))
    case .workingDays:
      guard let day = counted(rules.limit + extended, after: s) else { return nil }
      found = Due(at: end(day), day: day, isProvisional: asks(firstAsked...day))
    case .calendarDays:
      guard var day = counted(rules.limit + extended, after: s) else { return nil }
      found = Due(at: 0, day: day, isProvisional: false)
      if rules.rollForward {
        let last = day
        if !office.isWorked(day) {
          found.isRolled = true
          repeat { day += 1 } while day <= lastDate && !(office.isWorked(day) && !isSuspended(day))
          if day > lastDate { return nil }
        }
        found.isProvisional = asks(last...day)
      }
      // Of the date from which days are counted it may have been asked whether it is worked.
      if rules.nextWorkingDay, asks(office.date(t0)...s) { found.isProvisional = true }
      found.day = day
      found.at = end(day)
    case .workingHours:
      guard let at = hasRun(officeLimit) else { return nil }
      let day = office.date(at - 1)
      found = Due(at: at, day: day, isProvisional: asks(office.date(t0)...day))
    }
    found.at += rules.grace
    return found
  }

  /// H and its extension, in minutes.
  var officeLimit: Int {
    rules.limit + extended * office.hours.map { $0.close - $0.open }.reduce(0, +)
  }

  /// The minute at which so many of office time have run.
  func hasRun(_ amount: Int) -> Int? {
    if amount <= 0 { return t0 }
    var left = amount
    return first(from: t0, to: windowEnd) { minute in
      if !self.isPaused(minute) { left -= 1 }
      return left == 0
    }.map { $0 + 1 }
  }

  // MARK: - Measures

  /// Office minutes while running in a span of minutes.
  func running(_ from: Int, _ to: Int) -> Int {
    var total = 0
    _ = first(from: from, to: to) { minute in
      if !self.isPaused(minute) { total += 1 }
      return false
    }
    return total
  }

  func measures(_ t1: Int) -> Measures {
    var counted = 0
    var date = s
    while date < office.date(t1) {
      date += 1
      if isCounted(date) { counted += 1 }
    }
    var paused = 0
    let spans = pauses + closures
    var time = max(t0, spans.map(\.from).min() ?? t1)
    let last = min(t1, spans.map(\.to).max() ?? t1)
    while time < last {
      if isPaused(time) { paused += 1 }
      time += 1
    }
    return Measures(
      countedDays: counted, elapsed: Int64(t1 - t0) * minute, paused: Int64(paused) * minute,
      working: Int64(running(t0, t1)) * minute)
  }

  func verdict(_ t1: Int) -> Verdict? {
    if let floor = rules.floor, let day = counted(floor + extended, after: s), office.date(t1) < day {
      return .premature
    }
    return due.map { t1 > $0.at ? .late : .onTime }
  }

  func overrun(_ t1: Int) -> Overrun? {
    guard let due, t1 > due.at else { return nil }
    var days = 0
    var date = due.day
    while date < office.date(t1) {
      date += 1
      if isCounted(date) { days += 1 }
    }
    return Overrun(time: Int64(t1 - due.at) * minute, days: days)
  }
}
