/// All rounds of one commitment for one case.
struct ClockTrack: Sendable {
  let index: Int
  let calendar: WorkCalendar
  private(set) var finished: [ClockRun] = []
  private(set) var run: ClockRun?

  init(index: Int, calendar: WorkCalendar) {
    self.index = index
    self.calendar = calendar
  }

  /// Applies an event, later in event order than all before it: as start, resume, pause, stop, cancel, in that
  /// order.
  mutating func apply(_ event: Event, _ commitment: Commitment) {
    let at = event.occurredAt
    if event.type == .reopened, let current = run, !current.isOpen {
      run?.advance(to: at, levels: commitment.levels)
      run?.reopen(at: at, allowed: commitment.reopen)
    }
    if run?.isOpen != true {
      guard run?.allowsNewRound ?? true, commitment.start.matches(event),
        let version = commitment.version(on: calendar.date(of: at))
      else { return }
      if let run { finished.append(run) }
      run = ClockRun(
        round: finished.count + 1, version: version, calendar: calendar, start: at,
        startedBy: EventKey(source: event.source, eventID: event.eventID))
    }
    let roles = Roles(event, commitment)
    guard roles.any else { return }
    run?.advance(to: at, levels: commitment.levels)
    if event.type == .extended, let days = event.extendDays { run?.extend(by: Int(days), at: at) }
    if roles.pauses {
      for (kind, pause) in commitment.pause.enumerated() where pause.end.matches(event) {
        run?.resume(kind: kind, at: at)
      }
      for (kind, pause) in commitment.pause.enumerated() where pause.begin.matches(event) {
        run?.pause(kind: kind, at: at)
      }
    }
    if roles.stop { run?.stop(at: at, outcome: event.type) }
    if roles.cancel { run?.cancel(at: at, outcome: event.type) }
  }

  func clocks(_ commitment: Commitment, asOf now: Instant) -> [Clock] {
    var clocks = finished.map { $0.clock(commitment, asOf: now) }
    if let run { clocks.append(run.clock(commitment, asOf: now)) }
    return clocks
  }

  /// What an event does to an open clock.
  private struct Roles {
    var pauses = false
    var stop: Bool
    var cancel: Bool
    var extends: Bool
    var any: Bool { pauses || stop || cancel || extends }

    init(_ event: Event, _ commitment: Commitment) {
      stop = commitment.stop.matches(event)
      cancel = commitment.cancel.matches(event)
      extends = event.type == .extended
      for kind in commitment.pause where kind.begin.matches(event) || kind.end.matches(event) { pauses = true }
    }
  }
}

extension [EventMatcher] {
  func matches(_ event: Event) -> Bool {
    for matcher in self where matcher.matches(event) { return true }
    return false
  }
}
