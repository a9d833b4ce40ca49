/// One round of a clock while its events come in, in event order.
///
/// Between two instants at which something happens to the clock its due time and levels stand still; `advance`
/// closes such a segment and notes the levels reached in it.
struct ClockRun: Sendable {
  enum End: Sendable, Equatable {
    case stopped(Instant, outcome: EventType)
    case cancelled(Instant, outcome: EventType, breached: Bool)

    var at: Instant {
      switch self {
      case .stopped(let at, _), .cancelled(let at, _, _): at
      }
    }

    var outcome: EventType {
      switch self {
      case .stopped(_, let outcome), .cancelled(_, let outcome, _): outcome
      }
    }
  }

  struct Arrival: Sendable, Equatable {
    var level: Int
    var revision: Int
    var at: Instant
    /// The level's instant for which it was reached.
    var instant: Instant
    var dueAt: Instant
  }

  struct Pause: Sendable, Equatable {
    /// Index of the kind; −1 is the time between a stop and a reopening.
    var kind: Int
    var from: Instant
    var to: Instant?
  }

  let round: Int
  let version: CommitmentVersion.Rules
  var calendar: WorkCalendar { line.calendar }
  var start: Instant { line.start }
  let startedBy: EventKey
  private(set) var pauses: [Pause] = []
  /// Indexes of the pauses that last, at most one of a kind.
  private var open: [Int] = []
  private(set) var line: PauseLine
  private(set) var extendedDays = 0
  private(set) var end: End?
  private(set) var segmentStart: Instant
  /// When a closure without end that the line does not know yet begins.
  private(set) var openClosureFrom: Instant?
  private(set) var arrivals: [Arrival] = []
  /// Index of the last arrival at each level, −1 for none; empty until there is one.
  private var latest: [Int] = []

  init(
    round: Int, version: CommitmentVersion.Rules, calendar: WorkCalendar, start: Instant, startedBy: EventKey
  ) {
    self.round = round
    self.version = version
    self.startedBy = startedBy
    segmentStart = start
    line = PauseLine(version: version, calendar: calendar, start: start, asOf: start)
    if version.closures == .pause, let from = calendar.openClosureFrom, from > start { openClosureFrom = from }
  }

  static let reopening = -1

  var isOpen: Bool { end == nil }

  /// What reckons it as it stands.
  ///
  /// It is not kept: it holds the line's arrays, which would be copied for every pause.
  func reckoner() -> Reckoner {
    Reckoner(version: version, line: line.stopped(at: end?.at), extendedDays: extendedDays)
  }

  /// Closes the segment before an instant and notes the levels reached in it; the beginning of a closure without end
  /// closes one as well.
  mutating func advance(to instant: Instant, levels: [Level]) {
    if let from = openClosureFrom, from <= instant {
      closeSegment(at: from, levels)
      openClosureFrom = nil
      line.openClosureBegins()
    }
    closeSegment(at: instant, levels)
  }

  /// This clock as it is once the closure without end that lies ahead has begun; nil if none does.
  func inOpenClosure(_ levels: [Level]) -> ClockRun? {
    guard isOpen, let from = openClosureFrom else { return nil }
    var run = self
    run.advance(to: from, levels: levels)
    return run
  }

  private mutating func closeSegment(at instant: Instant, _ levels: [Level]) {
    guard instant > segmentStart else { return }
    if isOpen {
      let reckoner = reckoner()
      for level in levels.indices {
        guard let arrival = arrival(at: level, of: levels, reckoner), arrival.at < instant else { continue }
        if latest.isEmpty { latest = Array(repeating: -1, count: levels.count) }
        latest[level] = arrivals.count
        arrivals.append(arrival)
      }
    }
    segmentStart = instant
  }

  /// The arrivals at levels that follow from the segment's beginning on, if nothing else happens.
  func arrivals(_ reckoner: Reckoner, _ levels: [Level]) -> [Arrival] {
    guard isOpen else { return [] }
    return levels.indices.compactMap { arrival(at: $0, of: levels, reckoner) }
  }

  /// The arrival at a level that follows from the segment's beginning on, if there is one.
  private func arrival(at level: Int, of levels: [Level], _ reckoner: Reckoner) -> Arrival? {
    guard let due = reckoner.due, let instant = reckoner.instant(of: levels[level].position)?.at else { return nil }
    let last = latest.isEmpty || latest[level] < 0 ? nil : arrivals[latest[level]]
    if let last, instant <= last.instant { return nil }
    return Arrival(
      level: level, revision: (last?.revision ?? 0) + 1, at: max(segmentStart, instant), instant: instant,
      dueAt: due.at)
  }

  mutating func pause(kind: Int, at instant: Instant) {
    guard isOpen, !open.contains(where: { pauses[$0].kind == kind }) else { return }
    if open.isEmpty { line.begin(at: instant) }
    open.append(pauses.count)
    pauses.append(Pause(kind: kind, from: instant, to: nil))
  }

  mutating func resume(kind: Int, at instant: Instant) {
    guard isOpen, let place = open.firstIndex(where: { pauses[$0].kind == kind }) else { return }
    pauses[open.remove(at: place)].to = instant
    if open.isEmpty { line.end(at: instant) }
  }

  /// Adds counted days, if the extension is not after the due time as it stands; unknown is not passed.
  mutating func extend(by days: Int, at instant: Instant) {
    guard isOpen, days > 0 else { return }
    if let due = reckoner().due, instant > due.at { return }
    extendedDays = min(extendedDays + days, ClockRun.mostExtendedDays)
  }

  /// More than the calendar's table has dates: the due time is unknown then, and further days change nothing.
  static let mostExtendedDays = 60_000

  mutating func stop(at instant: Instant, outcome: EventType) {
    guard isOpen else { return }
    closePauses(at: instant)
    end = .stopped(instant, outcome: outcome)
  }

  mutating func cancel(at instant: Instant, outcome: EventType) {
    guard isOpen else { return }
    let breached = reckoner().due.map { instant > $0.at } ?? false
    closePauses(at: instant)
    end = .cancelled(instant, outcome: outcome, breached: breached)
  }

  /// Lets a stopped clock run on: stop to reopening is a pause.
  mutating func reopen(at instant: Instant, allowed: [String]?) {
    guard case .stopped(let stop, let outcome) = end else { return }
    let types = allowed ?? (version.floor == nil ? ["completed", "rejected"] : [])
    guard types.contains(where: { $0.sameBytes(outcome.name) }) else { return }
    pauses.append(Pause(kind: ClockRun.reopening, from: stop, to: instant))
    line.begin(at: stop)
    line.end(at: instant)
    end = nil
  }

  /// Whether a start event now begins a new round.
  var allowsNewRound: Bool {
    switch end {
    case .cancelled: true
    case .stopped(_, let outcome): outcome.rank == EventType.Rank.rejected
    case nil: false
    }
  }

  private mutating func closePauses(at instant: Instant) {
    for index in open { pauses[index].to = instant }
    open.removeAll()
    line.end(at: instant)
  }
}
