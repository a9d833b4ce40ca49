/// The pauses of one clock as they come in, in order of time, made one with each other and with closures.
///
/// What no later pause can touch is settled once and for all, with its sums. So what a case costs does not depend on
/// how many pauses came before: a constant case id in a feed makes one case with all the pauses of an office.
struct PauseLine: Sendable {
  /// Pauses by events, merged, without one that lasts.
  private(set) var events: [PauseSpan] = []
  /// Where the pause that lasts began.
  private(set) var open: Instant?
  private(set) var settled = SettledPauses()
  /// The stretch that the next pause may still touch.
  private var stretch: Stretch?
  /// Closures that pause the clock, from the start on.
  private var closures: [PauseSpan]
  /// The first closure that is neither settled nor all within the stretch.
  private var nextClosure = 0
  private let calendar: WorkCalendar
  private let dayEnd: CommitmentVersion.DayEnd

  /// Pauses by events and closures that touch: one pause.
  private struct Stretch {
    var from: Instant
    var end: Instant
    /// The last date on which time started again after a pause by an event.
    var endDay: CivilDate?
  }

  /// A line without pauses yet; of closures it knows those of an instant, or all.
  init(
    version: CommitmentVersion, calendar: WorkCalendar, start: Instant, stoppedAt: Instant? = nil,
    asOf instant: Instant? = nil
  ) {
    self.calendar = calendar
    dayEnd = version.dayEnd
    closures = PauseLine.closures(version, calendar.closures(asOf: instant), start, stoppedAt)
  }

  private static func closures(
    _ version: CommitmentVersion, _ closures: [Closure], _ start: Instant, _ stoppedAt: Instant?
  ) -> [PauseSpan] {
    guard version.closures == .pause, !closures.isEmpty else { return [] }
    return closures.compactMap { closure in
      // A stop ends the pause that lasts: what comes after it pauses nothing.
      let to = stoppedAt.map { min($0, closure.to ?? $0) } ?? closure.to
      let span = PauseSpan(from: max(closure.from, start), to: to)
      return span.from < span.end ? span : nil
    }
  }

  /// The closure without an end has begun, and no pause has come in since: from now on it is known.
  ///
  /// What is settled ended before it, so that only later closures are others than before.
  mutating func openClosureBegins(_ version: CommitmentVersion, start: Instant) {
    closures = PauseLine.closures(version, calendar.closures, start, nil)
  }

  /// Pauses by events, with the one that lasts.
  var eventPauses: [PauseSpan] {
    guard let open else { return events }
    guard let last = events.last, last.end == open else { return events + [PauseSpan(from: open, to: nil)] }
    return events.dropLast() + [PauseSpan(from: last.from, to: nil)]
  }

  // MARK: - As time goes on

  /// Makes room for so many pauses by events.
  mutating func reserve(_ count: Int) {
    events.reserveCapacity(count)
    settled.reserve(count)
  }

  /// A pause begins while none lasts, not before the end of the last.
  mutating func begin(at instant: Instant) { open = instant }

  /// The pause that lasts ends.
  mutating func end(at instant: Instant) {
    guard let from = open else { return }
    open = nil
    guard from < instant else { return }
    let event: PauseSpan
    if let last = events.popLast() {
      if last.end == from {
        event = PauseSpan(from: last.from, to: instant)
      } else {
        events.append(last)
        settle(before: from)
        event = PauseSpan(from: from, to: instant)
      }
    } else {
      settle(before: from)
      event = PauseSpan(from: from, to: instant)
    }
    events.append(event)
    stretch = Stretch(
      from: stretch?.from ?? from, end: instant, endDay: endDay(event.from, instant) ?? stretch?.endDay)
  }

  /// Settles what ends before a pause that begins, and leaves as the stretch what touches it.
  private mutating func settle(before instant: Instant) {
    var current = stretch
    while true {
      if nextClosure < closures.count, closures[nextClosure].from <= current?.end ?? instant {
        let closure = closures[nextClosure]
        if let stretch = current {
          current?.end = max(stretch.end, closure.end)
        } else {
          current = Stretch(from: closure.from, end: closure.end)
        }
        // One that lasts longer may reach beyond the pause that begins.
        if closure.end >= instant { break }
        nextClosure += 1
      } else {
        guard let done = current, done.end < instant else { break }
        settled.append(PauseSpan(from: done.from, to: done.end), days(done, to: done.end), calendar)
        current = nil
      }
    }
    stretch = current
  }

  // MARK: - As it stands

  /// What is not settled, with the dates that it suspends: few, however many pauses there are.
  func tail(stoppedAt: Instant?) -> (pauses: [PauseSpan], suspended: [DayRange]) {
    guard stretch != nil || open != nil || nextClosure < closures.count else { return ([], []) }
    var stretches: [Stretch] = []
    if let stretch { stretches.append(stretch) }
    for closure in closures[nextClosure...] {
      let end = min(closure.end, stoppedAt ?? closure.end)
      guard closure.from < end else { continue }
      if let last = stretches.last, closure.from <= last.end {
        stretches[stretches.count - 1].end = max(last.end, end)
      } else {
        stretches.append(Stretch(from: closure.from, end: end))
      }
    }
    if let open {
      while let last = stretches.last, last.from > open { stretches.removeLast() }
      if let last = stretches.last, last.end >= open {
        stretches[stretches.count - 1].end = PauseSpan.forever
      } else {
        stretches.append(Stretch(from: open, end: PauseSpan.forever))
      }
    }
    var pauses: [PauseSpan] = []
    pauses.reserveCapacity(stretches.count)
    var suspended: [DayRange] = []
    var suspendedUntil = settled.suspendedUntil
    for stretch in stretches {
      let to = stretch.end == PauseSpan.forever ? nil : stretch.end
      pauses.append(PauseSpan(from: stretch.from, to: to))
      guard let range = days(stretch, to: to)?.after(suspendedUntil) else { continue }
      suspended.append(range)
      suspendedUntil = range.high
    }
    return (pauses, suspended)
  }

  /// The dates that a stretch suspends: those in the instant before whose end the clock is paused, and the date on
  /// which time starts again after a pause by an event, which is then its last.
  private func days(_ stretch: Stretch, to: Instant?) -> DayRange? {
    let first = calendar.date(of: stretch.from)
    let low = stretch.from < calendar.end(first, dayEnd) ? first : first + 1
    guard let to else { return DayRange(low: low, high: DayRange.forever) }
    let last = calendar.date(of: to)
    var high = calendar.end(last, dayEnd) <= to ? last : last + -1
    if let endDay = stretch.endDay, endDay > high { high = endDay }
    return low <= high ? DayRange(low: low, high: high) : nil
  }

  /// The date on which time starts again after a pause by an event that began on an earlier date and took office
  /// time (Civil Code art. 201); a pause ending at 24:00 ends on the day that it closes.
  private func endDay(_ from: Instant, _ to: Instant) -> CivilDate? {
    let last = calendar.date(of: to)
    let endDay = to == calendar.midnight(last) ? last + -1 : last
    guard calendar.date(of: from) < endDay else { return nil }
    var office = calendar.officeTime(from: from, to: to)
    for closure in closures where closure.from < to {
      office -= calendar.officeTime(from: max(closure.from, from), to: min(closure.end, to))
    }
    return office > 0 ? endDay : nil
  }
}
