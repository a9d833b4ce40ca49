extension TestLedger {
  /// Everything that must not depend on the order of arrival, as text in a fixed order: clocks, cases, metric cells
  /// with their sketches, the event log, and the alerts that stand. Times of arrival and of recording are left out.
  func dump() async throws -> [String] {
    var lines: [String] = []
    for query in [
      """
      SELECT (to_jsonb(c) - 'started_received_at' - 'verdict_recorded_at' - 'history')::text
      FROM bizclock.clock c ORDER BY case_id, commitment, round
      """,
      "SELECT to_jsonb(c)::text FROM bizclock.case_file c ORDER BY case_id",
      TestLedger.cells,
      "SELECT concat_ws(' ', commitment, day, population, counted) FROM bizclock.share_cell ORDER BY commitment, day",
      "SELECT (to_jsonb(e) - 'received_at')::text FROM dashboard.event_log e",
      """
      SELECT concat_ws(' ', case_id, commitment, round, level, revision, due_at, level_at, resolved_at, priority,
        notify)
      FROM bizclock.alert WHERE withdrawn_at IS NULL
      ORDER BY case_id COLLATE "C", commitment, round, level, revision
      """,
    ] { lines += try await column(query) }
    return lines
  }

  /// Metric cells with their sketches.
  func cells() async throws -> [String] { try await column(TestLedger.cells) }

  private static let cells = """
    SELECT ((to_jsonb(c) || to_jsonb(s)) - 'series')::text
    FROM bizclock.metric_cell c JOIN bizclock.metric_series s ON s.series = c.series
    ORDER BY basis, day, commitment, version_from, process, region, channel, entity_type, report_tag, outcome
    """
}
