import LibPQ
import ServiceTime

/// A log line that waits to be written.
public struct PendingLine: Sendable {
  /// Its row of the queue; nil where one row stands for many lines.
  public var id: Int64?
  /// The log event, e.g. `alert.raised`.
  public var event: String
  /// The alert it is about; nil for a summary.
  public var subject: AlertID?
  /// Texts and whole numbers; times are microseconds since 1970.
  public var texts: [String: String]
  /// Whole numbers; times are microseconds since 1970.
  public var numbers: [String: Int64]

  /// A line; arguments as the properties.
  public init(id: Int64?, event: String, subject: AlertID?, texts: [String: String], numbers: [String: Int64]) {
    self.id = id
    self.event = event
    self.subject = subject
    self.texts = texts
    self.numbers = numbers
  }
}

/// The queue of log lines that committed transactions gave rise to.
///
/// A line is taken off only after it was written: after a crash it may be written again, it never goes missing. A row of
/// the queue is a line, or stands for those of all alerts that one transaction recorded and that are not logged yet.
public enum Outbox {
  /// How many lines are read at once of those for which one row stands.
  private static let page = 10_000

  /// The oldest lines of the queue, at most `limit` beside the summaries, or a page of those for which one row stands.
  ///
  /// Summaries of a load wait until the projections have caught up, so that one load makes one summary; they keep
  /// nothing else waiting.
  public static func pending(_ session: inout Session, limit: Int, summaries: Bool) throws(PostgresError)
    -> [PendingLine]
  {
    while true {
      let found = try session.execute(
        """
        SELECT o.id, o.event, o.case_id, o.commitment, o.round, o.level, o.revision,
          array(SELECT key FROM jsonb_each_text(o.fields) ORDER BY key),
          array(SELECT value FROM jsonb_each_text(o.fields) ORDER BY key),
          array(SELECT jsonb_typeof(value) = 'number' FROM jsonb_each(o.fields) ORDER BY key), o.recorded_at
        FROM (
          (SELECT * FROM bizclock.log_outbox WHERE case_id IS NOT NULL OR recorded_at IS NOT NULL ORDER BY id LIMIT $1)
          UNION ALL
          (SELECT * FROM bizclock.log_outbox WHERE $2 AND case_id IS NULL AND recorded_at IS NULL
            ORDER BY id LIMIT 10000)
        ) o
        ORDER BY o.id
        """, [.int8(Int64(limit)), .bool(summaries)])
      var lines: [PendingLine] = []
      for row in 0..<found.rowCount {
        guard let recordedAt = try found.optionalTimestamptz(row, 10) else {
          lines.append(try line(found, row))
          continue
        }
        // What comes before it is written first.
        guard lines.isEmpty else { return lines }
        lines = try recorded(at: recordedAt, &session)
        guard lines.isEmpty else { return lines }
        _ = try session.execute(
          "DELETE FROM bizclock.log_outbox WHERE id = $1", [.int8(try found.int8(row, 0))])
      }
      // All that was read may have stood for nothing, and more may come after it.
      if !lines.isEmpty || found.rowCount == 0 || limit == 0 { return lines }
    }
  }

  private static func line(_ found: QueryResult, _ row: Int) throws(PostgresError) -> PendingLine {
    var line = PendingLine(
      id: try found.int8(row, 0), event: try found.text(row, 1), subject: nil, texts: [:], numbers: [:])
    if let caseID = try found.optionalText(row, 2) {
      line.subject = AlertID(
        caseID: caseID, commitment: try found.optionalText(row, 3) ?? "",
        round: try found.optionalInt4(row, 4) ?? 0, level: try found.optionalText(row, 5) ?? "",
        revision: try found.optionalInt4(row, 6) ?? 0)
    }
    let names = try found.optionalTextArray(row, 7) ?? []
    let values = try found.optionalTextArray(row, 8) ?? []
    let numeric = try found.optionalBoolArray(row, 9) ?? []
    for index in names.indices where index < values.count && index < numeric.count {
      guard let name = names[index], let value = values[index] else { continue }
      if numeric[index] == true { line.numbers[name] = Int64(value) } else { line.texts[name] = value }
    }
    return line
  }

  /// Queues the lines of all alerts that a transaction records, but for history, as one row.
  static func announce(recordedAt: Instant, _ session: inout Session) throws(PostgresError) {
    _ = try session.execute(
      "INSERT INTO bizclock.log_outbox (event, recorded_at, fields) VALUES ('alert.raised', $1, '{}')",
      [.timestamptz(recordedAt.microseconds)])
  }

  /// Of an alert: that its line is still to be written. One told perhaps, whose level was not reached, has no time.
  private static let waits =
    "logged_at IS NULL AND NOT retrospective AND change_reason IS DISTINCT FROM 'never_reached'"

  /// The lines for which rows of the queue stand, to be counted.
  static let unlogged = """
    SELECT FROM bizclock.alert
    WHERE recorded_at = ANY (ARRAY(SELECT recorded_at FROM bizclock.log_outbox WHERE recorded_at IS NOT NULL))
      AND \(waits)
    """

  private static let recorded = """
    SELECT a.case_id, a.commitment, a.round, a.level, a.revision, a.due_at, a.level_at, a.resolved_at, a.priority,
      a.notify, a.feed_stalled, c.provisional, c.calendar, f.region, f.grid, f.service_window
    FROM (
      SELECT * FROM bizclock.alert WHERE recorded_at = $1 AND \(waits)
      ORDER BY level_at, case_id, commitment, level, revision LIMIT $2
    ) a
    LEFT JOIN bizclock.clock c ON c.case_id = a.case_id AND c.commitment = a.commitment AND c.round = a.round
    LEFT JOIN bizclock.case_file f ON f.case_id = a.case_id
    ORDER BY a.level_at, a.case_id, a.commitment, a.level, a.revision
    """

  /// The first lines for which a row of the queue stands: of the alerts recorded at a moment and not logged yet.
  private static func recorded(at recordedAt: Int64, _ session: inout Session) throws(PostgresError)
    -> [PendingLine]
  {
    let found: QueryResult
    do {
      try session.begin("READ ONLY")
      try KeyLookups.begin(&session)
      found = try session.execute(recorded, [.timestamptz(recordedAt), .int8(Int64(page))])
      try session.commit()
    } catch {
      session.rollbackQuietly()
      throw error
    }
    var lines: [PendingLine] = []
    lines.reserveCapacity(found.rowCount)
    for row in 0..<found.rowCount {
      var line = PendingLine(
        id: nil, event: "alert.raised",
        subject: AlertID(
          caseID: try found.text(row, 0), commitment: try found.text(row, 1), round: try found.int4(row, 2),
          level: try found.text(row, 3), revision: try found.int4(row, 4)),
        texts: ["priority": try found.text(row, 8)],
        numbers: [
          "due_at": try found.timestamptz(row, 5), "level_at": try found.timestamptz(row, 6),
          "recorded_at": recordedAt,
        ])
      line.numbers["resolved_at"] = try found.optionalTimestamptz(row, 7)
      line.texts["notify"] = try found.optionalText(row, 9)
      if try found.bool(row, 10) { line.texts["feed_stalled"] = "true" }
      if try found.optionalBool(row, 11) ?? false { line.texts["provisional"] = "true" }
      line.texts["calendar"] = try found.optionalText(row, 12)
      line.texts["region"] = try found.optionalText(row, 13)
      line.texts["grid"] = try found.optionalText(row, 14)
      line.texts["service_window"] = try found.optionalText(row, 15)
      lines.append(line)
    }
    return lines
  }

  /// Takes written lines off the queue and notes when their alerts were logged, in one transaction.
  public static func written(_ lines: [PendingLine], at now: Instant, _ session: inout Session)
    throws(PostgresError)
  {
    guard !lines.isEmpty else { return }
    let raised = lines.filter { $0.event == "alert.raised" }.compactMap(\.subject)
    do {
      try session.begin()
      if !raised.isEmpty {
        _ = try session.execute(
          """
          -- Nothing here asks for those not logged yet: where nearly all are, the planner would begin with them, and a
          -- burst makes them many before the table is analyzed again.
          UPDATE bizclock.alert t SET logged_at = coalesce(t.logged_at, $1)
          FROM unnest($2::text[], $3::text[], $4::int4[], $5::text[], $6::int4[])
            AS k (case_id, commitment, round, level, revision)
          WHERE t.case_id = k.case_id AND t.commitment = k.commitment AND t.round = k.round AND t.level = k.level
            AND t.revision = k.revision
          """,
          [
            .timestamptz(now.microseconds), .textArray(raised.map(\.caseID)), .textArray(raised.map(\.commitment)),
            .int4Array(raised.map(\.round)), .textArray(raised.map(\.level)), .int4Array(raised.map(\.revision)),
          ])
      }
      _ = try session.execute(
        "DELETE FROM bizclock.log_outbox WHERE id = ANY($1::int8[])", [.int8Array(lines.compactMap(\.id))])
      try session.commit()
    } catch {
      session.rollbackQuietly()
      throw error
    }
  }
}
