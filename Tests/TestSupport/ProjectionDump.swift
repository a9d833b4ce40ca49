import LibPQ

/// All that is projected, as texts in a fixed order, without ids of rows and times of recording: equal for equal
/// events whatever their way into the ledger.
public enum ProjectionDump {
  private static let queries = [
    """
    SELECT (to_jsonb(c) - 'started_received_at' - 'verdict_recorded_at' - 'history')::text
    FROM bizclock.clock c ORDER BY case_id, commitment, round
    """,
    "SELECT to_jsonb(c)::text FROM bizclock.case_file c ORDER BY case_id",
    """
    SELECT ((to_jsonb(c) || to_jsonb(s)) - 'series')::text
    FROM bizclock.metric_cell c JOIN bizclock.metric_series s ON s.series = c.series
    ORDER BY basis, day, commitment, version_from, process, region, channel, entity_type, report_tag, outcome
    """,
    "SELECT concat_ws('/', commitment, day, population, counted) FROM bizclock.share_cell ORDER BY commitment, day",
    """
    SELECT concat_ws('/', case_id, commitment, round, level, revision, due_at, level_at, resolved_at, notify)
    FROM bizclock.alert WHERE withdrawn_at IS NULL ORDER BY case_id, commitment, round, level, revision
    """,
    "SELECT (to_jsonb(e) - 'received_at')::text FROM dashboard.event_log e ORDER BY 1",
  ]

  /// Reads everything in one snapshot.
  public static func read(_ session: inout Session) throws -> [String] {
    try session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    defer { session.rollbackQuietly() }
    var lines: [String] = []
    for query in queries {
      let result = try session.execute(query)
      for row in 0..<result.rowCount { lines.append(try result.text(row, 0)) }
    }
    return lines
  }
}
