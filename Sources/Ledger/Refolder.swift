import LibPQ
import ServiceTime

/// Folds cases again from the ledger and brings their projections up to that: after a change of rules, at the edge
/// of a closure, and to repair what `verify` names.
public enum Refolder {
  /// What a refold changed.
  public struct Outcome: Sendable, Equatable {
    /// Cases folded.
    public var cases = 0
    /// Clocks whose rows changed, came or went.
    public var clocks = 0
    /// Alerts recorded, withdrawn or amended.
    public var alerts = 0
    /// Verdicts that changed.
    public var verdicts = 0
  }

  /// A change of rules, to be judged.
  struct Change: Sendable {
    var rulebook: Rulebook
    /// The rules before; without them every case counts as touched.
    var former: Rulebook?
    /// How far the ledger is projected.
    var position: Int64
    /// Every edge of a closure up to here has been brought to the open clocks.
    var settledThrough: Instant
    var reason: ChangeReason
    var moment: ProjectionMoment
    /// Whether what moves is written, or only told.
    var writes: Bool
    /// Whether no case's own row can become another: what it says follows from events, tags and shares alone.
    var keepsRows = false
  }

  /// Judges again every case that a change of rules can touch, inside the caller's transaction, which must have moved
  /// the projector's row if anything is to be written. Each case of which something moves is handed to `each`.
  /// `ahead` reads and judges them on another connection, while their rows are written; nobody is handed any then.
  static func change(
    _ change: Change, ahead: JudgedAhead? = nil, _ session: inout Session, each: (CaseMove) -> Void
  ) throws(PostgresError) -> (Moves, Fingerprint) {
    let (rulebook, moment) = (change.rulebook, change.moment)
    let reach = change.former.map { rulebook.reach(over: $0) } ?? .everything
    var change = change
    change.keepsRows = reach != .everything
    if change.writes { try DeltaWriter.prepare(&session) }
    let former = try ShareCells.all(&session)
    var cells = former
    let touched = TouchedCases.Question(
      reach: reach,
      midnight: { date in rulebook.calendars.values.map { $0.midnight(date) }.min() ?? .earliest },
      crossed: try Projector.casesAtEdges(rulebook, after: change.settledThrough, until: moment.now, &session),
      position: change.position)
    func take(_ delta: inout ProjectionDelta, _ session: inout Session) throws(PostgresError) {
      let changed = delta.shares.changed
      ShareCells.add(changed, to: &cells)
      guard change.writes else { return }
      try ShareCells.write(changed, &session)
      try write(&delta, moment, &session)
    }
    var (moves, fingerprint) = (Moves(), Fingerprint())
    if let ahead {
      ahead.ask(touched, change)
      try KeyLookups.begin(&session)
      while var delta = try ahead.next(&session) { try take(&delta, &session) }
      (moves, fingerprint) = ahead.moved
    } else {
      var judged = try JudgedCases(touched, change, &session)
      while var delta = try judged.next(&session, each: each) { try take(&delta, &session) }
      (moves, fingerprint) = (judged.moves, judged.fingerprint)
    }
    try KeyLookups.end(&session)
    // All of them, and not those alone whose cells changed: targets and working days may have.
    let (before, after) = (
      SharePeriodRow.rows(former, change.former ?? rulebook), SharePeriodRow.rows(cells, rulebook)
    )
    moves.take(before, after)
    var delta = ProjectionDelta()
    try Shares.judgeAll(after, &delta, rulebook, moment, &session, reason: change.reason)
    for alert in delta.shareMoves(change.former == nil ? [] : before) {
      moves.take(share: alert.id.commitment, alert.change)
      fingerprint.take(alert.id, alert.change, alert.levelAt)
    }
    if change.writes {
      delta.summarizeRetrospective()
      try DeltaWriter.write(delta, recordedAt: moment.recordedAt, &session)
    }
    return (moves, fingerprint)
  }

  /// Folds some cases up to the projector's position, inside the caller's transaction, which must have moved the
  /// projector's row.
  static func some(
    _ caseIDs: [Identifier], _ rulebook: Rulebook, through position: Int64, reason: ChangeReason,
    _ moment: ProjectionMoment, _ session: inout Session
  ) throws(PostgresError) -> Outcome {
    var days: Set<CivilDate> = []
    return try some(caseIDs, rulebook, through: position, reason: reason, moment, movedDays: &days, &session)
  }

  /// As above; adds the days whose metric cells were moved.
  static func some(
    _ caseIDs: [Identifier], _ rulebook: Rulebook, through position: Int64, reason: ChangeReason,
    _ moment: ProjectionMoment, movedDays days: inout Set<CivilDate>, _ session: inout Session
  ) throws(PostgresError) -> Outcome {
    try DeltaWriter.prepare(&session)
    var outcome = Outcome()
    var shares: Set<ShareCellKey> = []
    var rest = caseIDs[...]
    while !rest.isEmpty {
      let page = Array(rest.prefix(2_000))
      rest = rest.dropFirst(2_000)
      days.formUnion(
        try refold(
          try CasePage(.each(page), through: position, &session), rulebook, reason, moment, &outcome, &shares,
          &session))
    }
    try judge(.around(shares, rulebook), rulebook, reason, moment, &outcome, &session)
    return outcome
  }

  /// Brings the alerts of shares up to their cells, once these are whole: half-way they would be raised in vain.
  private static func judge(
    _ scope: Shares.Scope, _ rulebook: Rulebook, _ reason: ChangeReason, _ moment: ProjectionMoment,
    _ outcome: inout Outcome, _ session: inout Session
  ) throws(PostgresError) {
    var delta = ProjectionDelta()
    try Shares.judge(scope, &delta, rulebook, moment, &session) { _, _ in reason }
    delta.summarizeRetrospective()
    try DeltaWriter.write(delta, recordedAt: moment.recordedAt, &session)
    outcome.alerts += delta.newAlerts.count + delta.changedAlerts.count
  }

  /// Folds a page of cases and writes what that changes; the days whose metric cells were moved. `shares` takes the
  /// cells of shares that changed.
  private static func refold(
    _ page: CasePage, _ rulebook: Rulebook, _ reason: ChangeReason, _ moment: ProjectionMoment,
    _ outcome: inout Outcome, _ shares: inout Set<ShareCellKey>, _ session: inout Session
  ) throws(PostgresError) -> [CivilDate] {
    var delta = try judge(page, rulebook, reason, moment, &session)
    let cells = delta.shares.changed
    try ShareCells.write(cells, &session)
    shares.formUnion(cells.keys)
    try write(&delta, moment, &session)
    outcome.cases += page.cases.count
    outcome.clocks += delta.newClocks.count + delta.vanishedClocks.count
    outcome.clocks += delta.changedClocks.count + delta.movedClocks.count
    outcome.alerts += delta.newAlerts.count + delta.changedAlerts.count
    outcome.verdicts += delta.superseded.count
    return delta.metrics.cells.keys.map(\.day)
  }

  /// Folds a page of cases: what it takes to bring their rows up to that. Each case of which something moves is handed
  /// to `each`.
  static func judge(
    _ page: CasePage, _ rulebook: Rulebook, _ reason: ChangeReason, _ moment: ProjectionMoment,
    _ session: inout Session, each: (CaseMove) -> Void = { _ in }
  ) throws(PostgresError) -> ProjectionDelta {
    var delta = ProjectionDelta()
    var life = SignOfLife()
    for one in page.cases {
      try life.folded(&session, events: one.events.count)
      var after = CaseAfter(folding: one.events, of: one.caseID, rulebook, asOf: moment.now)
      var before = one.before
      if !page.hasRows { before.row = after.row }
      let mark = delta.mark
      delta.add(before, &after, reason: reason, moment)
      if let move = delta.move(of: one.caseID, before, since: mark) { each(move) }
    }
    return delta
  }

  /// Writes what a page changes.
  private static func write(
    _ delta: inout ProjectionDelta, _ moment: ProjectionMoment, _ session: inout Session
  ) throws(PostgresError) {
    delta.summarizeRetrospective()
    try StalledFeeds.mark(&delta, &session)
    try DeltaWriter.write(delta, recordedAt: moment.recordedAt, &session)
    try DeltaWriter.clear(after: delta, &session)
  }
}
