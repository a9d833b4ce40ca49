import LibPQ
import ServiceTime

/// Rows of `bizclock.share_cell`.
enum ShareCells {
  private static let upsert = """
    INSERT INTO bizclock.share_cell AS t (commitment, day, population, counted, first_received_at, first_loaded_at)
    SELECT * FROM unnest($1::text[], $2::date[], $3::int8[], $4::int8[], $5::timestamptz[], $6::timestamptz[])
    ON CONFLICT (commitment, day) DO UPDATE SET
      population = t.population + excluded.population, counted = t.counted + excluded.counted,
      first_received_at = least(t.first_received_at, excluded.first_received_at),
      first_loaded_at = least(t.first_loaded_at, excluded.first_loaded_at)
    """

  /// Adds changes to the cells; what comes to nothing is taken away.
  static func write(_ cells: [ShareCellKey: ShareCell], _ session: inout Session) throws(PostgresError) {
    guard !cells.isEmpty else { return }
    // A fixed order, so that the rows of the table do not depend on hashing.
    let ordered = cells.sorted { $0.key < $1.key }
    let (keys, sums) = (ordered.map(\.key), ordered.map(\.value))
    _ = try session.execute(
      upsert,
      [
        .textArray(keys.map(\.commitment)), .dateArray(keys.map(\.day.dayNumber)),
        .int8Array(sums.map(\.tally.population)), .int8Array(sums.map(\.tally.counted)),
        .timestamptzArray(sums.map { $0.arrival.received?.microseconds }),
        .timestamptzArray(sums.map { $0.arrival.loaded?.microseconds }),
      ])
    let shrunk = ordered.filter { $0.value.tally.population < 0 }.map(\.key)
    guard !shrunk.isEmpty else { return }
    _ = try session.execute(
      """
      DELETE FROM bizclock.share_cell t USING unnest($1::text[], $2::date[]) AS k (commitment, day)
      WHERE t.commitment = k.commitment AND t.day = k.day AND t.population = 0 AND t.counted = 0
      """, [.textArray(shrunk.map(\.commitment)), .dateArray(shrunk.map(\.day.dayNumber))])
  }

  /// What cells come to once changes are added to them, as `write` does it in the database.
  static func add(_ changes: [ShareCellKey: ShareCell], to cells: inout [ShareCellKey: ShareCell]) {
    for (key, change) in changes {
      var cell = cells[key] ?? ShareCell()
      cell.tally += change.tally
      cell.arrival.take(change.arrival)
      cells[key] = cell.tally == ShareTally() ? nil : cell
    }
  }

  private static let columns =
    "t.commitment, t.day, t.population, t.counted, t.first_received_at, t.first_loaded_at"

  /// All cells.
  static func all(_ session: inout Session) throws(PostgresError) -> [ShareCellKey: ShareCell] {
    try read(try session.execute("SELECT \(columns) FROM bizclock.share_cell t"))
  }

  /// The cells of some spans of days, which must not overlap.
  static func within(
    _ spans: [(commitment: String, from: CivilDate, through: CivilDate)], _ session: inout Session
  ) throws(PostgresError) -> [ShareCellKey: ShareCell] {
    guard !spans.isEmpty else { return [:] }
    return try read(
      try session.execute(
        """
        SELECT \(columns) FROM unnest($1::text[], $2::date[], $3::date[]) AS k (commitment, first, last)
        JOIN bizclock.share_cell t ON t.commitment = k.commitment AND t.day BETWEEN k.first AND k.last
        """,
        [
          .textArray(spans.map(\.commitment)), .dateArray(spans.map(\.from.dayNumber)),
          .dateArray(spans.map(\.through.dayNumber)),
        ]))
  }

  /// Whether there are cells within some spans of days.
  static func exist(
    within spans: [(commitment: String, from: CivilDate, through: CivilDate)], _ session: inout Session
  ) throws(PostgresError) -> Bool {
    try session.execute(
      """
      SELECT EXISTS (SELECT FROM unnest($1::text[], $2::date[], $3::date[]) AS k (commitment, first, last)
        JOIN bizclock.share_cell t ON t.commitment = k.commitment AND t.day BETWEEN k.first AND k.last)
      """,
      [
        .textArray(spans.map(\.commitment)), .dateArray(spans.map(\.from.dayNumber)),
        .dateArray(spans.map(\.through.dayNumber)),
      ]
    ).bool(0, 0)
  }

  private static func read(_ found: QueryResult) throws(PostgresError) -> [ShareCellKey: ShareCell] {
    var cells: [ShareCellKey: ShareCell] = [:]
    for row in 0..<found.rowCount {
      let key = ShareCellKey(
        commitment: try found.text(row, 0), day: CivilDate(dayNumber: try found.date(row, 1)))
      cells[key] = ShareCell(
        tally: ShareTally(population: try found.int8(row, 2), counted: try found.int8(row, 3)),
        arrival: ShareArrival(
          received: try found.optionalTimestamptz(row, 4).map { Instant(microseconds: $0) },
          loaded: try found.optionalTimestamptz(row, 5).map { Instant(microseconds: $0) }))
    }
    return cells
  }
}
