import LibPQ
import ServiceTime

/// Looks into the quarantine.
public enum Quarantine {
  /// Which entries are meant; all that is given must hold.
  public struct Selection: Sendable, Equatable {
    /// Their numbers; empty means any.
    public var ids: [Int64]
    /// Their feed; nil means any.
    public var feed: String?
    /// Their reject code; nil means any.
    public var code: String?
    /// Whether those that were dealt with are meant too.
    public var dealtWithToo: Bool

    /// Open entries, unless `dealtWithToo`.
    public init(ids: [Int64] = [], feed: String? = nil, code: String? = nil, dealtWithToo: Bool = false) {
      self.ids = ids
      self.feed = feed
      self.code = code
      self.dealtWithToo = dealtWithToo
    }

    /// The condition on `bizclock.quarantine`, with `$1 … $4`.
    static let condition = """
      ($1 OR resolved_at IS NULL) AND (cardinality($2::int8[]) = 0 OR id = ANY ($2)) \
      AND ($3::text IS NULL OR feed = $3) AND ($4::text IS NULL OR code = $4)
      """

    var parameters: [Parameter] { [.bool(dealtWithToo), .int8Array(ids), .text(feed), .text(code)] }
  }

  /// How an entry was dealt with.
  public struct Settlement: Sendable, Equatable {
    /// `retried` or `discarded`.
    public var resolution: String
    /// When.
    public var at: Instant
    /// Who did it.
    public var by: String?
    /// Why it was discarded.
    public var reason: String?
  }

  /// An entry as it is kept.
  public struct Item: Sendable, Equatable {
    /// Its number.
    public var id: Int64
    /// The feed that brought it.
    public var feed: String
    /// When it was received.
    public var receivedAt: Instant
    /// What came, where it stood and what is wrong with it; in a list without its bytes.
    public var entry: QuarantineEntry
    /// How it was dealt with; nil while it is open.
    public var settlement: Settlement?
  }

  /// Entries of one feed with one fault.
  public struct Count: Sendable, Equatable {
    /// The feed.
    public var feed: String
    /// The reject code.
    public var code: String
    /// How many.
    public var entries: Int64
    /// When the oldest was received.
    public var oldest: Instant

    /// A count.
    public init(feed: String, code: String, entries: Int64, oldest: Instant) {
      self.feed = feed
      self.code = code
      self.entries = entries
      self.oldest = oldest
    }
  }

  static let columns = """
    id, feed, received_at, line, byte_offset, total_bytes, origin, code, field, message, resolved_at, resolution, \
    resolved_by, reason
    """

  /// How many entries are selected, by feed and code, most first.
  public static func counts(_ selection: Selection, _ session: inout Session) throws(PostgresError) -> [Count] {
    let found = try session.execute(
      """
      SELECT feed, code, count(*), min(received_at) FROM bizclock.quarantine
      WHERE \(Selection.condition)
      GROUP BY feed, code ORDER BY count(*) DESC, feed, code
      """, selection.parameters)
    var counts: [Count] = []
    for row in 0..<found.rowCount {
      counts.append(
        Count(
          feed: try found.text(row, 0), code: try found.text(row, 1), entries: try found.int8(row, 2),
          oldest: Instant(microseconds: try found.timestamptz(row, 3))))
    }
    return counts
  }

  /// The newest of the selected entries, at most `limit`, newest first, without their bytes.
  public static func list(_ selection: Selection, limit: Int, _ session: inout Session) throws(PostgresError)
    -> [Item]
  {
    let found = try session.execute(
      """
      SELECT \(columns) FROM bizclock.quarantine WHERE \(Selection.condition)
      ORDER BY id DESC LIMIT $5
      """, selection.parameters + [.int8(Int64(limit))])
    var items: [Item] = []
    for row in 0..<found.rowCount { items.append(try item(found, row)) }
    return items
  }

  /// One entry, whole; nil if there is none of that number.
  public static func read(_ id: Int64, _ session: inout Session) throws(PostgresError) -> Item? {
    let found = try session.execute(
      "SELECT \(columns), bytes, header FROM bizclock.quarantine WHERE id = $1", [.int8(id)])
    guard found.rowCount > 0 else { return nil }
    return try whole(found, 0)
  }

  /// Those of some numbers that no entry has.
  public static func unknown(_ ids: [Int64], _ session: inout Session) throws(PostgresError) -> [Int64] {
    let found = try session.execute(
      """
      SELECT DISTINCT k.id FROM unnest($1::int8[]) AS k (id)
      WHERE NOT EXISTS (SELECT FROM bizclock.quarantine q WHERE q.id = k.id) ORDER BY 1
      """, [.int8Array(ids)])
    var unknown: [Int64] = []
    for row in 0..<found.rowCount { unknown.append(try found.int8(row, 0)) }
    return unknown
  }

  /// What the ledger holds under the id of an event; nil if it has none.
  public static func stored(under event: Event, _ session: inout Session) throws(PostgresError) -> StoredEvent? {
    let found = try session.execute(
      """
      SELECT \(EventRows.columns) FROM bizclock.event WHERE case_id = $1 AND source = $2 AND event_id = $3
      """, [.text(event.caseID.text), .text(event.source.text), .text(event.eventID.text)])
    return found.rowCount > 0 ? try EventRows.read(found, 0) : nil
  }

  /// A row of `columns`.
  static func item(_ found: QueryResult, _ row: Int) throws(PostgresError) -> Item {
    var settlement: Settlement?
    if let at = try found.optionalTimestamptz(row, 10) {
      settlement = Settlement(
        resolution: try found.optionalText(row, 11) ?? "discarded", at: Instant(microseconds: at),
        by: try found.optionalText(row, 12), reason: try found.optionalText(row, 13))
    }
    return Item(
      id: try found.int8(row, 0), feed: try found.text(row, 1),
      receivedAt: Instant(microseconds: try found.timestamptz(row, 2)),
      entry: QuarantineEntry(
        origin: try found.text(row, 6), line: try found.int8(row, 3), byteOffset: try found.int8(row, 4),
        totalBytes: try found.int8(row, 5), code: try found.text(row, 7), field: try found.optionalText(row, 8),
        message: try found.text(row, 9), bytes: []),
      settlement: settlement)
  }

  /// A row of `columns`, then bytes and header.
  static func whole(_ found: QueryResult, _ row: Int) throws(PostgresError) -> Item {
    var item = try item(found, row)
    item.entry.bytes = try found.bytea(row, 14)
    item.entry.header = found.isNull(row, 15) ? nil : try found.bytea(row, 15)
    return item
  }
}
