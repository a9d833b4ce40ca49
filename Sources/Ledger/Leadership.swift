import LibPQ
import ServiceTime

/// Who projects: one session holds an advisory lock, and every election raises the epoch, so that a leader that
/// slept through its replacement finds its row moved.
public enum Leadership {
  /// "bizclock" in ASCII; advisory locks are apart for each database.
  private static let lock: Int64 = 0x6269_7a63_6c6f_636b

  /// Takes the leadership for this session, to its end, if nobody else holds it; says whether this one does then.
  ///
  /// There is no term yet: whoever stands by asks often, and this asks for little.
  public static func seize(_ session: inout Session) throws(PostgresError) -> Bool {
    // Held by this session already, after it was deposed by a change of rules: the count must not grow.
    let mine = try session.execute(
      """
      SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted
        AND pid = pg_catalog.pg_backend_pid() AND objsubid = 1
        AND (classid::int8 << 32 | objid::int8) = $1)
        OR pg_catalog.pg_try_advisory_lock($1)
      """, [.int8(lock)])
    return try mine.bool(0, 0)
  }

  /// Wins a term if nobody else holds the leadership; nil if somebody does.
  public static func acquire(_ session: inout Session, holder: String, now: Instant) throws(PostgresError)
    -> LeaderTerm?
  {
    guard try seize(&session) else { return nil }
    let term = try session.execute(
      """
      UPDATE bizclock.projector SET epoch = epoch + 1, holder = $1, elected_at = $2
      RETURNING epoch, position, policy, calendar, settled_through, shares_through
      """, [.text(holder), .timestamptz(now.microseconds)])
    return LeaderTerm(
      epoch: try term.int8(0, 0), position: try term.int8(0, 1), policy: try term.int8(0, 2),
      calendar: try term.int8(0, 3), settledThrough: Instant(microseconds: try term.timestamptz(0, 4)),
      sharesThrough: Instant(microseconds: try term.timestamptz(0, 5)))
  }

  /// Gives the leadership up before the session ends.
  public static func release(_ session: inout Session) throws(PostgresError) {
    _ = try session.execute("SELECT pg_catalog.pg_advisory_unlock($1)", [.int8(lock)])
  }

  /// The leadership's lock, held by a session that is in the middle of a statement: one that waits between two has
  /// time-outs of its own.
  private static let held = """
    a.state = 'active' AND l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::int8 << 32 | l.objid::int8) = \(lock)
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    """

  /// Ends the session of a leader that stopped, or was cut off, in the middle of a statement; says whether one was.
  public static func breakStale(_ session: inout Session) throws(PostgresError) -> Bool {
    try breakStale(&session, silentFor: 2, patience: 0.5)
  }

  /// As above, with times in seconds.
  static func breakStale(_ session: inout Session, silentFor silence: Double, patience: Double)
    throws(PostgresError) -> Bool
  { try StaleSessions.end(held, &session, silentFor: silence, patience: patience) > 0 }

  /// Whether somebody leads, seen from any session.
  public static func isHeld(_ session: inout Session) throws(PostgresError) -> Bool {
    let held = try session.execute(
      """
      SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        AND (classid::int8 << 32 | objid::int8) = $1)
      """, [.int8(lock)])
    return try held.bool(0, 0)
  }
}
