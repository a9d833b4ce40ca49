import LibPQ
import ServiceTime

/// A log line that waits to be written.
public struct PendingLine: Sendable {
  /// Its place in the queue.
  public var id: Int64
  /// The log event, e.g. `alert.raised`.
  public var event: String
  /// The alert it is about; nil for a summary.
  public var subject: AlertID?
  /// Texts and whole numbers; times are microseconds since 1970.
  public var texts: [String: String]
  /// Whole numbers; times are microseconds since 1970.
  public var numbers: [String: Int64]

  /// A line; arguments as the properties.
  public init(id: Int64, event: String, subject: AlertID?, texts: [String: String], numbers: [String: Int64]) {
    self.id = id
    self.event = event
    self.subject = subject
    self.texts = texts
    self.numbers = numbers
  }
}

/// The queue of log lines that committed transactions gave rise to.
///
/// A line is taken off only after it was written: after a crash it may be written again, it never goes missing.
public enum Outbox {
  /// The oldest lines of the queue, at most `limit` beside the summaries.
  ///
  /// Summaries of a load wait until the projections have caught up, so that one load makes one summary; they keep
  /// nothing else waiting.
  public static func pending(_ session: inout Session, limit: Int, summaries: Bool) throws(PostgresError)
    -> [PendingLine]
  {
    let found = try session.execute(
      """
      SELECT o.id, o.event, o.case_id, o.commitment, o.round, o.level, o.revision,
        array(SELECT key FROM jsonb_each_text(o.fields) ORDER BY key),
        array(SELECT value FROM jsonb_each_text(o.fields) ORDER BY key),
        array(SELECT jsonb_typeof(value) = 'number' FROM jsonb_each(o.fields) ORDER BY key)
      FROM (
        (SELECT * FROM bizclock.log_outbox WHERE case_id IS NOT NULL ORDER BY id LIMIT $1)
        UNION ALL
        (SELECT * FROM bizclock.log_outbox WHERE $2 AND case_id IS NULL ORDER BY id LIMIT 10000)
      ) o
      ORDER BY o.id
      """, [.int8(Int64(limit)), .bool(summaries)])
    var lines: [PendingLine] = []
    for row in 0..<found.rowCount {
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
        "DELETE FROM bizclock.log_outbox WHERE id = ANY($1::int8[])", [.int8Array(lines.map(\.id))])
      try session.commit()
    } catch {
      session.rollbackQuietly()
      throw error
    }
  }
}
