extension ClockRun {
  /// The clock as of an instant.
  func clock(_ commitment: Commitment, asOf now: Instant) -> Clock {
    if openClosureFrom != nil, let later = inOpenClosure(commitment.levels) {
      // What lasts without a known end is not known before it begins.
      if max(now, segmentStart) >= later.segmentStart { return later.clock(commitment, asOf: now) }
      return clock(
        commitment, asOf: now, reckoner(),
        later.arrivals + later.arrivals(later.reckoner(), commitment.levels))
    }
    let reckoner = reckoner()
    return clock(
      commitment, asOf: now, reckoner, isOpen ? arrivals + arrivals(reckoner, commitment.levels) : arrivals)
  }

  private func clock(
    _ commitment: Commitment, asOf now: Instant, _ reckoner: Reckoner, _ arrivals: [Arrival]
  ) -> Clock {
    let mark: Instant
    let state: Clock.State
    var due = reckoner.due
    var verdict: Verdict?
    var breached = false
    switch end {
    case .stopped(let at, _):
      (mark, state) = (at, .stopped)
      verdict = reckoner.verdict(stoppedAt: at)
    case .cancelled(let at, _, let wasPastDue):
      (mark, state) = (at, .cancelled)
      breached = wasPastDue
      due = nil
    case nil:
      let asOf = max(now, segmentStart)
      // A closure begins and ends without an event: its edges move the mark as well.
      mark = reckoner.line.lastEdge(from: segmentStart, through: asOf)
      state = reckoner.line.isPaused(at: asOf) ? .paused : .running
    }
    let date = calendar.date(of: mark)
    let order = arrivals.count > 1 ? arrivals.sorted(by: Arrival.precedes) : arrivals
    let reached = order.count { $0.at <= now }
    return Clock(
      commitment: commitment.id, round: round, versionFrom: version.from, calendar: calendar.id,
      startedAt: start, startedBy: startedBy, dueAt: due?.at, dueDay: due?.day,
      provisional: due?.provisional ?? false, state: state, stoppedAt: end?.at, stoppedDay: end.map { _ in date },
      outcome: end?.outcome.name, verdict: verdict, breached: breached,
      measures: reckoner.measures(at: mark),
      overrun: isOpen
        ? reckoner.overrunSoFar(at: mark) : verdict == .late ? reckoner.overrun(stoppedAt: mark) : nil,
      early: verdict == .onTime && due.map { date < $0.day } ?? false,
      markAt: mark, markDay: max(date, reckoner.startDate),
      pauses: pauses.map { ClockPause($0, commitment) }, extendedDays: extendedDays,
      reached: order[..<reached].map { LevelReach($0, commitment) },
      pending: order[reached...].map { LevelReach($0, commitment) })
  }
}

extension ClockRun.Arrival {
  fileprivate static func precedes(_ a: ClockRun.Arrival, _ b: ClockRun.Arrival) -> Bool {
    (a.at, a.level, a.revision) < (b.at, b.level, b.revision)
  }
}

extension ClockPause {
  fileprivate init(_ pause: ClockRun.Pause, _ commitment: Commitment) {
    self.init(
      kind: pause.kind == ClockRun.reopening ? "reopened" : commitment.pause[pause.kind].begin.type.name,
      from: pause.from, to: pause.to)
  }
}

extension LevelReach {
  fileprivate init(_ arrival: ClockRun.Arrival, _ commitment: Commitment) {
    let level = commitment.levels[arrival.level]
    self.init(
      level: level.name, priority: level.priority, revision: arrival.revision, at: arrival.at, dueAt: arrival.dueAt)
  }
}
