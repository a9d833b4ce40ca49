import LibPQ
import ServiceTime

/// What a leader knows of itself: every transaction of it begins by moving the projector's row from there.
public struct LeaderTerm: Sendable, Equatable {
  /// Raised by each election and each change of rules.
  public var epoch: Int64
  /// How far the ledger is projected.
  public var position: Int64
  /// The policy in force for the projections.
  public var policy: Int64
  /// The calendar in force for the projections.
  public var calendar: Int64
  /// Every edge of a closure up to here has been brought to the open clocks.
  public var settledThrough: Instant
  /// Every level of a share up to here has been raised.
  public var sharesThrough: Instant
}

/// What a step of the projector did.
public enum ProjectionStep: Sendable, Equatable {
  /// Events were projected; there may be more.
  case projected(events: Int, through: Int64)
  /// Nothing lies past the position.
  case idle
  /// Another leader or other rules took over: memory and work were dropped.
  case deposed
}

/// Settings of the projector.
public struct ProjectorSettings: Sendable {
  /// Events projected by one transaction.
  public var batch = 20_000
  /// Cases kept in memory.
  public var cachedCases = 22_000
  /// Levels earlier than this before the start event's arrival are history, in microseconds.
  public var retrospectiveAfter: Int64 = 24 * 3_600_000_000
  /// Levels raised by one transaction that moves their clocks on.
  public var levelBatch = 10_000
  /// Levels raised by one transaction that leaves their clocks for later.
  public var burst = 100_000
  /// Up to how many clocks are moved on at once while alerts wait to be recorded; more are left for later.
  public var levelsMoved = 500
  /// From how many events on a case, or what a batch folds together, takes long.
  var longCase = SignOfLife.longCase

  /// The defaults.
  public init() {}
}

/// Brings the projections up to the ledger: the part of one leader.
///
/// It owns no connection: each step is handed the session that holds the leadership.
public final class Projector: @unchecked Sendable {
  // Sendable: its leader hands it to one body at a time and waits for each.
  /// The rules by which it judges.
  public let rulebook: Rulebook
  /// Its settings; between two steps they may change.
  public var settings: ProjectorSettings
  /// Whom the levels are for.
  let addressees: Addressees
  /// The term it serves.
  public private(set) var term: LeaderTerm
  private var cache: ProjectionCache
  private var series = MetricSeries()
  /// Every edge of a closure up to here has been brought to the open clocks.
  var settledThrough: Instant
  /// Every level of a share up to here has been raised.
  var sharesThrough: Instant
  /// Whether more of the ledger waited when the row was moved last.
  private var hasMore = false
  /// Whether whoever it works for is still appending: then it counts as behind, though it has caught up for a moment.
  public var expectsMore = false
  /// Whether what comes next may tell otherwise: levels that page nobody wait.
  var isBehind: Bool { hasMore || expectsMore }
  /// The levels that are recorded while their clocks still wait for them; nil if there are none.
  var ahead: RaisedAhead?
  /// Follows what it projects, for the time when the database is away.
  var watch: LevelWatch?
  /// What this program has appended; without it all is read from the ledger.
  public var appended: AppendedEvents?

  /// A projector for a term that was just won.
  public init(term: LeaderTerm, rulebook: Rulebook, settings: ProjectorSettings = ProjectorSettings()) {
    self.term = term
    self.rulebook = rulebook
    self.settings = settings
    addressees = Addressees(rulebook)
    settledThrough = term.settledThrough
    sharesThrough = term.sharesThrough
    cache = ProjectionCache(capacity: settings.cachedCases)
  }

  /// Makes the session ready; once for each session.
  public func prepare(_ session: inout Session) throws(PostgresError) {
    // What it does takes milliseconds, again and again: workers and compiled code cost more than they save.
    try session.script("SET max_parallel_workers_per_gather = 0; SET jit = off")
    try DeltaWriter.prepare(&session)
  }

  /// Moves the projector's row on; nil if it is not where this leader left it.
  static let advance = """
    UPDATE bizclock.projector
    SET position = $3, recorded_at = greatest($4, recorded_at + interval '1 microsecond')
    WHERE epoch = $1 AND position = $2
    RETURNING recorded_at, (SELECT position > $3 FROM bizclock.ledger_head)
    """

  /// Projects the next events past the position, if there are any, in one transaction.
  public func projectNext(_ session: inout Session, now: Instant) throws(PostgresError) -> ProjectionStep {
    if let runs = try atHand(&session) { return try project(runs, &session, now: now) }
    let head = try session.execute("SELECT position FROM bizclock.ledger_head")
    let newest = head.rowCount == 1 ? try head.int8(0, 0) : term.position
    guard newest > term.position else {
      hasMore = false
      return .idle
    }
    // With an end the planner takes the index, even of a table that grows too fast to have been analyzed. Positions have no
    // gaps; if one had come about, all that is left would be asked for.
    let batch = Int64(settings.batch)
    var found = try session.execute(
      """
      SELECT \(EventRows.columns) FROM bizclock.event WHERE position > $1 AND position <= $2 ORDER BY position
      """, [.int8(term.position), .int8(term.position + batch)])
    if found.rowCount == 0 {
      found = try session.execute(
        "SELECT \(EventRows.columns) FROM bizclock.event WHERE position > $1 ORDER BY position LIMIT $2",
        [.int8(term.position), .int8(batch)])
    }
    guard found.rowCount > 0 else {
      hasMore = false
      return .idle
    }
    var runs = EventRuns()
    var life = SignOfLife()
    for row in 0..<found.rowCount {
      try life.folded(&session)
      runs.append(try EventRows.read(found, row))
    }
    return try project(runs.finished(), &session, now: now)
  }

  /// Projects events that follow the position without a gap, in one transaction.
  func project(_ batch: [EventRun], _ session: inout Session, now: Instant) throws(PostgresError)
    -> ProjectionStep
  {
    guard let through = batch.last?.last else { return .idle }
    // First, for the batch is folded as of now: all clocks must stand for one moment.
    guard try settleClosures(&session, now: now), try settleShares(&session, now: now) else { return .deposed }
    let cases = try BatchCase.grouped(batch, &session)
    let arrivedAt = batch.map(\.receivedAt).max()
    var touched: [(Identifier, CachedCase)] = []
    do {
      try session.begin()
      guard let recordedAt = try moveRow(to: through, now: now, &session) else {
        session.rollbackQuietly()
        forget()
        return .deposed
      }
      try KeyLookups.beginBatch(&session)
      let moment = ProjectionMoment(
        now: now, recordedAt: recordedAt, retrospectiveAfter: settings.retrospectiveAfter,
        addressees: addressees, isBehind: isBehind, arrivedAt: arrivedAt)
      var delta = ProjectionDelta()
      touched = try fold(cases, through, moment, &delta, &session)
      try Shares.settle(&delta, rulebook, moment, &session)
      delta.summarizeRetrospective()
      try StalledFeeds.mark(&delta, &session)
      try DeltaWriter.write(delta, recordedAt: recordedAt, &series, &session)
      _ = try session.execute("SELECT pg_notify('bizclock_projected', '')", [])
      try session.commit()
    } catch {
      session.rollbackQuietly()
      forget()
      throw error
    }
    term.position = through
    for (caseID, cached) in touched { cache.put(cached, for: caseID) }
    watch?.take(touched)
    return .projected(events: batch.reduce(0) { $0 + $1.events.count }, through: through)
  }

  /// Whether the projector's row is where this leader left it: no other leads, and no other rules came into force.
  public func isCurrent(_ session: inout Session) throws(PostgresError) -> Bool {
    let same = try session.execute(
      "SELECT epoch = $1 AND position = $2 FROM bizclock.projector", [.int8(term.epoch), .int8(term.position)])
    guard same.rowCount == 1 else { return false }
    return try same.bool(0, 0)
  }

  /// Drops what is kept in memory.
  func forget() {
    cache.removeAll()
    series.removeAll()
  }

  func moveRow(to position: Int64, now: Instant, _ session: inout Session) throws(PostgresError) -> Instant? {
    let moved = try session.execute(
      Projector.advance,
      [.int8(term.epoch), .int8(term.position), .int8(position), .timestamptz(now.microseconds)])
    guard moved.rowCount == 1 else { return nil }
    hasMore = try moved.optionalBool(0, 1) ?? false
    return Instant(microseconds: try moved.timestamptz(0, 0))
  }

  /// Folds the cases of a batch and gathers what that changes.
  private func fold(
    _ cases: [BatchCase], _ through: Int64, _ moment: ProjectionMoment, _ delta: inout ProjectionDelta,
    _ session: inout Session
  ) throws(PostgresError) -> [(Identifier, CachedCase)] {
    // Which of the cases that are not in memory have been seen before.
    let unknown = cases.filter { !cache.contains($0.caseID) }
    if !unknown.isEmpty {
      let known = try CaseReader.known(unknown.map(\.caseID), &session)
      for batchCase in unknown {
        batchCase.isKnown = known.contains(batchCase.caseID)
        batchCase.mustReload = batchCase.isKnown
      }
    }
    var life = SignOfLife(longCase: settings.longCase)
    for batchCase in cases {
      try life.folded(&session)
      if let old = cache[batchCase.caseID] { batchCase.append(to: old) }
    }
    let reload = cases.filter(\.mustReload)
    if !reload.isEmpty {
      let ids = reload.map(\.caseID)
      let events = try CaseReader.events(ids, through: through, &session)
      let before = try CaseReader.before(ids, &session)
      for batchCase in reload {
        batchCase.events = events[batchCase.caseID] ?? batchCase.events
        batchCase.before = before[batchCase.caseID]
      }
    }
    // A case that was never projected has no alerts; one that was may have some that were withdrawn.
    let alerts = try CaseReader.alerts(cases.filter(\.isKnown).map(\.caseID), &session)
    var result: [(Identifier, CachedCase)] = []
    result.reserveCapacity(cases.count)
    // Inside a COPY nothing can be said: whoever stands by takes one that says nothing for stopped.
    let isShort = cases.reduce(0) { $0 + $1.events.count } < settings.longCase
    guard isShort, cases.lazy.filter({ !$0.isKnown }).count >= Projector.manyNew else {
      for batchCase in cases {
        try life.folded(&session, events: batchCase.events.count)
        result.append(settle(batchCase, alerts, moment, &delta))
      }
      return result
    }
    // Many new clocks go in while they are reckoned: the server writes the first when the last are not folded yet.
    try session.copyIn(DeltaWriter.copyClocks) { writer throws(PostgresError) in
      for batchCase in cases {
        result.append(settle(batchCase, alerts, moment, &delta))
        for row in delta.newClocks { try ClockRows.write(row, to: &writer) }
        delta.newClocks.removeAll(keepingCapacity: true)
      }
    }
    return result
  }

  /// From how many new cases of a batch on their clocks are written while others are folded.
  private static let manyNew = 100

  /// Folds a case of a batch and gathers what that changes.
  private func settle(
    _ batchCase: BatchCase, _ alerts: [Identifier: [AlertRow.Key: AlertRow]], _ moment: ProjectionMoment,
    _ delta: inout ProjectionDelta
  ) -> (Identifier, CachedCase) {
    let caseID = batchCase.caseID
    var was = batchCase.before.take() ?? CaseBefore()
    if batchCase.isKnown { was.alerts = alerts[caseID] ?? [:] }
    was.arrivedAt = batchCase.arrivedAt
    let events = batchCase.events
    let next: CachedCase
    var after: CaseAfter
    if let known = batchCase.next {
      next = known
      after = known.after(caseID, rulebook, asOf: moment.now, with: events)
    } else {
      (next, after) = CachedCase.judged(caseID, events, rulebook, asOf: moment.now)
    }
    if moment.isBehind {
      for clock in after.clocks.indices
      where after.clocks[clock].putOffRetrospective(after: moment.retrospectiveAfter, raised: was.alerts) {
        // It waits for an instant up to which all was taken for recorded.
        ahead = nil
      }
    }
    delta.add(was, &after, reason: batchCase.reason, moment)
    next.row = after.row
    next.clocks = after.clocks
    return (caseID, next)
  }
}
