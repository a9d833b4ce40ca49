/// The pauses of one clock as they come in, in order of time, made one with each other and with closures.
///
/// What no later pause can touch is settled now and then, with its sums. So what a case costs does not depend on how
/// many pauses came before: a constant case id in a feed makes one case with all the pauses of an office. The few that
/// are not settled are walked through where they stand; a usual case has no others, and nothing is allocated for them.
struct PauseLine: Sendable {
  /// The calendar.
  let calendar: WorkCalendar
  let dayEnd: CommitmentVersion.DayEnd
  private let start: Instant
  /// Where the clock stopped, if it did: what comes after it pauses nothing.
  var stoppedAt: Instant?
  /// Pauses by events, merged, without one that lasts.
  private(set) var events: [PauseSpan] = []
  /// Where the pause that lasts began.
  private(set) var open: Instant?
  /// What no later pause can touch; nil while that is nothing.
  private(set) var settled: SettledPauses?
  /// Closures of the calendar that pause the clock, or came before it; they last at most to its stop.
  private var closures: [PauseSpan]
  /// Where what is not settled begins.
  private(set) var unsettled: Place

  /// How many pauses by events are walked through before they are settled.
  static let few = 8

  /// A line without pauses yet; of closures it knows those of an instant, or all.
  init(
    version: CommitmentVersion, calendar: WorkCalendar, start: Instant, stoppedAt: Instant? = nil,
    asOf instant: Instant? = nil
  ) {
    self.init(
      closures: version.closures == .pause ? calendar.closureSpans(asOf: instant) : [], dayEnd: version.dayEnd,
      calendar: calendar, start: start, stoppedAt: stoppedAt)
  }

  /// A line with closures of a calendar alone.
  init(
    closures: [PauseSpan], dayEnd: CommitmentVersion.DayEnd, calendar: WorkCalendar, start: Instant,
    stoppedAt: Instant? = nil
  ) {
    self.calendar = calendar
    self.dayEnd = dayEnd
    self.start = start
    self.stoppedAt = stoppedAt
    self.closures = closures
    unsettled = Place(closure: SettledPauses.count(of: closures) { $0.end <= start })
  }

  /// The closure without an end has begun, and no pause has come in since: from now on it is known.
  ///
  /// What is settled ended before it, so that only later closures are others than before.
  mutating func openClosureBegins() { closures = calendar.closureSpans(asOf: nil) }

  /// Pauses by events, with the one that lasts.
  var eventPauses: [PauseSpan] {
    guard let open else { return events }
    guard let last = events.last, last.end == open else { return events + [PauseSpan(from: open, to: nil)] }
    return events.dropLast() + [PauseSpan(from: last.from, to: nil)]
  }

  // MARK: - As time goes on

  /// Takes pauses by events, merged, into a line that has none.
  mutating func take(_ pauses: [PauseSpan]) {
    events = pauses
    if let last = events.last, last.to == nil {
      events.removeLast()
      open = last.from
    }
    settle()
  }

  /// A pause begins while none lasts, not before the end of the last.
  mutating func begin(at instant: Instant) { open = instant }

  /// The pause that lasts ends.
  mutating func end(at instant: Instant) {
    guard let from = open else { return }
    open = nil
    guard from < instant else { return }
    if let last = events.last, last.end == from {
      events[events.count - 1].to = instant
    } else {
      events.append(PauseSpan(from: from, to: instant))
      settle()
    }
  }

  /// Settles, where many are not, what ends before the last pause begins: that one a later pause may still touch.
  private mutating func settle() {
    guard events.count - unsettled.event > PauseLine.few else { return }
    var done = settled ?? SettledPauses()
    settled = nil
    while true {
      let event = events[unsettled.event]
      settle(before: event.from, into: &done)
      guard unsettled.event < events.count - 1 else { break }
      let day = lastDay(event)
      unsettled.begun = Stretch(
        from: unsettled.begun?.from ?? event.from, end: event.end,
        endDay: restarts(event, on: day) ? day : unsettled.begun?.endDay)
      unsettled.event += 1
    }
    settled = done
  }

  /// Settles what ends before a pause, and leaves as begun what touches it.
  private mutating func settle(before instant: Instant, into done: inout SettledPauses) {
    while true {
      if let closure = span(closure: unsettled.closure), closure.from <= unsettled.begun?.end ?? instant {
        // How long it pauses the clock depends on the stop; it is looked at again.
        if closure.end >= instant { return }
        unsettled.begun = Stretch(
          from: min(unsettled.begun?.from ?? closure.from, closure.from),
          end: max(unsettled.begun?.end ?? closure.end, closure.end), endDay: unsettled.begun?.endDay)
        unsettled.closure += 1
      } else {
        guard let stretch = unsettled.begun, stretch.end < instant else { return }
        done.append(PauseSpan(from: stretch.from, to: stretch.end), days(stretch), calendar)
        unsettled.begun = nil
      }
    }
  }

  // MARK: - As it stands

  /// Where a walk through the pauses stands.
  struct Place: Sendable {
    /// The next pause by events.
    var event = 0
    /// The next closure.
    var closure: Int
    /// What they may touch.
    var begun: Stretch?
  }

  /// Pauses by events and closures that touch: one pause.
  struct Stretch: Sendable {
    var from: Instant
    /// Its end; `PauseSpan.forever` while it lasts.
    var end: Instant
    /// Its pauses by events but for those from before the walk.
    var events = 0..<0
    /// Of those from before: the last date on which time started again.
    var endDay: CivilDate?
  }

  /// The next stretch of a walk, which begins at `unsettled`.
  @inline(__always)
  func next(_ place: inout Place) -> Stretch? {
    var event = span(event: place.event)
    var closure = span(closure: place.closure)
    var stretch: Stretch
    if let begun = place.begun {
      place.begun = nil
      stretch = begun
      if let closure { stretch.from = min(stretch.from, closure.from) }
    } else {
      guard let from = event.map({ event in closure.map { min($0.from, event.from) } ?? event.from }) ?? closure?.from
      else { return nil }
      stretch = Stretch(from: from, end: from)
    }
    let low = place.event
    while true {
      if let span = event, span.from <= stretch.end {
        stretch.end = max(stretch.end, span.end)
        place.event += 1
        event = self.span(event: place.event)
      } else if let span = closure, span.from <= stretch.end {
        stretch.end = max(stretch.end, span.end)
        place.closure += 1
        closure = self.span(closure: place.closure)
      } else {
        stretch.events = low..<place.event
        return stretch
      }
    }
  }

  private func span(event index: Int) -> PauseSpan? {
    if index < events.count { return events[index] }
    return index == events.count ? open.map { PauseSpan(from: $0, to: nil) } : nil
  }

  private func span(closure index: Int) -> PauseSpan? {
    guard index < closures.count else { return nil }
    let span = PauseSpan(
      from: max(closures[index].from, start), to: min(closures[index].end, stoppedAt ?? PauseSpan.forever))
    return span.from < span.end ? span : nil
  }

  // MARK: - Suspended dates

  /// The next dates that a walk finds suspended, after those found before.
  @inline(__always)
  func nextSuspended(_ place: inout Place, after last: inout CivilDate?) -> DayRange? {
    while let stretch = next(&place) {
      guard let range = days(stretch)?.after(last) else { continue }
      last = range.high
      return range
    }
    return nil
  }

  /// The dates that a stretch suspends: those in the instant before whose end the clock is paused, and the date on
  /// which time starts again after a pause by an event, which is then its last.
  private func days(_ stretch: Stretch) -> DayRange? {
    let first = calendar.date(of: stretch.from)
    let low = stretch.from < calendar.end(first, dayEnd) ? first : first + 1
    guard stretch.end != PauseSpan.forever else { return DayRange(low: low, high: DayRange.forever) }
    let last = calendar.date(of: stretch.end, near: first)
    var high = calendar.end(last, dayEnd) <= stretch.end ? last : last + -1
    if first < last, let endDay = endDay(stretch, after: high) { high = endDay }
    return low <= high ? DayRange(low: low, high: high) : nil
  }

  /// The last date of a stretch, if it comes after one, on which time started again after a pause by an event.
  private func endDay(_ stretch: Stretch, after date: CivilDate) -> CivilDate? {
    for index in stretch.events.reversed() {
      let day = lastDay(events[index])
      // Of earlier pauses it is no later.
      guard day > date else { return nil }
      if restarts(events[index], on: day) { return day }
    }
    return stretch.endDay.flatMap { $0 > date ? $0 : nil }
  }

  /// The date on which a pause by an event ends; that of one ending at 24:00 is the day that it closes.
  private func lastDay(_ pause: PauseSpan) -> CivilDate {
    let day = calendar.date(of: pause.end)
    return pause.end == calendar.midnight(day) ? day + -1 : day
  }

  /// Whether time starts again on its last day after a pause by an event that began on an earlier date and took office
  /// time (Civil Code art. 201).
  private func restarts(_ pause: PauseSpan, on day: CivilDate) -> Bool {
    calendar.date(of: pause.from) < day && tookOfficeTime(pause.from, pause.end)
  }

  private func tookOfficeTime(_ from: Instant, _ to: Instant) -> Bool {
    guard calendar.hasOfficeTime(from: from, to: to) else { return false }
    if closures.isEmpty { return true }
    var office = calendar.officeTime(from: from, to: to)
    for closure in closures where closure.from < to {
      office -= calendar.officeTime(from: max(closure.from, from), to: min(closure.end, to))
    }
    return office > 0
  }
}
