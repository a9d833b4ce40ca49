import LibPQ
import ServiceTime

/// Reads metric cells with their sketches.
enum MetricReader {
  /// All series by their numbers.
  static func series(_ session: inout Session) throws(PostgresError) -> [Int32: SeriesKey] {
    let found = try session.execute(
      """
      SELECT series, basis, commitment, version_from, process, region, channel, entity_type, report_tag, outcome
      FROM bizclock.metric_series
      """)
    var series: [Int32: SeriesKey] = [:]
    series.reserveCapacity(found.rowCount)
    for row in 0..<found.rowCount {
      series[try found.int4(row, 0)] = SeriesKey(
        basis: SeriesKey.Basis(rawValue: try found.text(row, 1)) ?? .stop, commitment: try found.text(row, 2),
        versionFrom: CivilDate(dayNumber: try found.date(row, 3)),
        dimensions: Dimensions(
          process: Identifier(try found.text(row, 4)), region: Identifier(try found.text(row, 5)),
          channel: Identifier(try found.text(row, 6)), entityType: Identifier(try found.text(row, 7)),
          reportTag: Identifier(try found.text(row, 8))), outcome: try found.text(row, 9))
    }
    return series
  }

  /// All cells, or those of some days (days since 1970); of a series that is not known there are none.
  static func cells(on days: [Int32]? = nil, _ session: inout Session) throws(PostgresError) -> MetricDelta {
    let series = try series(&session)
    let found = try session.execute(
      "SELECT \(MetricWriter.columns) FROM bizclock.metric_cell WHERE $1 OR day = ANY($2::date[])",
      [.bool(days == nil), .dateArray(days ?? [])])
    var cells = MetricDelta()
    for row in 0..<found.rowCount {
      let place = try place(found, row)
      guard let key = series[place.series] else { continue }
      let there = CellPlace(day: place.day, series: cells.place(of: key))
      cells.add(try sums(found, row), at: there, times: 1)
    }
    return cells
  }

  /// The first cells after one, by their keys, and before a day; fewer than asked for at the end.
  static func cells(
    after: CellPlace?, before day: CivilDate?, limit: Int, _ session: inout Session
  ) throws(PostgresError) -> [(place: CellPlace, sums: CellSums)] {
    let found = try session.execute(
      """
      SELECT \(MetricWriter.columns) FROM bizclock.metric_cell
      WHERE ($1::date IS NULL OR (day, series) > ($1, $2)) AND ($3::date IS NULL OR day < $3)
      ORDER BY day, series LIMIT $4
      """,
      [
        .date(after?.day.dayNumber), .int4(after?.series), .date(day?.dayNumber), .int8(Int64(limit)),
      ])
    var cells: [(place: CellPlace, sums: CellSums)] = []
    cells.reserveCapacity(found.rowCount)
    for row in 0..<found.rowCount { cells.append((try place(found, row), try sums(found, row))) }
    return cells
  }

  /// The sums of cells at some places, as far as they are there.
  static func sums(
    at places: [CellPlace], _ session: inout Session
  ) throws(PostgresError) -> [CellPlace: CellSums] {
    let found = try session.execute(
      """
      SELECT \(MetricWriter.columns) FROM unnest($1::date[], $2::int4[]) AS k (day, series)
      JOIN bizclock.metric_cell USING (day, series)
      """, [.dateArray(places.map(\.day.dayNumber)), .int4Array(places.map(\.series))])
    var cells: [CellPlace: CellSums] = [:]
    for row in 0..<found.rowCount {
      cells[try place(found, row)] = try sums(found, row)
    }
    return cells
  }

  /// The place of a row whose first columns are `MetricWriter.columns`.
  private static func place(_ found: QueryResult, _ row: Int) throws(PostgresError) -> CellPlace {
    CellPlace(day: CivilDate(dayNumber: try found.date(row, 0)), series: try found.int4(row, 1))
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
