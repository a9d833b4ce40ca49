import LibPQ
import ServiceTime

// The statements that raise levels.
extension Projector {
  /// While more of the ledger waits, only clocks with a level that pages.
  static let isWanted = """
    (next_level_at >= \(paging)
      OR EXISTS (SELECT FROM unnest(level_at) AS l (at) WHERE l.at >= \(paging) AND l.at <= $1))
    """

  /// Of a clock, the first instant at which a level pages; $3 is `retrospective_after` in microseconds.
  static let paging = "started_received_at - CASE WHEN history THEN 0 ELSE $3 END * interval '1 microsecond'"

  /// The due clocks' levels that were reached, as alerts; `due` is named before. `$1` and `$3` to `$7` as `parameters`
  /// gives them.
  private static let raised = """
    addressee AS (
      SELECT * FROM unnest($5::text[], $6::text[], $7::text[]) AS a (commitment, level, notify)
    ), silent AS MATERIALIZED (
      SELECT array_agg(source) AS sources FROM (\(StalledFeeds.sources)) AS s
    ), reached AS (
      SELECT d.case_id, d.commitment, d.round, l.name, l.priority, l.revision, l.at, l.due_at, d.stopped_at, a.notify,
        CASE WHEN d.history THEN l.at < d.started_received_at
          ELSE l.at + $3 * interval '1 microsecond' < d.started_received_at END AS retrospective
      FROM due d
        CROSS JOIN unnest(d.level_name, d.level_priority, d.level_revision, d.level_at, d.level_due_at)
          AS l (name, priority, revision, at, due_at)
        LEFT JOIN addressee a ON a.commitment = d.commitment AND a.level = l.name
      WHERE l.at >= d.next_level_at AND l.at <= $1
    ), raised AS (
      INSERT INTO bizclock.alert AS a (case_id, commitment, round, level, revision, due_at, level_at, recorded_at,
        resolved_at, retrospective, priority, notify, feed_stalled)
      SELECT case_id, commitment, round, name, revision, due_at, at, $4, stopped_at, retrospective, priority, notify,
        CASE WHEN retrospective OR (SELECT sources FROM silent) IS NULL THEN false
          ELSE EXISTS (SELECT FROM bizclock.event e
            WHERE e.case_id = reached.case_id AND e.source = ANY ((SELECT sources FROM silent)::text[])) END
      FROM reached
      ON CONFLICT ON CONSTRAINT alert_key DO UPDATE SET
        withdrawn_at = NULL, amended_at = excluded.recorded_at, level_at = excluded.level_at,
        due_at = excluded.due_at, resolved_at = excluded.resolved_at, priority = excluded.priority,
        notify = excluded.notify, feed_stalled = excluded.feed_stalled,
        -- What was history may be none when it is reached anew; what has paged somebody stays what it is.
        retrospective = a.retrospective AND excluded.retrospective
        WHERE a.withdrawn_at IS NOT NULL
      RETURNING a.case_id, a.commitment, a.round, a.level, a.revision, a.due_at, a.level_at, a.resolved_at, a.priority,
        a.notify, a.retrospective, a.feed_stalled, a.amended_at
    ), kept AS (
      -- As it was before it was raised anew; the row alone is looked up, by its key, whatever the planner thinks of it.
      INSERT INTO bizclock.alert_history (\(AlertHistory.columns))
      SELECT \(AlertHistory.former), $4
      FROM raised r CROSS JOIN LATERAL (
        SELECT * FROM bizclock.alert o
        WHERE o.case_id = r.case_id AND o.commitment = r.commitment AND o.round = r.round AND o.level = r.level
          AND o.revision = r.revision
        LIMIT 1
      ) a
      WHERE r.amended_at IS NOT NULL
      ON CONFLICT ON CONSTRAINT alert_history_key DO NOTHING
    )
    """

  /// The lines of what was raised, but for history.
  private static let lines = """
    INSERT INTO bizclock.log_outbox (event, case_id, commitment, round, level, revision, fields)
    SELECT e.event, r.case_id, r.commitment, r.round, r.level, r.revision,
      jsonb_strip_nulls(jsonb_build_object('priority', r.priority, 'notify', r.notify,
        'due_at', (extract(epoch FROM r.due_at) * 1000000)::int8,
        'level_at', (extract(epoch FROM r.level_at) * 1000000)::int8,
        'recorded_at', (extract(epoch FROM $4) * 1000000)::int8,
        'resolved_at', (extract(epoch FROM r.resolved_at) * 1000000)::int8,
        'feed_stalled', CASE WHEN e.event = 'alert.raised' AND r.feed_stalled THEN true END,
        'provisional', CASE WHEN q.provisional THEN true END, 'calendar', q.calendar, 'region', f.region,
        'grid', f.grid, 'service_window', f.service_window))
    FROM raised r
    JOIN bizclock.clock q ON q.case_id = r.case_id AND q.commitment = r.commitment AND q.round = r.round
    JOIN bizclock.case_file f ON f.case_id = r.case_id
    JOIN (VALUES ('alert.raised'), ('alert.resolved')) AS e (event)
      ON e.event = 'alert.raised' OR r.resolved_at IS NOT NULL
    WHERE NOT r.retrospective
    """
  private static let inOrder = "ORDER BY r.level_at, r.case_id, r.commitment, r.level, r.revision, e.event"

  private static let raise = """
    WITH due AS MATERIALIZED (
      SELECT case_id, commitment, round, level_name, level_priority, level_revision, level_at, level_due_at,
        next_level_at, history, started_received_at, stopped_at
      FROM bizclock.clock WHERE next_level_at <= $1 AND (NOT $8 OR \(isWanted)) ORDER BY next_level_at LIMIT $2
    ), \(raised), moved AS (
      UPDATE bizclock.clock c
      SET next_level_at = (SELECT min(at) FROM unnest(c.level_at) AS at WHERE at > $1)
      FROM due d
      WHERE c.case_id = d.case_id AND c.commitment = d.commitment AND c.round = d.round
    ), lines AS (
      \(lines) \(inOrder)
    )
    SELECT (SELECT count(*) FROM raised), (SELECT count(*) FROM raised WHERE retrospective),
      (SELECT count(*) FROM due)
    """

  /// Raises the levels of the clocks that have waited longest, and moves them on to their next ones.
  func raise(
    _ now: Instant, _ recordedAt: Instant, limit: Int, _ session: inout Session
  ) throws(PostgresError) -> (alerts: Int, clocks: Int) {
    let found = try session.execute(
      Projector.raise, parameters(now, .int8(Int64(limit)), recordedAt) + [.bool(isBehind)])
    return (try summarize(found, &session), Int(try found.int8(0, 2)))
  }

  /// What is raised anew, or of a clock that is known to end, has lines of its own.
  private static let raiseAhead = """
    WITH due AS (
      SELECT case_id, commitment, round, level_name, level_priority, level_revision, level_at, level_due_at,
        next_level_at, history, started_received_at, stopped_at
      FROM bizclock.clock WHERE next_level_at <= $1 AND ($2::timestamptz IS NULL OR next_level_at > $2)
    ), \(raised), lines AS (
      \(lines) AND (r.amended_at IS NOT NULL OR r.resolved_at IS NOT NULL)
        AND (r.amended_at IS NOT NULL OR e.event = 'alert.resolved') \(inOrder)
    )
    SELECT (SELECT count(*) FROM raised), (SELECT count(*) FROM raised WHERE retrospective)
    """

  /// Raises the levels of all clocks that wait for an instant after another, and leaves the clocks as they are. One row
  /// of the outbox stands for their lines.
  func raiseAhead(
    _ now: Instant, _ recordedAt: Instant, after instant: Instant?, _ session: inout Session
  ) throws(PostgresError) -> Int {
    try Outbox.announce(recordedAt: recordedAt, &session)
    let found = try session.execute(
      Projector.raiseAhead, parameters(now, .timestamptz(instant?.microseconds), recordedAt))
    return try summarize(found, &session)
  }

  private func parameters(_ now: Instant, _ bound: Parameter, _ recordedAt: Instant) -> [Parameter] {
    let named = addressees.columns
    return [
      .timestamptz(now.microseconds), bound, .int8(settings.retrospectiveAfter),
      .timestamptz(recordedAt.microseconds), .textArray(named.commitments), .textArray(named.levels),
      .textArray(named.addressees),
    ]
  }

  /// Adds the summaries of what was raised; says how many alerts that is.
  private func summarize(_ found: QueryResult, _ session: inout Session) throws(PostgresError) -> Int {
    let raised = Int(try found.int8(0, 0))
    let retrospective = try found.int8(0, 1)
    var lines: [OutboxLine] = []
    if retrospective > 0 { lines.append(OutboxLine(summary: [("retrospective", retrospective)])) }
    if raised - Int(retrospective) >= Projector.manyLevels {
      lines.append(OutboxLine(summary: [("raised", Int64(raised) - retrospective)]))
    }
    try DeltaWriter.lines(lines, &session)
    return raised
  }
}
