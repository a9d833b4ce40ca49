import LibPQ
import ServiceTime

/// Reads metric cells with their sketches.
enum MetricReader {
  /// All cells, or those of some days (days since 1970).
  static func cells(on days: [Int32]? = nil, _ session: inout Session) throws(PostgresError) -> [CellKey: CellSums]
  {
    var cells: [CellKey: CellSums] = [:]
    var keys: [Int64: CellKey] = [:]
    let found = try session.execute(
      """
      SELECT cell, basis, day, commitment, version_from, process, region, channel, entity_type, report_tag, outcome,
        finished, on_time, late, premature, early, counted_days, working_us, elapsed_us, paused_us, overrun_us
      FROM bizclock.metric_cell
      WHERE $1 OR day = ANY($2::date[])
      """, [.bool(days == nil), .dateArray(days ?? [])])
    for row in 0..<found.rowCount {
      let key = try MetricWriter.key(found, row)
      var sums = CellSums()
      sums.finished = try found.int8(row, 11)
      sums.onTime = try found.int8(row, 12)
      sums.late = try found.int8(row, 13)
      sums.premature = try found.int8(row, 14)
      sums.early = try found.int8(row, 15)
      sums.countedDays = try found.int8(row, 16)
      sums.working = try found.int8(row, 17)
      sums.elapsed = try found.int8(row, 18)
      sums.paused = try found.int8(row, 19)
      sums.overrun = try found.int8(row, 20)
      keys[try found.int8(row, 0)] = key
      cells[key] = sums
    }
    let buckets = try session.execute(
      """
      SELECT cell, measure, bucket, count FROM bizclock.metric_bucket
      WHERE $1 OR cell IN (SELECT cell FROM bizclock.metric_cell WHERE day = ANY($2::date[]))
      """, [.bool(days == nil), .dateArray(days ?? [])])
    for row in 0..<buckets.rowCount {
      guard let key = keys[try buckets.int8(row, 0)] else { continue }
      let bucket = try buckets.int4(row, 2)
      let count = try buckets.int8(row, 3)
      if try buckets.text(row, 1) == "counted_days" {
        cells[key]?.countedBuckets[bucket] = count
      } else {
        cells[key]?.workingBuckets[bucket] = count
      }
    }
    return cells
  }
}
