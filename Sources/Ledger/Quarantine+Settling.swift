import LibPQ
import ServiceTime

extension Quarantine {
  /// Open entries that stand to be read again: up to the newest of now, so that what comes meanwhile is not chased.
  public struct Backlog: Sendable {
    /// Feeds with open entries, and how many.
    public var feeds: [(name: String, entries: Int64)]
    /// The newest entry's number.
    public var through: Int64
  }

  /// What of a selection is open.
  public static func backlog(_ selection: Selection, _ session: inout Session) throws(PostgresError) -> Backlog {
    var open = selection
    open.dealtWithToo = false
    let found = try session.execute(
      """
      SELECT feed, count(*), max(id) FROM bizclock.quarantine WHERE \(Selection.condition)
      GROUP BY feed ORDER BY feed
      """, open.parameters)
    var backlog = Backlog(feeds: [], through: 0)
    for row in 0..<found.rowCount {
      backlog.feeds.append((try found.text(row, 0), try found.int8(row, 1)))
      backlog.through = max(backlog.through, try found.int8(row, 2))
    }
    return backlog
  }

  /// Numbers of the next open entries of a selection past a number: a few hundred, of a few megabytes together, and at
  /// least one if there is one.
  static func page(
    _ selection: Selection, after: Int64, through: Int64, _ session: inout Session
  ) throws(PostgresError) -> [Int64] {
    // Lengths are known without reading what is stored out of line.
    let found = try session.execute(
      """
      SELECT id FROM (
        SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM (
          SELECT id, octet_length(bytes) + coalesce(octet_length(header), 0) AS size
          FROM bizclock.quarantine WHERE \(Selection.condition) AND id > $5 AND id <= $6
          ORDER BY id LIMIT $7) AS next) AS sized
      WHERE before < $8 ORDER BY id
      """,
      selection.parameters + [.int8(after), .int8(through), .int8(pageEntries), .int8(pageBytes)])
    var ids: [Int64] = []
    for row in 0..<found.rowCount { ids.append(try found.int8(row, 0)) }
    return ids
  }

  /// Those of some entries that are still open, whole, and locked to the end of the caller's transaction.
  static func lock(_ ids: [Int64], _ session: inout Session) throws(PostgresError) -> [Item] {
    let found = try session.execute(
      """
      SELECT \(columns), bytes, header FROM bizclock.quarantine
      WHERE id = ANY ($1::int8[]) AND resolved_at IS NULL ORDER BY id FOR UPDATE
      """, [.int8Array(ids)])
    var items: [Item] = []
    for row in 0..<found.rowCount { items.append(try whole(found, row)) }
    return items
  }

  /// Most entries of a page.
  static let pageEntries: Int64 = 500
  /// Bytes after which a page ends; the entry that reaches them may be as long as a line may be.
  static let pageBytes: Int64 = 4 << 20

  /// Marks entries as taken in.
  static func settle(
    retried ids: [Int64], by: String, at now: Instant, _ session: inout Session
  ) throws(PostgresError) {
    guard !ids.isEmpty else { return }
    _ = try session.execute(
      """
      UPDATE bizclock.quarantine SET resolved_at = $1, resolution = 'retried', resolved_by = $2
      WHERE id = ANY ($3::int8[]) AND resolved_at IS NULL
      """, [.timestamptz(now.microseconds), .text(by), .int8Array(ids)])
  }

  /// Closes open entries that came from some places of a source, whatever its feed was called then: what stands there
  /// has been read again, by the feed.
  static func close(
    _ origins: [String], of feed: String, source: String, reason: String, at now: Instant, _ session: inout Session
  ) throws(PostgresError) {
    guard !origins.isEmpty else { return }
    _ = try session.execute(
      """
      UPDATE bizclock.quarantine SET resolved_at = $1, resolution = 'discarded', resolved_by = $2, reason = $3
      WHERE feed IN (SELECT name FROM bizclock.feed WHERE source = $4 UNION SELECT $5)
        AND origin = ANY ($6::text[]) AND resolved_at IS NULL
      """,
      [
        .timestamptz(now.microseconds), .text("feed " + feed), .text(reason), .text(source), .text(feed),
        .textArray(origins.map(Appender.storable)),
      ])
  }

  /// Notes why entries are refused now.
  static func note(_ refusals: [(id: Int64, refusal: Retry.Refusal)], _ session: inout Session)
    throws(PostgresError)
  {
    guard !refusals.isEmpty else { return }
    _ = try session.execute(
      """
      UPDATE bizclock.quarantine q SET code = k.code, field = k.field, message = k.message
      FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[]) AS k (id, code, field, message)
      WHERE q.id = k.id AND q.resolved_at IS NULL
        AND (q.code, q.field, q.message) IS DISTINCT FROM (k.code, k.field, k.message)
      """,
      [
        .int8Array(refusals.map(\.id)), .textArray(refusals.map(\.refusal.code)),
        .textArray(refusals.map { $0.refusal.field.map(Appender.storable) }),
        .textArray(refusals.map { Appender.storable($0.refusal.message) }),
      ])
  }

  /// Marks the open entries of a selection as discarded, with the reason, and says how many; nothing is deleted.
  public static func discard(
    _ selection: Selection, reason: String, by: String, now: Instant, on session: inout Session
  ) throws(PostgresError) -> Int {
    var open = selection
    open.dealtWithToo = false
    return try session.execute(
      """
      UPDATE bizclock.quarantine q
      SET resolved_at = $5, resolution = 'discarded', resolved_by = $6, reason = $7
      WHERE q.resolved_at IS NULL AND q.id = ANY (ARRAY(
        SELECT id FROM bizclock.quarantine WHERE \(Selection.condition) ORDER BY id FOR UPDATE))
      """, open.parameters + [.timestamptz(now.microseconds), .text(by), .text(reason)]
    ).affectedRows
  }
}
