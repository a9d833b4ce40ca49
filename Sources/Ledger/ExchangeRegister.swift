import LibPQ
import ServiceTime

/// What is known of the tables of exchange databases: how far each was read, and what each row said last.
public enum ExchangeRegister {
  /// How far a table has been read.
  public struct Position: Sendable, Equatable {
    /// Counts the pages taken in, whoever read them.
    public var revision: Int64
    /// The last time read, in microseconds on the wall of those who write it; nil before anything was.
    public var readThrough: Int64?
    /// When all rows were last compared.
    public var comparedAt: Instant
    /// The row up to which a comparison under way has come.
    public var comparedThrough: String?
  }

  /// What a row said last.
  struct Known: Sendable, Equatable {
    var version: Int64
    var content: Int64
    var caseID: Identifier?
  }

  /// How far a table has been read; one that never was is known from now on.
  public static func position(
    source: String, table: String, now: Instant, on session: inout Session
  ) throws(PostgresError) -> Position {
    if let position = try read(source, table, "", &session) { return position }
    try session.execute(
      """
      INSERT INTO bizclock.exchange_position (source, upstream_table, compared_at) VALUES ($1, $2, $3)
      ON CONFLICT DO NOTHING
      """, [.text(source), .text(table), .timestamptz(now.microseconds)])
    return try read(source, table, "", &session)
      ?? Position(revision: 0, readThrough: nil, comparedAt: now, comparedThrough: nil)
  }

  /// Locks a table's position to the end of the transaction: its rows have one reader at a time.
  ///
  /// Throws `overtaken` where another page was taken in since these rows were read: they may be older than what is known
  /// by now, and nothing else tells it of rows that are written without a new time.
  static func lock(_ page: ExchangePage, _ session: inout Session) throws(PostgresError) {
    guard try read(page.source, page.table, " FOR UPDATE", &session)?.revision == page.revision else {
      throw PostgresError(.overtaken, operation: "append", message: "another daemon reads \(page.table) too")
    }
  }

  /// Locks the positions of all tables of a source, if it has any.
  static func lock(source: String, _ session: inout Session) throws(PostgresError) {
    _ = try session.execute(
      "SELECT FROM bizclock.exchange_position WHERE source = $1 ORDER BY upstream_table FOR UPDATE",
      [.text(source)])
  }

  private static func read(
    _ source: String, _ table: String, _ locking: String, _ session: inout Session
  ) throws(PostgresError) -> Position? {
    let found = try session.execute(
      """
      SELECT revision, read_us, compared_at, compared_after FROM bizclock.exchange_position
      WHERE source = $1 AND upstream_table = $2\(locking)
      """, [.text(source), .text(table)])
    guard found.rowCount == 1 else { return nil }
    return Position(
      revision: try found.int8(0, 0), readThrough: try found.optionalInt8(0, 1),
      comparedAt: Instant(microseconds: try found.timestamptz(0, 2)),
      comparedThrough: try found.optionalText(0, 3))
  }

  /// What the rows of a page said last, by guid.
  static func known(_ page: ExchangePage, _ session: inout Session) throws(PostgresError) -> [Identifier: Known] {
    let found = try session.execute(
      """
      SELECT row_guid, version_us, content, event_case FROM bizclock.exchange_row
      WHERE source = $1 AND upstream_table = $2 AND row_guid = ANY ($3::text[])
      """, [.text(page.source), .text(page.table), .textArray(page.rows.map(\.guid))])
    var known: [Identifier: Known] = [:]
    for row in 0..<found.rowCount {
      known[Identifier(try found.text(row, 0))] = Known(
        version: try found.int8(row, 1), content: try found.int8(row, 2),
        caseID: try found.optionalText(row, 3).map { Identifier($0) })
    }
    return known
  }

  /// Notes what rows say now.
  static func note(
    _ rows: [ExchangePage.Row], of page: ExchangePage, _ session: inout Session
  ) throws(PostgresError) {
    guard !rows.isEmpty else { return }
    try session.execute(
      """
      INSERT INTO bizclock.exchange_row AS r
        (source, upstream_table, row_guid, version_us, content, event_case, planned_end)
      SELECT $1, $2, n.row_guid, n.version_us, n.content, n.event_case, n.planned_end
      FROM unnest($3::text[], $4::int8[], $5::int8[], $6::text[], $7::timestamptz[])
        AS n (row_guid, version_us, content, event_case, planned_end)
      ON CONFLICT (source, upstream_table, row_guid) DO UPDATE
        SET version_us = excluded.version_us, content = excluded.content,
          event_case = coalesce(excluded.event_case, r.event_case), planned_end = excluded.planned_end
      """,
      [
        .text(page.source), .text(page.table), .textArray(rows.map(\.guid)), .int8Array(rows.map(\.version)),
        .int8Array(rows.map(\.content)), .textArray(rows.map { $0.events.first?.caseID.text }),
        .timestamptzArray(rows.map { $0.plannedEnd?.microseconds }),
      ])
  }

  /// The guids of rows whose planned ends have come, at most so many, the earliest ends first.
  public static func ended(
    source: String, table: String, now: Instant, atMost limit: Int, on session: inout Session
  ) throws(PostgresError) -> [String] {
    let found = try session.execute(
      """
      SELECT row_guid FROM bizclock.exchange_row
      WHERE source = $1 AND upstream_table = $2 AND planned_end <= $3 ORDER BY planned_end, row_guid LIMIT $4
      """, [.text(source), .text(table), .timestamptz(now.microseconds), .int8(Int64(limit))])
    var guids: [String] = []
    for row in 0..<found.rowCount { guids.append(try found.text(row, 0)) }
    return guids
  }

  /// Notes of which cases rows have told that were read again from quarantine. What they said last stays noted: a feed
  /// that does not understand them yet would refuse them anew.
  static func noteCases(
    _ rows: [ExchangePage.Row], of page: ExchangePage, _ session: inout Session
  ) throws(PostgresError) {
    guard !rows.isEmpty else { return }
    try session.execute(
      """
      UPDATE bizclock.exchange_row AS r SET event_case = n.event_case, planned_end = coalesce(n.planned_end, r.planned_end)
      FROM unnest($3::text[], $4::text[], $5::timestamptz[]) AS n (row_guid, event_case, planned_end)
      WHERE r.source = $1 AND r.upstream_table = $2 AND r.row_guid = n.row_guid AND n.event_case IS NOT NULL
      """,
      [
        .text(page.source), .text(page.table), .textArray(rows.map(\.guid)),
        .textArray(rows.map { $0.events.first?.caseID.text }),
        .timestamptzArray(rows.map { $0.plannedEnd?.microseconds }),
      ])
  }

  /// Moves a table's position.
  static func move(
    _ page: ExchangePage, _ session: inout Session
  ) throws(PostgresError) {
    let place: [Parameter] = [.text(page.source), .text(page.table)]
    switch page.progress {
    case .read(let through):
      try session.execute(
        """
        UPDATE bizclock.exchange_position SET revision = revision + 1, read_us = greatest(read_us, $3)
        WHERE source = $1 AND upstream_table = $2
        """, place + [.int8(through)])
    case .compared(let through?):
      try session.execute(
        """
        UPDATE bizclock.exchange_position SET revision = revision + 1, compared_after = $3
        WHERE source = $1 AND upstream_table = $2
        """, place + [.text(through)])
    case .compared(nil):
      try session.execute(
        """
        UPDATE bizclock.exchange_position
        SET revision = revision + 1, compared_after = NULL, compared_at = $3
        WHERE source = $1 AND upstream_table = $2
        """, place + [.timestamptz(page.receivedAt.microseconds)])
    case .ended(let guids):
      try session.execute(
        """
        UPDATE bizclock.exchange_position SET revision = revision + 1 WHERE source = $1 AND upstream_table = $2
        """, place)
      // Those that are not there any more are not asked for again either.
      try session.execute(
        """
        UPDATE bizclock.exchange_row SET planned_end = NULL
        WHERE source = $1 AND upstream_table = $2 AND row_guid = ANY ($3::text[]) AND planned_end <= $4
        """, place + [.textArray(guids), .timestamptz(page.receivedAt.microseconds)])
    }
  }
}
