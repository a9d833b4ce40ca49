import LibPQ
import ServiceTime

/// What is known of the feeds' silence: since when each has brought nothing, and whether that was said.
public enum FeedRegister {
  /// Of a row: that a daemon serves the feed, for all that is known, or that it is only loaded by hand. Watches look every
  /// ten minutes, and time is told by the latest of their looks: while nobody serves anything, nothing grows old.
  static let isServed = """
    coalesce(served_at >= (SELECT max(served_at) FROM bizclock.feed) - interval '30 minutes', true)
    """

  /// Of a row: that it is a feed, and not one that was in a configuration for a while, misspelt perhaps, and never brought
  /// anything.
  static let isKnown = "(received > 0 OR duplicates > 0 OR quarantined > 0 OR \(isServed))"

  /// A feed as it stands.
  public struct Entry: Sendable, Equatable {
    /// When it last brought something.
    public var lastReceivedAt: Instant?
    /// When a daemon first had it.
    public var watchedSince: Instant
    /// Whether it counts as silent.
    public var isStalled: Bool
    /// Since when it has brought nothing.
    public var quietSince: Instant { lastReceivedAt ?? watchedSince }
  }

  /// Has a feed known that a daemon serves, with the source that its configuration names; whether its silence is watched
  /// is not decided here. Writes nothing where all of it has been known for a while.
  public static func register(
    _ name: String, source: String, now: Instant, on session: inout Session
  ) throws(PostgresError) {
    try session.execute(
      """
      INSERT INTO bizclock.feed AS f (name, source, served_at) VALUES ($1, $2, $3)
      ON CONFLICT (name) DO UPDATE SET source = excluded.source, served_at = excluded.served_at
        WHERE f.source <> excluded.source OR f.served_at IS NULL
          OR f.served_at < excluded.served_at - interval '5 minutes'
      """, [.text(name), .text(source), .timestamptz(now.microseconds)])
  }

  /// Looks at a feed; one that was never seen is known from now on.
  public static func look(
    at name: String, source: String, now: Instant, on session: inout Session
  ) throws(PostgresError) -> Entry {
    // Nothing is written where everything is known: feeds are looked at again and again.
    let look = "SELECT last_received_at, watched_since, stalled FROM bizclock.feed WHERE name = $1"
    var found = try session.execute(look, [.text(name)])
    let isWatched = found.rowCount == 1 ? try found.optionalTimestamptz(0, 1) != nil : false
    if !isWatched {
      try session.execute(
        """
        INSERT INTO bizclock.feed AS f (name, source, watched_since) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET source = excluded.source,
          watched_since = coalesce(f.watched_since, excluded.watched_since)
        """, [.text(name), .text(source), .timestamptz(now.microseconds)])
      found = try session.execute(look, [.text(name)])
    }
    return Entry(
      lastReceivedAt: try found.optionalTimestamptz(0, 0).map { Instant(microseconds: $0) },
      watchedSince: try found.optionalTimestamptz(0, 1).map { Instant(microseconds: $0) } ?? now,
      isStalled: try found.bool(0, 2))
  }

  /// Whether a feed counts as silent; false for one that was never seen.
  public static func isStalled(_ name: String, on session: inout Session) throws(PostgresError) -> Bool {
    try session.execute("SELECT EXISTS (SELECT FROM bizclock.feed WHERE name = $1 AND stalled)", [.text(name)])
      .bool(0, 0)
  }

  /// Marks a feed as silent that has brought nothing since it was looked at; true for the one of many daemons that is
  /// to say so.
  public static func stall(_ name: String, as entry: Entry, on session: inout Session) throws(PostgresError) -> Bool
  {
    let marked = try session.execute(
      """
      UPDATE bizclock.feed SET stalled = true
      WHERE name = $1 AND NOT stalled AND last_received_at IS NOT DISTINCT FROM $2
      """, [.text(name), .timestamptz(entry.lastReceivedAt?.microseconds)])
    return marked.affectedRows == 1
  }

  /// Marks a feed as silent that cannot be read, whatever it brought; true for the one of many daemons that did.
  public static func stall(_ name: String, on session: inout Session) throws(PostgresError) -> Bool {
    try session.execute("UPDATE bizclock.feed SET stalled = true WHERE name = $1 AND NOT stalled", [.text(name)])
      .affectedRows == 1
  }

  /// Takes the marks off feeds that nobody watches any more, and names them: `own`, whose mark the caller set, and where
  /// no other daemon listens every one beside those that the caller has. What other daemons have is not known here.
  public static func clearUnwatched(
    keeping names: [String], own: String?, on session: inout Session
  ) throws(PostgresError) -> [String] {
    let cleared = try session.execute(
      """
      UPDATE bizclock.feed SET stalled = false
      WHERE stalled AND name <> ALL ($1::text[])
        AND (name IS NOT DISTINCT FROM $2
          OR \(ServiceStatus.daemons) <= 1)
      RETURNING name
      """, [.textArray(names), .text(own)])
    var found: [String] = []
    for row in 0..<cleared.rowCount { found.append(try cleared.text(row, 0)) }
    return found.sorted()
  }

  /// Takes the mark off a feed that counts as silent no longer though it has brought nothing; true for the one that is
  /// to say so.
  public static func clear(_ name: String, on session: inout Session) throws(PostgresError) -> Bool {
    try session.execute("UPDATE bizclock.feed SET stalled = false WHERE name = $1 AND stalled", [.text(name)])
      .affectedRows == 1
  }
}
