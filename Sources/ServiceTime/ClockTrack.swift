/// All rounds of one commitment for one case.
struct ClockTrack: Sendable {
  let rules: CompiledCommitment
  let calendar: WorkCalendar
  private(set) var finished: [ClockRun] = []
  private(set) var run: ClockRun?

  init(rules: CompiledCommitment, calendar: WorkCalendar) {
    self.rules = rules
    self.calendar = calendar
  }

  /// Applies an event, later in event order than all before it: as start, resume, pause, stop, cancel, in that
  /// order.
  mutating func apply(_ event: Event) {
    guard rules.hears(event) else { return }
    let at = event.occurredAt
    let levels = rules.commitment.levels
    if event.rank == EventType.reopened.rank, let current = run, !current.isOpen {
      run?.advance(to: at, levels: levels)
      run?.reopen(at: at, allowed: rules.commitment.reopen)
    }
    if run?.isOpen != true {
      guard run?.allowsNewRound ?? true, rules.starts(event),
        let version = rules.commitment.version(on: calendar.date(of: at))
      else { return }
      if let run { finished.append(run) }
      run = ClockRun(
        round: finished.count + 1, version: version, calendar: calendar, start: at, startedBy: event.key)
    }
    let (stops, cancels, pauses) = (rules.stops(event), rules.cancels(event), rules.pauses(event))
    let extends = event.rank == EventType.extended.rank
    guard stops || cancels || pauses || extends else { return }
    run?.advance(to: at, levels: levels)
    if extends, let days = event.extendDays { run?.extend(by: Int(days), at: at) }
    if pauses {
      let kinds = rules.commitment.pause
      for (kind, pause) in kinds.enumerated() where pause.end.matches(event) { run?.resume(kind: kind, at: at) }
      for (kind, pause) in kinds.enumerated() where pause.begin.matches(event) { run?.pause(kind: kind, at: at) }
    }
    if stops { run?.stop(at: at, outcome: event.type) }
    if cancels { run?.cancel(at: at, outcome: event.type) }
  }

  func clocks(asOf now: Instant) -> [Clock] {
    var clocks = finished.map { $0.clock(rules.commitment, asOf: now) }
    if let run { clocks.append(run.clock(rules.commitment, asOf: now)) }
    return clocks
  }
}

extension [EventMatcher] {
  func matches(_ event: Event) -> Bool {
    for matcher in self where matcher.matches(event) { return true }
    return false
  }
}
