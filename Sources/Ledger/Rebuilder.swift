import LibPQ
import ServiceTime

/// Repairs what `verify` names: folds the cases that differ again from the ledger, takes away rows that no event
/// stands behind, and reckons the metric cells of every day concerned from the clocks.
public enum Rebuilder {
  /// What a repair changed.
  public struct Outcome: Sendable, Equatable {
    /// What folding again changed.
    public var refolded = Refolder.Outcome()
    /// Cases that had rows and no event.
    public var strays = 0
    /// Metric cells that were set right.
    public var cells = 0
    /// Cells of shares that were set right.
    public var shareCells = 0

    /// Nothing yet.
    public init() {}
  }

  /// Repairs in one transaction, while events go on being appended.
  ///
  /// The epoch is raised: a leader drops what it has in memory and begins a new term. Records stay: an alert that was
  /// never reached is withdrawn, and a verdict that was shown and wrong is kept in the history as `repair`.
  ///
  /// - Parameters:
  ///   - report: what `verify` found under the same rules.
  ///   - base: the rules that the rulebook was compiled from; if others came into force since, nothing is changed.
  ///   - retrospectiveAfter: in microseconds.
  ///   - now: asked for the time once no leader can write any more.
  public static func repair(
    _ report: Verifier.Report, _ rulebook: Rulebook, over base: Rules.InForce, retrospectiveAfter: Int64,
    now: () -> Instant, on session: inout Session
  ) throws(PostgresError) -> Outcome {
    do throws(PostgresError) {
      try session.begin()
      let held = try HeldProjector.take(now, &session)
      if held.policy != base.policyID || held.calendar != base.calendarID {
        throw Rules.changedMeanwhile("rebuild")
      }
      let moment = ProjectionMoment(
        now: held.now, recordedAt: held.recordedAt, retrospectiveAfter: retrospectiveAfter,
        addressees: Addressees(rulebook))
      var outcome = Outcome()
      var days = report.differingDays
      let ids = report.differing.sorted().map { Identifier($0) }
      let position = held.position
      try DeltaWriter.prepare(&session)
      outcome.strays = try removeStrays(ids, rulebook, moment, &days, &session)
      try restoreRows(ids, rulebook, through: position, moment, &session)
      // First, for what a case adds is taken off as its row tells it, right or wrong.
      outcome.shareCells = try repairShareCells(&session)
      // All clocks must stand for one moment: edges of closures that nobody has crossed yet are crossed here.
      let crossed = try Projector.casesAtEdges(rulebook, after: held.settledThrough, until: held.now, &session)
      _ = try Refolder.some(
        crossed, rulebook, through: position, reason: .closure, moment, movedDays: &days, &session)
      _ = try session.execute(
        "UPDATE bizclock.projector SET settled_through = greatest(settled_through, $1)",
        [.timestamptz(held.now.microseconds)])
      outcome.refolded = try Refolder.some(
        ids, rulebook, through: position, reason: .repair, moment, movedDays: &days, &session)
      outcome.cells = try repairCells(of: days, &session)
      if report.sharesDiffer { try judgeShares(rulebook, moment, &outcome, &session) }
      _ = try session.execute("SELECT pg_notify('bizclock_ledger', '')", [])
      try session.commit()
      return outcome
    } catch {
      session.rollbackQuietly()
      throw error
    }
  }

  /// Takes away the rows of cases of which the ledger knows nothing. Their alerts were told, so they are withdrawn;
  /// their verdicts were shown, so they are kept in the history.
  private static func removeStrays(
    _ caseIDs: [Identifier], _ rulebook: Rulebook, _ moment: ProjectionMoment, _ days: inout Set<CivilDate>,
    _ session: inout Session
  ) throws(PostgresError) -> Int {
    let strays = try ids(
      "SELECT c FROM unnest($1::text[]) AS c WHERE NOT EXISTS (SELECT FROM bizclock.event e WHERE e.case_id = c)",
      caseIDs, &session)
    guard !strays.isEmpty else { return 0 }
    let before = try CaseReader.before(strays, &session)
    let alerts = try CaseReader.alerts(strays, &session)
    var delta = ProjectionDelta()
    for caseID in strays {
      var was = before[caseID] ?? CaseBefore()
      was.alerts = alerts[caseID] ?? [:]
      var after = CaseAfter(folding: [], of: caseID, rulebook, asOf: moment.now)
      delta.add(was, &after, reason: .repair, moment)
    }
    for key in delta.metrics.cells.keys { days.insert(key.day) }
    try DeltaWriter.write(delta, recordedAt: moment.recordedAt, &session)
    try DeltaWriter.clear(after: delta, &session)
    let texts = Parameter.textArray(strays.map(\.text))
    // Clocks without a row of their case beside them were not read.
    _ = try session.execute("DELETE FROM bizclock.clock WHERE case_id = ANY($1::text[])", [texts])
    _ = try session.execute("DELETE FROM bizclock.case_file WHERE case_id = ANY($1::text[])", [texts])
    return strays.count
  }

  /// Makes the rows of cases anew that were lost: without them their clocks would be taken for new ones.
  private static func restoreRows(
    _ caseIDs: [Identifier], _ rulebook: Rulebook, through position: Int64, _ moment: ProjectionMoment,
    _ session: inout Session
  ) throws(PostgresError) {
    var lost = try ids(
      """
      SELECT c FROM unnest($1::text[]) AS c
      WHERE NOT EXISTS (SELECT FROM bizclock.case_file f WHERE f.case_id = c)
      """, caseIDs, &session)[...]
    while !lost.isEmpty {
      let page = Array(lost.prefix(2_000))
      lost = lost.dropFirst(2_000)
      var delta = ProjectionDelta()
      var life = SignOfLife()
      for (caseID, events) in try CaseReader.events(page, through: position, &session) {
        try life.folded(&session, events: events.count)
        let fold = CaseFold(events: events.map(\.event), rulebook: rulebook)
        delta.newCases.append(CaseRow(caseID: caseID, fold: fold, rulebook: rulebook))
      }
      try DeltaWriter.write(delta, recordedAt: moment.recordedAt, &session)
    }
  }

  /// The cases of some for which a query holds.
  private static func ids(
    _ query: String, _ caseIDs: [Identifier], _ session: inout Session
  ) throws(PostgresError) -> [Identifier] {
    let found = try session.execute(query, [.textArray(caseIDs.map(\.text))])
    var ids: [Identifier] = []
    for row in 0..<found.rowCount { ids.append(Identifier(try found.text(row, 0))) }
    return ids
  }

  /// Sets the cells of shares to what the rows of the cases add up to; says how many were not. When its first event
  /// arrived is known of a cell that was there; of one that was lost it is taken from its cases.
  private static func repairShareCells(_ session: inout Session) throws(PostgresError) -> Int {
    let repaired = try session.execute(
      """
      WITH expected AS MATERIALIZED (
        SELECT s.commitment, s.day, count(*) AS population, count(*) FILTER (WHERE s.counted) AS counted
        FROM bizclock.case_file f
        CROSS JOIN unnest(f.share_commitment, f.share_day, f.share_counted) AS s (commitment, day, counted)
        -- As the rows are read: what is not whole adds nothing.
        WHERE s.commitment IS NOT NULL AND s.day IS NOT NULL AND s.counted IS NOT NULL
        GROUP BY s.commitment, s.day
      ), gone AS (
        DELETE FROM bizclock.share_cell t
        WHERE NOT EXISTS (SELECT FROM expected e WHERE e.commitment = t.commitment AND e.day = t.day)
        RETURNING 1
      ), changed AS (
        UPDATE bizclock.share_cell t SET population = e.population, counted = e.counted
        FROM expected e
        WHERE e.commitment = t.commitment AND e.day = t.day AND (e.population, e.counted) <> (t.population, t.counted)
        RETURNING 1
      ), lost AS MATERIALIZED (
        SELECT * FROM expected e
        WHERE NOT EXISTS (SELECT FROM bizclock.share_cell t WHERE t.commitment = e.commitment AND t.day = e.day)
      ), made AS (
        INSERT INTO bizclock.share_cell (commitment, day, population, counted, first_received_at, first_loaded_at)
        SELECT l.commitment, l.day, l.population, l.counted, a.received, a.loaded
        FROM lost l
        CROSS JOIN LATERAL (
          SELECT min(v.received_at) FILTER (WHERE NOT v.history) AS received,
            min(v.received_at) FILTER (WHERE v.history) AS loaded
          FROM bizclock.case_file f JOIN bizclock.event v ON v.case_id = f.case_id
          WHERE EXISTS (SELECT FROM unnest(f.share_commitment, f.share_day) AS s (commitment, day)
            WHERE s.commitment = l.commitment AND s.day = l.day)
        ) a
        RETURNING 1
      )
      SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM changed) + (SELECT count(*) FROM made)
      """)
    return Int(try repaired.int8(0, 0))
  }

  /// Brings the alerts of shares up to their cells.
  private static func judgeShares(
    _ rulebook: Rulebook, _ moment: ProjectionMoment, _ outcome: inout Outcome, _ session: inout Session
  ) throws(PostgresError) {
    var delta = ProjectionDelta()
    try Shares.judge(.all, &delta, rulebook, moment, &session) { _, _ in .repair }
    delta.summarizeRetrospective()
    try DeltaWriter.write(delta, recordedAt: moment.recordedAt, &session)
    outcome.refolded.alerts += delta.newAlerts.count + delta.changedAlerts.count
  }

  /// Sets the cells of some days to what the clocks make of them; says how many were not.
  private static func repairCells(
    of days: Set<CivilDate>, _ session: inout Session
  ) throws(PostgresError) -> Int {
    guard !days.isEmpty else { return 0 }
    let numbers = days.map(\.dayNumber).sorted()
    let found = try session.execute(
      """
      SELECT DISTINCT case_id FROM bizclock.clock
      WHERE verdict IS NOT NULL AND (stopped_day = ANY($1::date[]) OR due_day = ANY($1::date[])) ORDER BY case_id
      """, [.dateArray(numbers)])
    var caseIDs: [Identifier] = []
    for row in 0..<found.rowCount { caseIDs.append(Identifier(try found.text(row, 0))) }
    var expected = MetricDelta()
    var rest = caseIDs[...]
    while !rest.isEmpty {
      let page = Array(rest.prefix(2_000))
      rest = rest.dropFirst(2_000)
      for there in try CaseReader.before(page, &session).values {
        guard let row = there.row else { continue }
        for clock in there.clocks { expected.add(clock, row.dimensions, times: 1) }
      }
    }
    expected.keep(days)
    expected.add(try MetricReader.cells(on: numbers, &session), times: -1)
    var series = MetricSeries()
    try MetricWriter.write(expected, &series, &session)
    // Rows that say nothing, or of nothing, and that no change has met.
    let void = try session.execute(
      """
      DELETE FROM bizclock.metric_cell c WHERE day = ANY($1::date[])
        AND (finished = 0 OR NOT EXISTS (SELECT FROM bizclock.metric_series s WHERE s.series = c.series))
      """, [.dateArray(numbers)])
    return expected.changed.count + void.affectedRows
  }
}
