import LibPQ
import ServiceTime

/// Reads metric cells with their sketches.
enum MetricReader {
  /// All cells, or those of some days (days since 1970).
  static func cells(on days: [Int32]? = nil, _ session: inout Session) throws(PostgresError) -> [CellKey: CellSums]
  {
    let found = try session.execute(
      """
      SELECT c.day, c.series, c.finished, c.on_time, c.late, c.premature, c.early, c.counted_days, c.working_us,
        c.elapsed_us, c.paused_us, c.overrun_us, c.days_sketch, c.working_sketch, s.basis, s.commitment,
        s.version_from, s.process, s.region, s.channel, s.entity_type, s.report_tag, s.outcome
      FROM bizclock.metric_cell c JOIN bizclock.metric_series s ON s.series = c.series
      WHERE $1 OR c.day = ANY($2::date[])
      """, [.bool(days == nil), .dateArray(days ?? [])])
    var cells: [CellKey: CellSums] = [:]
    cells.reserveCapacity(found.rowCount)
    for row in 0..<found.rowCount {
      let key = CellKey(
        series: SeriesKey(
          basis: SeriesKey.Basis(rawValue: try found.text(row, 14)) ?? .stop, commitment: try found.text(row, 15),
          versionFrom: CivilDate(dayNumber: try found.date(row, 16)),
          dimensions: Dimensions(
            process: Identifier(try found.text(row, 17)), region: Identifier(try found.text(row, 18)),
            channel: Identifier(try found.text(row, 19)), entityType: Identifier(try found.text(row, 20)),
            reportTag: Identifier(try found.text(row, 21))), outcome: try found.text(row, 22)),
        day: CivilDate(dayNumber: try found.date(row, 0)))
      cells[key] = try sums(found, row)
    }
    return cells
  }

  /// The sums of cells at some places, as far as they are there.
  static func sums(
    at places: [MetricWriter.Place], _ session: inout Session
  ) throws(PostgresError) -> [MetricWriter.Place: CellSums] {
    let found = try session.execute(
      """
      SELECT \(MetricWriter.columns) FROM unnest($1::date[], $2::int4[]) AS k (day, series)
      JOIN bizclock.metric_cell USING (day, series)
      """, [.dateArray(places.map(\.day.dayNumber)), .int4Array(places.map(\.series))])
    var cells: [MetricWriter.Place: CellSums] = [:]
    for row in 0..<found.rowCount {
      let place = MetricWriter.Place(
        day: CivilDate(dayNumber: try found.date(row, 0)), series: try found.int4(row, 1))
      cells[place] = try sums(found, row)
    }
    return cells
  }

  /// The sums of a row whose first columns are `MetricWriter.columns`.
  private static func sums(_ found: QueryResult, _ row: Int) throws(PostgresError) -> CellSums {
    var sums = CellSums()
    sums.finished = Int64(try found.int4(row, 2))
    sums.onTime = Int64(try found.int4(row, 3))
    sums.late = Int64(try found.int4(row, 4))
    sums.premature = Int64(try found.int4(row, 5))
    sums.early = Int64(try found.int4(row, 6))
    sums.countedDays = try found.int8(row, 7)
    sums.working = try found.int8(row, 8)
    sums.elapsed = try found.int8(row, 9)
    sums.paused = try found.int8(row, 10)
    sums.overrun = try found.int8(row, 11)
    sums.countedBuckets = SketchCounts(try found.optionalInt8Array(row, 12))
    sums.workingBuckets = SketchCounts(try found.optionalInt8Array(row, 13))
    return sums
  }
}
