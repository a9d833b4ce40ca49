/// The pauses of one clock as they come in, in order of time, made one with each other and with closures.
///
/// What no later pause can touch is settled now and then, with its sums. So what a case costs does not depend on how
/// many pauses came before: a constant case id in a feed makes one case with all the pauses of an office. The few that
/// are not settled are walked through where they stand; a usual case has no others, and nothing is allocated for them.
struct PauseLine: Sendable {
  /// The calendar.
  let calendar: WorkCalendar
  /// The clock's start: before it nothing pauses it.
  let start: Instant
  /// Where the clock stopped, `PauseSpan.forever` if it did not: what comes after it pauses nothing.
  private var stop: Instant
  /// Pauses by events, merged, without one that lasts.
  private(set) var events: [PauseSpan] = []
  /// Where the pause that lasts began; `PauseSpan.forever` if none does.
  private var open = PauseSpan.forever
  /// What no later pause can touch; nil while that is nothing.
  private(set) var settled: SettledPauses?
  /// Where what is not settled begins.
  private(set) var unsettled: Place
  /// How many closures of the calendar there are to look at: none, those with an end, or all.
  private var closureCount: Int32 = 0
  private var closures: Closures
  private let dayEnd: CommitmentVersion.DayEnd

  private enum Closures { case none, ended, all }

  /// How many pauses by events are walked through before they are settled.
  static let few = 8

  /// A line with pauses by events, in any order, without those begun before the start; of closures it knows those of an
  /// instant, or all.
  @inline(__always)
  init(
    version: CommitmentVersion.Rules, calendar: WorkCalendar, start: Instant, pauses: [PauseSpan] = [],
    stoppedAt: Instant? = nil, asOf instant: Instant? = nil
  ) {
    dayEnd = version.dayEnd
    self.calendar = calendar
    self.start = start
    stop = stoppedAt ?? PauseSpan.forever
    unsettled = Place()
    closures = version.closures == .count ? .none : calendar.knowsOpenClosure(asOf: instant) ? .all : .ended
    if closures != .none { lookAtClosures() }
    if !pauses.isEmpty { take(pauses) }
  }

  /// A line with all closures of a calendar, for those who reckon without a clock.
  init(calendar: WorkCalendar, start: Instant) {
    dayEnd = .close
    self.calendar = calendar
    self.start = start
    stop = PauseSpan.forever
    unsettled = Place()
    closures = .all
    lookAtClosures()
  }

  @inline(__always)
  private mutating func lookAtClosures() {
    countClosures()
    while unsettled.closure < closureCount, closure(unsettled.closure).end <= start { unsettled.closure += 1 }
  }

  @inline(__always)
  private mutating func countClosures() {
    switch closures {
    case .none: closureCount = 0
    case .ended: closureCount = Int32(clamping: calendar.endedClosureSpans.count)
    case .all: closureCount = Int32(clamping: calendar.closureSpans.count)
    }
  }

  @inline(__always)
  private func closure(_ index: Int32) -> PauseSpan {
    closures == .all ? calendar.closureSpans[Int(index)] : calendar.endedClosureSpans[Int(index)]
  }

  /// The closure without an end has begun, and no pause has come in since: from now on it is known.
  ///
  /// What is settled ended before it, so that only later closures are others than before.
  mutating func openClosureBegins() {
    closures = .all
    countClosures()
  }

  /// The line of a clock that stopped at an instant, or has not stopped.
  func stopped(at instant: Instant?) -> PauseLine {
    var line = self
    line.stop = instant ?? PauseSpan.forever
    return line
  }

  /// Whether nothing ever paused the clock, nor will.
  var isEmpty: Bool {
    events.isEmpty && open == PauseSpan.forever && unsettled.closure >= closureCount
  }

  /// Pauses by events, with the one that lasts.
  var eventPauses: [PauseSpan] {
    guard open != PauseSpan.forever else { return events }
    guard let last = events.last, last.end == open else { return events + [PauseSpan(from: open, to: nil)] }
    return events.dropLast() + [PauseSpan(from: last.from, to: nil)]
  }

  // MARK: - As time goes on

  private mutating func take(_ pauses: [PauseSpan]) {
    let inOrder = PauseSpan.areApart(pauses) && pauses[0].from >= start
    events = inOrder ? pauses : PauseSpan.merged(pauses.filter { $0.from >= start })
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
    let from = open
    open = PauseSpan.forever
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
    guard events.count - unsettled.next > PauseLine.few else { return }
    let done = isKnownUniquelyReferenced(&settled) ? settled ?? SettledPauses() : SettledPauses(settled)
    settled = done
    while true {
      let event = events[unsettled.next]
      settle(before: event.from, into: done)
      guard unsettled.next < events.count - 1 else { break }
      let day = lastDay(event)
      done.begun = Stretch(
        from: done.begun?.from ?? event.from, end: event.end,
        endDay: restarts(event, on: day) ? day : done.begun?.endDay)
      unsettled.event += 1
    }
  }

  /// Settles what ends before a pause, and leaves as begun what touches it.
  private mutating func settle(before instant: Instant, into done: SettledPauses) {
    while true {
      if let closure = span(closure: unsettled.closure), closure.from <= done.begun?.end ?? instant {
        // How long it pauses the clock depends on the stop; it is looked at again.
        if closure.end >= instant { return }
        done.begun = Stretch(
          from: min(done.begun?.from ?? closure.from, closure.from),
          end: max(done.begun?.end ?? closure.end, closure.end), endDay: done.begun?.endDay)
        unsettled.closure += 1
      } else {
        guard let stretch = done.begun, stretch.end < instant else { return }
        done.append(PauseSpan(from: stretch.from, to: stretch.end), days(stretch), calendar)
        done.begun = nil
      }
    }
  }

  // MARK: - As it stands

  /// Where a walk through the pauses stands.
  struct Place: Sendable {
    /// The next pause by events.
    var event: Int32 = 0
    /// The next closure.
    var closure: Int32 = 0
    /// Whether it is the walk's beginning.
    var isFirst = true

    var next: Int { Int(event) }
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
    // Pauses by events are apart from each other; only what else there is may touch them.
    guard settled == nil, open == PauseSpan.forever, place.closure >= closureCount else { return touching(&place) }
    let index = place.next
    guard index < events.count else { return nil }
    place.event += 1
    return Stretch(from: events[index].from, end: events[index].end, events: index..<index + 1)
  }

  private func touching(_ place: inout Place) -> Stretch? {
    var event = span(event: place.next)
    var closure = span(closure: place.closure)
    var stretch: Stretch
    if place.isFirst, let begun = settled?.begun {
      stretch = begun
      if let closure { stretch.from = min(stretch.from, closure.from) }
    } else {
      let from = min(event?.from ?? PauseSpan.forever, closure?.from ?? PauseSpan.forever)
      guard from != PauseSpan.forever else { return nil }
      stretch = Stretch(from: from, end: from)
    }
    place.isFirst = false
    let low = place.next
    while true {
      if let span = event, span.from <= stretch.end {
        stretch.end = max(stretch.end, span.end)
        place.event += 1
        event = self.span(event: place.next)
      } else if let span = closure, span.from <= stretch.end {
        stretch.end = max(stretch.end, span.end)
        place.closure += 1
        closure = self.span(closure: place.closure)
      } else {
        stretch.events = low..<place.next
        return stretch
      }
    }
  }

  private func span(event index: Int) -> PauseSpan? {
    if index < events.count { return events[index] }
    return index == events.count && open != PauseSpan.forever ? PauseSpan(from: open, to: nil) : nil
  }

  private func span(closure index: Int32) -> PauseSpan? {
    guard index < closureCount else { return nil }
    let closure = closure(index)
    let span = PauseSpan(from: max(closure.from, start), to: min(closure.end, stop))
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
    if closureCount == 0 { return true }
    var office = calendar.officeTime(from: from, to: to)
    for index in 0..<closureCount {
      let closure = closure(index)
      office -= calendar.officeTime(from: max(closure.from, from), to: min(closure.end, to))
    }
    return office > 0
  }
}
