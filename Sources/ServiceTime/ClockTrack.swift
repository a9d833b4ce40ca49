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
  @inline(__always)
  mutating func apply(_ event: Event) {
    if rules.hears(event) { applyHeard(event) }
  }

  private mutating func applyHeard(_ event: Event) {
    let at = event.occurredAt
    if event.rank == EventType.Rank.reopened, run?.isOpen == false {
      run?.advance(to: at, levels: rules.levels)
      run?.reopen(at: at, allowed: rules.commitment.reopen)
    }
    if run?.isOpen != true {
      guard run?.allowsNewRound ?? true, rules.start.contains(event),
        let version = rules.version(on: calendar.date(of: at))
      else { return }
      if let run { finished.append(run) }
      run = ClockRun(
        round: finished.count + 1, version: version, calendar: calendar, start: at, startedBy: event.key)
    }
    let (stops, cancels) = (rules.stop.contains(event), rules.cancel.contains(event))
    let (pauses, extends) = (rules.pauses(event), event.rank == EventType.Rank.extended)
    guard stops || cancels || pauses || extends else { return }
    run?.advance(to: at, levels: rules.levels)
    if extends, let days = event.extendDays { run?.extend(by: Int(days), at: at) }
    if pauses {
      for kind in rules.pauses.indices where rules.pauses[kind].end.contains(event) {
        run?.resume(kind: kind, at: at)
      }
      for kind in rules.pauses.indices where rules.pauses[kind].begin.contains(event) {
        run?.pause(kind: kind, at: at)
      }
    }
    if stops { run?.stop(at: at, outcome: event.type) }
    if cancels { run?.cancel(at: at, outcome: event.type) }
  }

  /// Adds the clocks as of an instant, by round.
  func clocks(asOf now: Instant, to clocks: inout [Clock]) {
    for index in finished.indices { clocks.append(finished[index].clock(rules.commitment, asOf: now)) }
    if let clock = run?.clock(rules.commitment, asOf: now) { clocks.append(clock) }
  }
}
