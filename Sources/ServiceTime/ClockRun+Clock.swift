extension ClockRun {
  /// The clock as of an instant.
  func clock(_ commitment: Commitment, asOf now: Instant) -> Clock {
    let later = inOpenClosure(commitment.levels)
    // What lasts without a known end is not known before it begins.
    if let later, max(now, segmentStart) >= later.segmentStart { return later.clock(commitment, asOf: now) }
    let reckoner = reckoner()
    var clock = Clock(
      commitment: commitment.id, round: round, versionFrom: version.from, calendar: calendar.id,
      startedAt: start, startedBy: startedBy, dueAt: reckoner.due?.at, dueDay: reckoner.due?.day,
      provisional: reckoner.due?.provisional ?? false, state: .running, stoppedAt: nil, stoppedDay: nil,
      outcome: nil, verdict: nil, breached: false,
      measures: Measures(countedDays: 0, elapsed: 0, paused: 0, working: 0), overrun: nil, early: false,
      markAt: start, markDay: reckoner.startDate,
      pauses: pauses.map {
        ClockPause(
          kind: $0.kind == ClockRun.reopening ? "reopened" : commitment.pause[$0.kind].begin.type.name,
          from: $0.from, to: $0.to)
      },
      extendedDays: extendedDays, reached: [], pending: [])
    switch end {
    case .stopped(let at, let outcome):
      clock.state = .stopped
      clock.verdict = reckoner.verdict(stoppedAt: at)
      clock.finish(at, outcome, calendar)
      clock.overrun = clock.verdict == .late ? reckoner.overrun(stoppedAt: at) : nil
      clock.early =
        clock.verdict == .onTime && (reckoner.due.map { calendar.date(of: at) < $0.day } ?? false)
    case .cancelled(let at, let outcome, let breached):
      clock.state = .cancelled
      clock.breached = breached
      clock.dueAt = nil
      clock.dueDay = nil
      clock.provisional = false
      clock.finish(at, outcome, calendar)
    case nil:
      let asOf = max(now, segmentStart)
      // A closure begins and ends without an event: its edges move the mark as well.
      clock.markAt = reckoner.line.lastEdge(from: segmentStart, through: asOf)
      clock.overrun = reckoner.overrun(stoppedAt: clock.markAt)
      clock.state = reckoner.line.isPaused(at: asOf) ? .paused : .running
    }
    clock.markDay = max(calendar.date(of: clock.markAt), reckoner.startDate)
    clock.measures = reckoner.measures(at: clock.markAt)
    var all = later?.arrivals ?? arrivals
    if let later {
      all += later.arrivals(later.reckoner(), commitment.levels)
    } else if isOpen {
      all += arrivals(reckoner, commitment.levels)
    }
    if all.isEmpty { return clock }
    if all.count > 1 { all.sort { ($0.at, $0.level, $0.revision) < ($1.at, $1.level, $1.revision) } }
    let reached = all.count { $0.at <= now }
    clock.reached = all[..<reached].map { LevelReach($0, commitment.levels[$0.level]) }
    clock.pending = all[reached...].map { LevelReach($0, commitment.levels[$0.level]) }
    return clock
  }
}

extension Clock {
  fileprivate mutating func finish(_ at: Instant, _ outcome: EventType, _ calendar: WorkCalendar) {
    stoppedAt = at
    stoppedDay = calendar.date(of: at)
    self.outcome = outcome.name
    markAt = at
  }
}

extension LevelReach {
  fileprivate init(_ arrival: ClockRun.Arrival, _ level: Level) {
    self.init(
      level: level.name, priority: level.priority, revision: arrival.revision, at: arrival.at, dueAt: arrival.dueAt)
  }
}
