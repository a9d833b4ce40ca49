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

  /// Folds every case up to the projector's position, inside the caller's transaction, which must have moved the
  /// projector's row.
  static func all(
    _ rulebook: Rulebook, through position: Int64, reason: ChangeReason, _ moment: ProjectionMoment,
    _ session: inout Session
  ) throws(PostgresError) -> Outcome {
    try DeltaWriter.prepare(&session)
    var outcome = Outcome()
    var shares: Set<ShareCellKey> = []
    var pages = CasePages(through: position)
    while let page = try pages.next(&session) {
      _ = try refold(page, rulebook, reason, moment, &outcome, &shares, &session)
    }
    // All of them, and not those alone whose cells changed: targets and working days may have.
    try judge(.all, rulebook, reason, moment, &outcome, &session)
    return outcome
  }

  /// Folds some cases, as `all` does.
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
      let events = try CaseReader.events(page, through: position, &session)
      let cases = page.compactMap { id in events[id].map { (id, $0) } }
      days.formUnion(try refold(cases, rulebook, reason, moment, &outcome, &shares, &session))
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
    _ cases: [(Identifier, [StoredEvent])], _ rulebook: Rulebook, _ reason: ChangeReason,
    _ moment: ProjectionMoment, _ outcome: inout Outcome, _ shares: inout Set<ShareCellKey>,
    _ session: inout Session
  ) throws(PostgresError) -> [CivilDate] {
    let ids = cases.map(\.0)
    let before = try CaseReader.before(ids, &session)
    let alerts = try CaseReader.alerts(ids, &session)
    var delta = ProjectionDelta()
    var life = SignOfLife()
    for (caseID, events) in cases {
      try life.folded(&session)
      var was = before[caseID] ?? CaseBefore()
      was.alerts = alerts[caseID] ?? [:]
      var cached = CachedCase.folded(caseID, events, rulebook)
      var after = cached.after(caseID, rulebook, asOf: moment.now)
      delta.add(was, &after, reason: reason, moment)
    }
    let cells = delta.shares.changed
    try ShareCells.write(cells, &session)
    shares.formUnion(cells.keys)
    delta.summarizeRetrospective()
    try StalledFeeds.mark(&delta, &session)
    try DeltaWriter.write(delta, recordedAt: moment.recordedAt, &session)
    try DeltaWriter.clear(&session)
    outcome.cases += cases.count
    outcome.clocks += delta.newClocks.count + delta.changedClocks.count + delta.vanishedClocks.count
    outcome.alerts += delta.newAlerts.count + delta.changedAlerts.count
    outcome.verdicts += delta.superseded.count
    return delta.metrics.cells.keys.map(\.day)
  }
}
