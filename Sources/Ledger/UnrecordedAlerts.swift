import LibPQ
import ServiceTime

/// An alert that was told while the database could not record it.
public struct ToldAlert: Sendable, Equatable {
  /// The level that was told of.
  public var level: WatchedLevel
  /// When its line was written.
  public var toldAt: Instant
  /// Whether its line was written for certain: the program may have ended just before.
  public var isCertain: Bool

  /// A told alert.
  public init(level: WatchedLevel, toldAt: Instant, isCertain: Bool = true) {
    self.level = level
    self.toldAt = toldAt
    self.isCertain = isCertain
  }
}

/// Settles what was told while the database was away, once it serves again.
public enum UnrecordedAlerts {
  /// $1…: the parts of the ids; then due_at, level_at, told_at, priority, notify, calendar; $12 now, $13 recorded_at,
  /// $14 the reason of a withdrawal; $15 whether it was told for certain.
  private static let settle = """
    WITH told AS MATERIALIZED (
      SELECT * FROM unnest($1::text[], $2::text[], $3::int4[], $4::text[], $5::int4[], $6::timestamptz[],
        $7::timestamptz[], $8::timestamptz[], $9::text[], $10::text[], $11::text[], $15::bool[])
        AS t (case_id, commitment, round, level, revision, due_at, level_at, told_at, priority, notify, calendar,
          is_certain)
    ), open AS MATERIALIZED (
      -- An alert that stands is done with once its line is written, which says when it was told. Of a clock that waits
      -- for an instant that has come nothing is settled before the leader has raised it.
      SELECT t.*, a.case_id IS NOT NULL AS is_there, a.withdrawn_at < t.told_at AS is_stale
      FROM told t
      LEFT JOIN bizclock.alert a ON a.case_id = t.case_id AND a.commitment = t.commitment AND a.round = t.round
        AND a.level = t.level AND a.revision = t.revision
      WHERE CASE WHEN a.case_id IS NOT NULL AND a.withdrawn_at IS NULL THEN a.logged_at IS NOT NULL OR a.retrospective
        ELSE NOT EXISTS (SELECT FROM bizclock.clock c WHERE c.case_id = t.case_id AND c.commitment = t.commitment
          AND c.round = t.round AND c.next_level_at <= $12) END
    ), stood AS (
      UPDATE bizclock.alert a SET logged_at = least(a.logged_at, o.told_at), retrospective = false
      FROM open o
      WHERE o.is_there AND o.is_stale IS NOT TRUE AND o.is_certain
        AND a.case_id = o.case_id AND a.commitment = o.commitment AND a.round = o.round AND a.level = o.level
        AND a.revision = o.revision
    ), kept AS (
      INSERT INTO bizclock.alert_history (\(AlertHistory.columns))
      SELECT \(AlertHistory.former), $13
      FROM open o JOIN bizclock.alert a ON a.case_id = o.case_id AND a.commitment = o.commitment
        AND a.round = o.round AND a.level = o.level AND a.revision = o.revision
      WHERE o.is_stale
      ON CONFLICT ON CONSTRAINT alert_history_key DO NOTHING
    ), taken_back AS (
      INSERT INTO bizclock.alert AS a (case_id, commitment, round, level, revision, due_at, level_at, recorded_at,
        logged_at, withdrawn_at, retrospective, priority, notify, change_reason)
      SELECT case_id, commitment, round, level, revision, due_at, level_at, $13, CASE WHEN is_certain THEN told_at END,
        $13, false, priority, notify, $14
      FROM open WHERE NOT is_there OR is_stale
      -- Withdrawn long before, then foreseen and told again: withdrawn anew.
      ON CONFLICT ON CONSTRAINT alert_key DO UPDATE SET
        due_at = excluded.due_at, level_at = excluded.level_at, withdrawn_at = excluded.withdrawn_at,
        amended_at = excluded.recorded_at, priority = excluded.priority, notify = excluded.notify,
        change_reason = excluded.change_reason, retrospective = false
        WHERE a.withdrawn_at < excluded.withdrawn_at
      RETURNING a.case_id, a.commitment, a.round, a.level, a.revision
    ), lines AS (
      INSERT INTO bizclock.log_outbox (event, case_id, commitment, round, level, revision, fields)
      SELECT 'alert.withdrawn', b.case_id, b.commitment, b.round, b.level, b.revision,
        jsonb_strip_nulls(jsonb_build_object('priority', o.priority, 'notify', o.notify,
          'due_at', (extract(epoch FROM o.due_at) * 1000000)::int8,
          'level_at', (extract(epoch FROM o.level_at) * 1000000)::int8,
          'recorded_at', (extract(epoch FROM $13) * 1000000)::int8,
          'calendar', o.calendar, 'reason', $14::text,
          'region', f.region, 'grid', f.grid, 'service_window', f.service_window))
      FROM taken_back b
      JOIN open o USING (case_id, commitment, round, level, revision)
      LEFT JOIN bizclock.case_file f ON f.case_id = b.case_id
      ORDER BY o.level_at, o.case_id, o.commitment, o.level, o.revision
    )
    SELECT case_id, commitment, round, level, revision, NOT is_there OR is_stale IS TRUE FROM open
    """

  /// What became of told alerts.
  public struct Outcome: Sendable, Equatable {
    /// Those of which the database knows now all there is to know.
    public var settled: [AlertID] = []
    /// How many of them were recorded and withdrawn, for their levels were not reached.
    public var withdrawn = 0
  }

  /// Settles told alerts in one transaction: one that is recorded has been told since its line; one that was not
  /// reached, as the ledger knows by now, is recorded and withdrawn, and its withdrawal told. What the leader is still
  /// to raise stays open. Of one that was told perhaps no time is noted but that of its record's own line.
  ///
  /// Any daemon may do it: the projector's row is locked, so no leader's transaction comes between, and its epoch and
  /// position stay, so no leader is deposed.
  ///
  /// - Parameter told: at most a few thousand, all of different ids.
  public static func settle(_ told: [ToldAlert], now: Instant, _ session: inout Session) throws(PostgresError)
    -> Outcome
  {
    guard !told.isEmpty else { return Outcome() }
    do {
      try session.begin()
      // The row itself stays: clocks stand for the moment that it names, and here none is looked at.
      let locked = try session.execute(
        "SELECT greatest($1, recorded_at + interval '1 microsecond') FROM bizclock.projector FOR UPDATE",
        [.timestamptz(now.microseconds)])
      let levels = told.map(\.level)
      let found = try session.execute(
        settle,
        [
          .textArray(levels.map(\.id.caseID)), .textArray(levels.map(\.id.commitment)),
          .int4Array(levels.map(\.id.round)), .textArray(levels.map(\.id.level)),
          .int4Array(levels.map(\.id.revision)), .timestamptzArray(levels.map(\.dueAt.microseconds)),
          .timestamptzArray(levels.map(\.levelAt.microseconds)),
          .timestamptzArray(told.map(\.toldAt.microseconds)), .textArray(levels.map(\.priority.rawValue)),
          .textArray(levels.map { $0.notify?.rawValue }), .textArray(levels.map(\.calendar)),
          .timestamptz(now.microseconds), .timestamptz(try locked.timestamptz(0, 0)),
          .text(ChangeReason.neverReached.rawValue), .boolArray(told.map(\.isCertain)),
        ])
      var outcome = Outcome()
      for row in 0..<found.rowCount {
        outcome.settled.append(
          AlertID(
            caseID: try found.text(row, 0), commitment: try found.text(row, 1), round: try found.int4(row, 2),
            level: try found.text(row, 3), revision: try found.int4(row, 4)))
        if try found.bool(row, 5) { outcome.withdrawn += 1 }
      }
      try session.commit()
      return outcome
    } catch {
      session.rollbackQuietly()
      throw error
    }
  }
}
