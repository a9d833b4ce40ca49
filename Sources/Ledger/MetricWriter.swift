import LibPQ
import ServiceTime

/// Adds changes to the metric cells; a cell that comes to nothing is taken away.
///
/// Cells are read, added to and written whole. That is safe because one writes at a time: the leader, or whoever has
/// moved the projector's row. So a new cell is one row of a COPY, and a changed one is updated in place.
enum MetricWriter {
  static func write(
    _ delta: MetricDelta, _ series: inout MetricSeries, _ session: inout Session
  ) throws(PostgresError) {
    let changes = delta.changed
    guard !changes.isEmpty else { return }
    let keys = delta.series
    try series.learn(Set(changes.keys.lazy.map(\.series)).lazy.map { keys[Int($0)] }, &session)
    let numbers = keys.map { series[$0] }
    // Only places are sorted: sums are large.
    var places: [(place: CellPlace, change: CellPlace)] = []
    places.reserveCapacity(changes.count)
    for place in changes.keys {
      guard let number = numbers[Int(place.series)] else { continue }
      places.append((CellPlace(day: place.day, series: number), place))
    }
    places.sort { $0.place < $1.place }
    let there = try MetricReader.sums(at: places.map(\.place), &session)
    var new: [Cell] = []
    var changed: [Cell] = []
    var emptied: [CellPlace] = []
    for (place, change) in places {
      guard var sums = changes[change] else { continue }
      guard let before = there[place] else {
        new.append(Cell(place: place, sums: sums))
        continue
      }
      sums.add(before, times: 1)
      if sums.isZero { emptied.append(place) } else { changed.append(Cell(place: place, sums: sums)) }
    }
    try copy(new, "COPY bizclock.metric_cell (\(columns)) FROM STDIN (FORMAT binary)", &session)
    try update(changed, &session)
    guard !emptied.isEmpty else { return }
    _ = try session.execute(
      """
      DELETE FROM bizclock.metric_cell t USING unnest($1::date[], $2::int4[]) AS k (day, series)
      WHERE t.day = k.day AND t.series = k.series
      """, [.dateArray(emptied.map(\.day.dayNumber)), .int4Array(emptied.map(\.series))])
  }

  private struct Cell {
    var place: CellPlace
    var sums: CellSums
  }

  /// The columns of a cell's row.
  static let columns = """
    day, series, finished, on_time, late, premature, early, counted_days, working_us, elapsed_us, paused_us, \
    overrun_us, days_sketch, working_sketch
    """

  private static func update(_ cells: [Cell], _ session: inout Session) throws(PostgresError) {
    guard !cells.isEmpty else { return }
    try copy(cells, "COPY pg_temp.cell_stage (\(columns)) FROM STDIN (FORMAT binary)", &session)
    _ = try session.execute(
      """
      UPDATE bizclock.metric_cell t SET
        finished = s.finished, on_time = s.on_time, late = s.late, premature = s.premature, early = s.early,
        counted_days = s.counted_days, working_us = s.working_us, elapsed_us = s.elapsed_us,
        paused_us = s.paused_us, overrun_us = s.overrun_us, days_sketch = s.days_sketch,
        working_sketch = s.working_sketch
      FROM pg_temp.cell_stage s WHERE t.day = s.day AND t.series = s.series
      """)
  }

  private static func copy(_ cells: [Cell], _ statement: String, _ session: inout Session) throws(PostgresError) {
    guard !cells.isEmpty else { return }
    try session.copyIn(statement) { writer throws(PostgresError) in
      for cell in cells {
        let sums = cell.sums
        try writer.row(columns: 14)
        writer.date(cell.place.day.dayNumber)
        writer.int4(cell.place.series)
        // Of clocks as many as these cannot be.
        writer.int4(Int32(clamping: sums.finished))
        writer.int4(Int32(clamping: sums.onTime))
        writer.int4(Int32(clamping: sums.late))
        writer.int4(Int32(clamping: sums.premature))
        writer.int4(Int32(clamping: sums.early))
        writer.int8(sums.countedDays)
        writer.int8(sums.working)
        writer.int8(sums.elapsed)
        writer.int8(sums.paused)
        writer.int8(sums.overrun)
        writer.int8Array(sums.countedBuckets.column)
        writer.int8Array(sums.workingBuckets.column)
      }
    }
  }
}
