@testable import ServiceTime

/// A case folded for the tests alone: every step looks at all events again.
struct NaiveFold {
  let office: RandomOffice
  let rules: NaiveRules
  let commitment: Commitment
  let events: [Event]

  init(_ office: RandomOffice, _ rules: NaiveRules, _ commitment: Commitment, _ events: [Event]) {
    self.office = office
    self.rules = rules
    self.commitment = commitment
    // Told twice is told once.
    var once: [Event] = []
    for event in events where !once.contains(event) { once.append(event) }
    self.events = NaiveFold.happened(once.sorted(by: NaiveFold.isEarlier))
  }

  // MARK: - Order and voids

  /// (occurred_at, sequence with none first, rank with unknown last, source, event id), by comparing one after the
  /// other.
  static func isEarlier(_ a: Event, _ b: Event) -> Bool {
    func rank(_ event: Event) -> Int { EventType.lifeCycle.firstIndex(of: event.type.name) ?? 99 }
    let steps: [(Bool, Bool)] = [
      (a.occurredAt < b.occurredAt, b.occurredAt < a.occurredAt),
      (a.sequence ?? .min < b.sequence ?? .min, b.sequence ?? .min < a.sequence ?? .min),
      (rank(a) < rank(b), rank(b) < rank(a)), (a.source < b.source, b.source < a.source),
      (a.eventID < b.eventID, b.eventID < a.eventID),
    ]
    for (less, more) in steps where less != more { return less }
    return false
  }

  static func happened(_ ordered: [Event]) -> [Event] {
    func names(_ void: Event, _ event: Event) -> Bool {
      void.type.name == "voided" && void.source == event.source && void.voids == event.eventID
    }
    // A void acts unless a later one that acts names it.
    func acts(_ index: Int) -> Bool {
      for later in ordered.indices where later > index && names(ordered[later], ordered[index]) && acts(later) {
        return false
      }
      return true
    }
    return ordered.filter { event in
      event.type.name != "voided"
        && !ordered.indices.contains { names(ordered[$0], event) && acts($0) }
    }
  }

  // MARK: - Rounds

  /// What is known of a round after its events up to a minute.
  struct Round {
    var t0: Int
    var pauses: [(kind: Int, from: Int, to: Int?)] = []
    var extended = 0
    var stop: (at: Int, type: String)?
    var cancel: Int?
    var breached = false
    var isOpen: Bool { stop == nil && cancel == nil }
    /// The round after all events of each minute at which one came, ascending.
    var history: [(at: Int, round: [Round])] = []
  }

  /// The clock of a round; a closure without end that begins after a minute is not known then.
  func clock(_ round: Round, knownAt minute: Int = .max) -> NaiveClock {
    var known = office.naive
    known.closures.removeAll { $0.to == nil && $0.from > minute }
    return NaiveClock(
      known, rules, t0: round.t0, pauses: round.pauses.map { ($0.from, $0.to) }, extended: round.extended,
      stoppedAt: round.stop?.at ?? round.cancel, openMinutes: office.openMinutes, windowStart: office.windowStart)
  }

  func rounds() -> [Round] {
    guard events.contains(where: { $0.process != nil }) else { return [] }
    var rounds: [Round] = []
    for event in events {
      let at = Int(event.occurredAt.microseconds / minute)
      func isOne(of matchers: [EventMatcher]) -> Bool {
        matchers.contains { $0.type.name == event.type.name && ($0.step == nil || $0.step == event.step) }
      }
      if var last = rounds.last, !last.isOpen, event.type.name == "reopened", let stop = last.stop,
        (commitment.reopen ?? (rules.floor == nil ? ["completed", "rejected"] : [])).contains(stop.type)
      {
        last.pauses.append((-1, stop.at, at))
        last.stop = nil
        rounds[rounds.count - 1] = last
      }
      let mayBegin = rounds.last.map { $0.cancel != nil || $0.stop?.type == "rejected" } ?? true
      if mayBegin, isOne(of: commitment.start), commitment.versions[0].from.dayNumber <= office.naive.date(at) {
        rounds.append(Round(t0: at))
      }
      guard var round = rounds.last, round.isOpen else {
        if let last = rounds.indices.last { note(&rounds[last], at) }
        continue
      }
      if event.type.name == "extended", let days = event.extendDays,
        clock(round, knownAt: at).due.map({ at <= $0.at }) ?? true
      {
        round.extended += Int(days)
      }
      for (kind, pause) in commitment.pause.enumerated() where isOne(of: [pause.end]) {
        for index in round.pauses.indices where round.pauses[index].kind == kind && round.pauses[index].to == nil {
          round.pauses[index].to = at
        }
      }
      for (kind, pause) in commitment.pause.enumerated()
      where isOne(of: [pause.begin]) && !round.pauses.contains(where: { $0.kind == kind && $0.to == nil }) {
        round.pauses.append((kind, at, nil))
      }
      let stops = isOne(of: commitment.stop)
      if stops || isOne(of: commitment.cancel) {
        if stops { round.stop = (at, event.type.name) } else { round.cancel = at }
        if !stops {
          round.breached = clock(rounds[rounds.count - 1], knownAt: at).due.map { at > $0.at } ?? false
        }
        for index in round.pauses.indices where round.pauses[index].to == nil { round.pauses[index].to = at }
      }
      rounds[rounds.count - 1] = round
      note(&rounds[rounds.count - 1], at)
    }
    return rounds
  }

  private func note(_ round: inout Round, _ at: Int) {
    var now = round
    now.history = []
    if round.history.last?.at == at { round.history.removeLast() }
    round.history.append((at, [now]))
  }

  /// The round at each minute at which it may change: those of its events, and the beginning of a closure without end.
  private func steps(_ round: Round) -> [(at: Int, round: Round)] {
    var steps = round.history.compactMap { at, states in states.first.map { (at: at, round: $0) } }
    guard rules.closuresPause, let open = office.naive.closures.first(where: { $0.to == nil })?.from,
      let index = steps.lastIndex(where: { $0.at < open })
    else { return steps }
    steps.insert((at: open, round: steps[index].round), at: index + 1)
    return steps
  }

  // MARK: - Levels

  /// The levels that a round reached up to a minute: name, revision, instant in microseconds.
  func reached(_ round: Round, until now: Int) -> [String] {
    var found: [String] = []
    for level in commitment.levels {
      var lastInstant: Int64?
      var revision = 0
      let steps = steps(round)
      for (index, (at, state)) in steps.enumerated() {
        let until = index + 1 < steps.count ? Int64(steps[index + 1].at) * minute : .max
        guard state.isOpen, let instant = clock(state, knownAt: at).instant(level.position)?.at,
          instant > lastInstant ?? .min
        else { continue }
        let x = max(Int64(at) * minute, instant)
        guard x < until, x <= Int64(now) * minute else { continue }
        lastInstant = instant
        revision += 1
        found.append("\(level.name)/\(revision) \(x)")
      }
    }
    return found.sorted()
  }

  /// Every round in a line of text, as of a minute.
  func described(asOf now: Int) -> [String] {
    rounds().enumerated().map { number, round in
      var parts = ["\(number + 1)", "\(round.t0)"]
      let walk = clock(round)
      let end = round.stop?.at ?? round.cancel
      if let end { parts.append("\(walk.measures(end))") }
      if let stop = round.stop {
        parts += ["stopped", "\(stop.at)", stop.type, walk.verdict(stop.at)?.rawValue ?? "-"]
        parts.append(walk.verdict(stop.at) == .late ? "\(walk.overrun(stop.at).map { "\($0)" } ?? "-")" : "-")
      } else if let cancel = round.cancel {
        parts += ["cancelled", "\(cancel)", "\(round.breached)"]
      } else {
        parts.append(walk.isPaused(max(now, round.history.last?.at ?? 0)) ? "paused" : "running")
      }
      parts.append(round.cancel == nil ? "\(walk.due?.at ?? -1)" : "-1")
      return (parts + reached(round, until: now)).joined(separator: " ")
    }
  }

  /// The product's clocks in the same words.
  static func described(_ clocks: [Clock]) -> [String] {
    clocks.map { clock in
      func minutes(_ instant: Instant?) -> Int { instant.map { Int($0.microseconds / minute) } ?? -1 }
      var parts = ["\(clock.round)", "\(minutes(clock.startedAt))"]
      if !clock.isOpen { parts.append("\(clock.measures)") }
      switch clock.state {
      case .stopped:
        parts += ["stopped", "\(minutes(clock.stoppedAt))", clock.outcome ?? "", clock.verdict?.rawValue ?? "-"]
        parts.append(clock.overrun.map { "\($0)" } ?? "-")
      case .cancelled: parts += ["cancelled", "\(minutes(clock.stoppedAt))", "\(clock.breached)"]
      default: parts.append(clock.state.rawValue)
      }
      parts.append("\(minutes(clock.dueAt))")
      return (parts + clock.reached.map { "\($0.level)/\($0.revision) \($0.at.microseconds)" }.sorted())
        .joined(separator: " ")
    }
  }
}
