import LibPQ
import ServiceTime

/// Adds changes to the metric cells and their sketches; what comes to nothing is taken away.
enum MetricWriter {
  private static let upsert = """
    INSERT INTO bizclock.metric_cell AS t
      (basis, day, commitment, version_from, process, region, channel, entity_type, report_tag, outcome,
       finished, on_time, late, premature, early, counted_days, working_us, elapsed_us, paused_us, overrun_us)
    SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::date[], $5::text[], $6::text[], $7::text[],
      $8::text[], $9::text[], $10::text[], $11::int8[], $12::int8[], $13::int8[], $14::int8[], $15::int8[],
      $16::int8[], $17::int8[], $18::int8[], $19::int8[], $20::int8[])
    ON CONFLICT ON CONSTRAINT metric_cell_key DO UPDATE SET
      finished = t.finished + excluded.finished, on_time = t.on_time + excluded.on_time,
      late = t.late + excluded.late, premature = t.premature + excluded.premature,
      early = t.early + excluded.early, counted_days = t.counted_days + excluded.counted_days,
      working_us = t.working_us + excluded.working_us, elapsed_us = t.elapsed_us + excluded.elapsed_us,
      paused_us = t.paused_us + excluded.paused_us, overrun_us = t.overrun_us + excluded.overrun_us
    RETURNING cell, basis, day, commitment, version_from, process, region, channel, entity_type, report_tag, outcome
    """

  static func write(_ cells: [CellKey: CellSums], _ session: inout Session) throws(PostgresError) {
    guard !cells.isEmpty else { return }
    // A fixed order, so that the rows of a table do not depend on hashing.
    let ordered = cells.sorted { MetricWriter.order($0.key, $1.key) }
    let keys = ordered.map(\.key)
    let sums = ordered.map(\.value)
    let result = try session.execute(
      upsert,
      [
        .textArray(keys.map(\.basis.rawValue)), .dateArray(keys.map(\.day.dayNumber)),
        .textArray(keys.map(\.commitment)), .dateArray(keys.map(\.versionFrom.dayNumber)),
        .textArray(keys.map(\.dimensions.process.text)), .textArray(keys.map(\.dimensions.region.text)),
        .textArray(keys.map(\.dimensions.channel.text)), .textArray(keys.map(\.dimensions.entityType.text)),
        .textArray(keys.map(\.dimensions.reportTag.text)), .textArray(keys.map(\.outcome)),
        .int8Array(sums.map(\.finished)), .int8Array(sums.map(\.onTime)), .int8Array(sums.map(\.late)),
        .int8Array(sums.map(\.premature)), .int8Array(sums.map(\.early)), .int8Array(sums.map(\.countedDays)),
        .int8Array(sums.map(\.working)), .int8Array(sums.map(\.elapsed)), .int8Array(sums.map(\.paused)),
        .int8Array(sums.map(\.overrun)),
      ])
    try buckets(result, cells, &session)
    let shrunk =
      sums.contains { $0.finished < 0 || $0.countedBuckets.values.contains { $0 < 0 } }
      || sums.contains { $0.workingBuckets.values.contains { $0 < 0 } }
    guard shrunk else { return }
    var touched: [Int64] = []
    for row in 0..<result.rowCount { touched.append(try result.int8(row, 0)) }
    _ = try session.execute(
      "DELETE FROM bizclock.metric_bucket WHERE cell = ANY($1::int8[]) AND count = 0", [.int8Array(touched)])
    _ = try session.execute(
      "DELETE FROM bizclock.metric_cell WHERE cell = ANY($1::int8[]) AND finished = 0", [.int8Array(touched)])
  }

  private static func buckets(
    _ result: QueryResult, _ cells: [CellKey: CellSums], _ session: inout Session
  ) throws(PostgresError) {
    var ids: [Int64] = []
    var measures: [String] = []
    var buckets: [Int32] = []
    var counts: [Int64] = []
    for row in 0..<result.rowCount {
      let id = try result.int8(row, 0)
      guard let sums = cells[try key(result, row)] else { continue }
      for (measure, changes) in [("counted_days", sums.countedBuckets), ("working_us", sums.workingBuckets)] {
        for (bucket, count) in changes.sorted(by: { $0.key < $1.key }) {
          ids.append(id)
          measures.append(measure)
          buckets.append(bucket)
          counts.append(count)
        }
      }
    }
    guard !ids.isEmpty else { return }
    _ = try session.execute(
      """
      INSERT INTO bizclock.metric_bucket AS t (cell, measure, bucket, count)
      SELECT * FROM unnest($1::int8[], $2::text[], $3::int4[], $4::int8[])
      ON CONFLICT (cell, measure, bucket) DO UPDATE SET count = t.count + excluded.count
      """,
      [.int8Array(ids), .textArray(measures), .int4Array(buckets), .int8Array(counts)])
  }

  static func key(_ result: QueryResult, _ row: Int) throws(PostgresError) -> CellKey {
    CellKey(
      basis: CellKey.Basis(rawValue: try result.text(row, 1)) ?? .stop,
      day: CivilDate(dayNumber: try result.date(row, 2)), commitment: try result.text(row, 3),
      versionFrom: CivilDate(dayNumber: try result.date(row, 4)),
      dimensions: Dimensions(
        process: Identifier(try result.text(row, 5)), region: Identifier(try result.text(row, 6)),
        channel: Identifier(try result.text(row, 7)), entityType: Identifier(try result.text(row, 8)),
        reportTag: Identifier(try result.text(row, 9))), outcome: try result.text(row, 10))
  }

  private static func order(_ a: CellKey, _ b: CellKey) -> Bool {
    let first = (a.basis.rawValue, a.day, a.commitment, a.versionFrom, a.outcome)
    let second = (b.basis.rawValue, b.day, b.commitment, b.versionFrom, b.outcome)
    return first == second ? a.dimensions < b.dimensions : first < second
  }
}
