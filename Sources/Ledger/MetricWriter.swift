import LibPQ
import ServiceTime

/// Adds changes to the metric cells; a cell that comes to nothing is taken away.
///
/// Cells are read, added to and written whole. That is safe because one writes at a time: the leader, or whoever has
/// moved the projector's row. So a new cell is one row of a COPY, and a changed one is updated in place.
enum MetricWriter {
  static func write(
    _ changes: [CellKey: CellSums], _ series: inout MetricSeries, _ session: inout Session
  ) throws(PostgresError) {
    guard !changes.isEmpty else { return }
    try series.learn(Set(changes.keys.map(\.series)), &session)
    var cells: [Place: CellSums] = [:]
    cells.reserveCapacity(changes.count)
    for (key, sums) in changes {
      guard let number = series[key.series] else { continue }
      cells[Place(day: key.day, series: number)] = sums
    }
    let places = cells.keys.sorted()
    let there = try MetricReader.sums(at: places, &session)
    var new: [Place] = []
    var changed: [Place] = []
    var emptied: [Place] = []
    for place in places {
      guard let before = there[place] else {
        new.append(place)
        continue
      }
      cells[place]?.add(before, times: 1)
      if cells[place]?.isZero ?? true { emptied.append(place) } else { changed.append(place) }
    }
    try copy(new, cells, "COPY bizclock.metric_cell (\(columns)) FROM STDIN (FORMAT binary)", &session)
    try update(changed, cells, &session)
    guard !emptied.isEmpty else { return }
    _ = try session.execute(
      """
      DELETE FROM bizclock.metric_cell t USING unnest($1::date[], $2::int4[]) AS k (day, series)
      WHERE t.day = k.day AND t.series = k.series
      """, [.dateArray(emptied.map(\.day.dayNumber)), .int4Array(emptied.map(\.series))])
  }

  /// Where a cell is: the key of its row.
  struct Place: Hashable, Comparable {
    var day: CivilDate
    var series: Int32

    static func < (a: Place, b: Place) -> Bool { (a.day, a.series) < (b.day, b.series) }
  }

  /// The columns of a cell's row.
  static let columns = """
    day, series, finished, on_time, late, premature, early, counted_days, working_us, elapsed_us, paused_us, \
    overrun_us, days_sketch, working_sketch
    """

  private static func update(
    _ places: [Place], _ cells: [Place: CellSums], _ session: inout Session
  ) throws(PostgresError) {
    guard !places.isEmpty else { return }
    try copy(places, cells, "COPY pg_temp.cell_stage (\(columns)) FROM STDIN (FORMAT binary)", &session)
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

  private static func copy(
    _ places: [Place], _ cells: [Place: CellSums], _ statement: String, _ session: inout Session
  ) throws(PostgresError) {
    guard !places.isEmpty else { return }
    try session.copyIn(statement) { writer throws(PostgresError) in
      for place in places {
        guard let sums = cells[place] else { continue }
        try writer.row(columns: 14)
        writer.date(place.day.dayNumber)
        writer.int4(place.series)
        // Of clocks as many as these cannot be.
        for count in [sums.finished, sums.onTime, sums.late, sums.premature, sums.early] {
          writer.int4(Int32(clamping: count))
        }
        for sum in [sums.countedDays, sums.working, sums.elapsed, sums.paused, sums.overrun] { writer.int8(sum) }
        writer.int8Array(sketch(sums.countedBuckets))
        writer.int8Array(sketch(sums.workingBuckets))
      }
    }
  }

  /// A sketch as its column holds it: bucket × 2³² + count, ascending; nil where it is empty.
  static func sketch(_ buckets: [Int32: Int64]) -> [Int64]? {
    // None is below nothing, unless somebody damaged the cell, which `verify` tells.
    let entries = buckets.filter { $0.value > 0 }.map { Int64($0.key) << 32 | min($0.value, 0xffff_ffff) }
    return entries.isEmpty ? nil : entries.sorted()
  }

  /// The sketch that a column holds.
  static func buckets(_ sketch: [Int64?]?) -> [Int32: Int64] {
    var buckets: [Int32: Int64] = [:]
    for case let entry? in sketch ?? [] { buckets[Int32(entry >> 32), default: 0] += entry & 0xffff_ffff }
    return buckets
  }
}
