import LibPQ
import ServiceTime

/// Writes what a batch changes, inside the projector's transaction: new rows by COPY, changed ones by way of a
/// temporary table, so that every statement serves the whole batch.
enum DeltaWriter {
  /// Makes the session's temporary tables; they are emptied by each commit.
  static func prepare(_ session: inout Session) throws(PostgresError) {
    try session.script(
      """
      CREATE TEMP TABLE IF NOT EXISTS case_stage (LIKE bizclock.case_file) ON COMMIT DELETE ROWS;
      CREATE TEMP TABLE IF NOT EXISTS clock_stage (LIKE bizclock.clock) ON COMMIT DELETE ROWS;
      CREATE TEMP TABLE IF NOT EXISTS moved_stage (case_id text COLLATE "C", commitment text, round integer,
        due_day date, due_at timestamptz, next_level_at timestamptz, provisional boolean, level_at timestamptz[],
        level_due_at timestamptz[]) ON COMMIT DELETE ROWS;
      CREATE TEMP TABLE IF NOT EXISTS cell_stage (LIKE bizclock.metric_cell) ON COMMIT DELETE ROWS;
      """)
  }

  /// Empties the temporary tables that a delta has used for another of the same transaction. Deleting would leave the
  /// rows, and with them a table that looks ever larger to the planner.
  static func clear(after delta: ProjectionDelta, _ session: inout Session) throws(PostgresError) {
    let used = [
      (delta.changedCases.isEmpty, "pg_temp.case_stage"), (delta.changedClocks.isEmpty, "pg_temp.clock_stage"),
      (delta.movedClocks.isEmpty, "pg_temp.moved_stage"), (delta.metrics.cells.isEmpty, "pg_temp.cell_stage"),
    ].filter { !$0.0 }.map(\.1)
    guard !used.isEmpty else { return }
    try session.script("TRUNCATE \(used.joined(separator: ", "))")
  }

  static func write(_ delta: ProjectionDelta, recordedAt: Instant, _ session: inout Session) throws(PostgresError) {
    var series = MetricSeries()
    try write(delta, recordedAt: recordedAt, &series, &session)
  }

  /// As above, with the series of metric cells that are known from batches before.
  static func write(
    _ delta: ProjectionDelta, recordedAt: Instant, _ series: inout MetricSeries, _ session: inout Session
  ) throws(PostgresError) {
    try cases(delta, &session)
    try clocks(delta, &session)
    try history(delta.superseded, recordedAt, &session)
    try alerts(delta, recordedAt, &session)
    try MetricWriter.write(delta.metrics, &series, &session)
    try lines(delta.lines, &session)
  }

  private static func cases(_ delta: ProjectionDelta, _ session: inout Session) throws(PostgresError) {
    if !delta.newCases.isEmpty {
      try session.copyIn("COPY bizclock.case_file (\(CaseRows.columns)) FROM STDIN (FORMAT binary)") {
        writer throws(PostgresError) in
        for row in delta.newCases { try CaseRows.write(row, to: &writer) }
      }
    }
    guard !delta.changedCases.isEmpty else { return }
    try session.copyIn("COPY pg_temp.case_stage (\(CaseRows.columns)) FROM STDIN (FORMAT binary)") {
      writer throws(PostgresError) in
      for row in delta.changedCases { try CaseRows.write(row, to: &writer) }
    }
    _ = try session.execute(
      """
      UPDATE bizclock.case_file t SET
        first_occurred_at = s.first_occurred_at, last_occurred_at = s.last_occurred_at, events = s.events,
        process = s.process, region = s.region, grid = s.grid, service_window = s.service_window,
        channel = s.channel, entity_name = s.entity_name, entity_type = s.entity_type, uscc = s.uscc,
        tags = s.tags, report_tag = s.report_tag, share_commitment = s.share_commitment, share_day = s.share_day,
        share_counted = s.share_counted, may_be_individual = s.may_be_individual
      FROM pg_temp.case_stage s WHERE t.case_id = s.case_id
      """, [])
  }

  private static let updateClocks: String = {
    let keys: Set<String> = ["case_id", "commitment", "round"]
    let sets = ClockRows.names.filter { !keys.contains($0) }.map { "\($0) = s.\($0)" }.joined(separator: ", ")
    return "UPDATE bizclock.clock t SET \(sets) FROM pg_temp.clock_stage s "
      + "WHERE t.case_id = s.case_id AND t.commitment = s.commitment AND t.round = s.round"
  }()

  /// Puts in new clocks.
  static let copyClocks = "COPY bizclock.clock (\(ClockRows.columns)) FROM STDIN (FORMAT binary)"

  private static func clocks(_ delta: ProjectionDelta, _ session: inout Session) throws(PostgresError) {
    if !delta.vanishedClocks.isEmpty {
      _ = try session.execute(
        """
        DELETE FROM bizclock.clock t USING unnest($1::text[], $2::text[], $3::int4[]) AS k (c, m, r)
        WHERE t.case_id = k.c AND t.commitment = k.m AND t.round = k.r
        """,
        [
          .textArray(delta.vanishedClocks.map(\.caseID.text)),
          .textArray(delta.vanishedClocks.map(\.key.commitment)),
          .int4Array(delta.vanishedClocks.map(\.key.round)),
        ])
    }
    if !delta.newClocks.isEmpty {
      try session.copyIn(copyClocks) { writer throws(PostgresError) in
        for row in delta.newClocks { try ClockRows.write(row, to: &writer) }
      }
    }
    if !delta.movedClocks.isEmpty {
      try session.copyIn("COPY pg_temp.moved_stage (\(ClockRows.movedColumns)) FROM STDIN (FORMAT binary)") {
        writer throws(PostgresError) in
        for row in delta.movedClocks { try ClockRows.writeMoved(row, to: &writer) }
      }
      _ = try session.execute(
        """
        UPDATE bizclock.clock t SET
          due_day = s.due_day, due_at = s.due_at, next_level_at = s.next_level_at, provisional = s.provisional,
          level_at = s.level_at, level_due_at = s.level_due_at
        FROM pg_temp.moved_stage s
        WHERE t.case_id = s.case_id AND t.commitment = s.commitment AND t.round = s.round
        """)
    }
    guard !delta.changedClocks.isEmpty else { return }
    try session.copyIn("COPY pg_temp.clock_stage (\(ClockRows.columns)) FROM STDIN (FORMAT binary)") {
      writer throws(PostgresError) in
      for row in delta.changedClocks { try ClockRows.write(row, to: &writer) }
    }
    _ = try session.execute(updateClocks, [])
  }

  private static let copyHistory = """
    COPY bizclock.verdict_history (case_id, commitment, round, known_from, known_until, version_from, started_at, \
    due_at, stopped_at, due_day, stopped_day, working_us, elapsed_us, paused_us, overrun_us, counted_days, \
    overrun_days, early, provisional, state, verdict, outcome, process, region, channel, entity_type, report_tag, \
    reason) \
    FROM STDIN (FORMAT binary)
    """

  private static func history(
    _ superseded: [ProjectionDelta.Superseded], _ recordedAt: Instant, _ session: inout Session
  ) throws(PostgresError) {
    guard !superseded.isEmpty else { return }
    try session.copyIn(copyHistory) { writer throws(PostgresError) in
      for entry in superseded {
        let row = entry.row
        try writer.row(columns: 28)
        writer.text(row.caseID.text)
        writer.text(row.key.commitment)
        writer.int4(row.key.round)
        writer.timestamptz((row.verdictRecordedAt ?? recordedAt).microseconds)
        writer.timestamptz(recordedAt.microseconds)
        writer.date(row.versionFrom.dayNumber)
        writer.timestamptz(row.startedAt.microseconds)
        writer.timestamptz(row.dueAt?.microseconds)
        writer.timestamptz(row.stoppedAt?.microseconds)
        writer.date(row.dueDay?.dayNumber)
        writer.date(row.stoppedDay?.dayNumber)
        writer.int8(row.measures.working)
        writer.int8(row.measures.elapsed)
        writer.int8(row.measures.paused)
        writer.int8(row.overrun?.time)
        writer.int4(Int32(clamping: row.measures.countedDays))
        writer.int4(row.overrun.map { Int32(clamping: $0.days) })
        writer.bool(row.early)
        writer.bool(row.provisional)
        writer.text(row.state.rawValue)
        writer.text(row.verdict?.rawValue)
        writer.text(row.outcome)
        writer.text(entry.dimensions.process.text)
        writer.text(entry.dimensions.region.text)
        writer.text(entry.dimensions.channel.text)
        writer.text(entry.dimensions.entityType.text)
        writer.text(entry.dimensions.reportTag.text)
        writer.text(entry.reason.rawValue)
      }
    }
  }

  private static let copyAlerts = """
    COPY bizclock.alert (case_id, commitment, round, level, revision, due_at, level_at, recorded_at, resolved_at, \
    data_at, retrospective, priority, notify, feed_stalled) FROM STDIN (FORMAT binary)
    """

  private static func alerts(
    _ delta: ProjectionDelta, _ recordedAt: Instant, _ session: inout Session
  ) throws(PostgresError) {
    if !delta.newAlerts.isEmpty {
      try session.copyIn(copyAlerts) { writer throws(PostgresError) in
        for alert in delta.newAlerts {
          try writer.row(columns: 14)
          writer.text(alert.key.caseID.text)
          writer.text(alert.key.clock.commitment)
          writer.int4(alert.key.clock.round)
          writer.text(alert.key.level)
          writer.int4(alert.key.revision)
          writer.timestamptz(alert.dueAt.microseconds)
          writer.timestamptz(alert.levelAt.microseconds)
          writer.timestamptz(recordedAt.microseconds)
          writer.timestamptz(alert.resolvedAt?.microseconds)
          writer.timestamptz(alert.dataAt?.microseconds)
          writer.bool(alert.retrospective)
          writer.text(alert.priority.rawValue)
          writer.text(alert.notify?.rawValue)
          writer.bool(alert.feedStalled)
        }
      }
    }
    let changed = delta.changedAlerts
    guard !changed.isEmpty else { return }
    _ = try session.execute(
      """
      WITH k AS MATERIALIZED (
        SELECT * FROM unnest($2::text[], $3::text[], $4::int4[], $5::text[], $6::int4[], $7::timestamptz[],
          $8::timestamptz[], $9::timestamptz[], $10::text[], $11::bool[], $12::bool[], $13::text[], $14::text[],
          $15::bool[], $16::bool[])
          AS k (case_id, commitment, round, level, revision, due_at, level_at, resolved_at, priority, withdrawn,
            amended, change_reason, notify, feed_stalled, retrospective)
      ), kept AS (
        INSERT INTO bizclock.alert_history (\(AlertHistory.columns))
        SELECT \(AlertHistory.former), $1
        FROM k JOIN bizclock.alert a ON a.case_id = k.case_id AND a.commitment = k.commitment AND a.round = k.round
          AND a.level = k.level AND a.revision = k.revision
        WHERE a.due_at <> k.due_at OR a.level_at <> k.level_at OR a.priority <> k.priority
          OR (a.withdrawn_at IS NOT NULL) <> k.withdrawn
        -- Of several changes in one transaction what was known before the first.
        ON CONFLICT ON CONSTRAINT alert_history_key DO NOTHING
      )
      UPDATE bizclock.alert t SET
        due_at = k.due_at, level_at = k.level_at, resolved_at = k.resolved_at, priority = k.priority,
        withdrawn_at = CASE WHEN k.withdrawn THEN coalesce(t.withdrawn_at, $1) END,
        amended_at = CASE WHEN k.amended THEN $1 ELSE t.amended_at END, change_reason = k.change_reason,
        notify = k.notify, feed_stalled = k.feed_stalled, retrospective = k.retrospective
      FROM k
      WHERE t.case_id = k.case_id AND t.commitment = k.commitment AND t.round = k.round AND t.level = k.level
        AND t.revision = k.revision
      """,
      [
        .timestamptz(recordedAt.microseconds), .textArray(changed.map(\.key.caseID.text)),
        .textArray(changed.map(\.key.clock.commitment)), .int4Array(changed.map(\.key.clock.round)),
        .textArray(changed.map(\.key.level)), .int4Array(changed.map(\.key.revision)),
        .timestamptzArray(changed.map(\.dueAt.microseconds)),
        .timestamptzArray(changed.map(\.levelAt.microseconds)),
        .timestamptzArray(changed.map { $0.resolvedAt?.microseconds }),
        .textArray(changed.map(\.priority.rawValue)), .boolArray(changed.map(\.withdrawn)),
        .boolArray(changed.map(\.amended)), .textArray(changed.map { $0.changeReason?.rawValue }),
        .textArray(changed.map { $0.notify?.rawValue }),
        .boolArray(changed.map(\.feedStalled)), .boolArray(changed.map(\.retrospective)),
      ])
  }

  static func lines(_ lines: [OutboxLine], _ session: inout Session) throws(PostgresError) {
    guard !lines.isEmpty else { return }
    let copy =
      "COPY bizclock.log_outbox (event, case_id, commitment, round, level, revision, fields) "
      + "FROM STDIN (FORMAT binary)"
    try session.copyIn(copy) { writer throws(PostgresError) in
      for line in lines {
        try writer.row(columns: 7)
        writer.text(line.kind.rawValue)
        writer.text(line.key?.caseID.text)
        writer.text(line.key?.clock.commitment)
        writer.int4(line.key?.clock.round)
        writer.text(line.key?.level)
        writer.int4(line.key?.revision)
        writer.jsonb(line.json.text)
      }
    }
  }
}
