import LibPQ

/// What sessions of bizclock wait for at the server: locks that others hold, and synchronous standbys.
public enum Waits {
  /// One thing that is waited for.
  public struct Wait: Sendable, Equatable {
    /// Who waits, e.g. `bizclock append`.
    public var waiter: String
    /// What holds it up.
    public var cause: Cause
    /// How long that has lasted, in seconds, as far as the server tells.
    public var seconds: Double

    /// A wait; arguments as the properties.
    public init(waiter: String, cause: Cause, seconds: Double) {
      self.waiter = waiter
      self.cause = cause
      self.seconds = seconds
    }
  }

  /// What holds a session up.
  public enum Cause: Sendable, Hashable {
    /// Another session's transaction, with the table that is locked if it is one, and whose session it is.
    case session(pid: Int32, transaction: String, table: String?, owner: String)
    /// Commits wait for a standby to confirm them.
    case standby
  }

  /// What is waited for now.
  public static func look(_ session: inout Session) throws(PostgresError) -> [Wait] {
    let found = try session.execute(
      """
      WITH waiting AS MATERIALIZED (
        SELECT pid, application_name, wait_event_type = 'Lock' AS for_lock,
          extract(epoch FROM clock_timestamp() - query_start)::float8 AS seconds
        FROM pg_catalog.pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'bizclock %'
          AND (wait_event_type = 'Lock' OR wait_event = 'SyncRep')
      )
      SELECT w.application_name, w.for_lock, w.seconds, b.pid, coalesce(b.xact_start::text, ''),
        (SELECT min(l.relation::regclass::text) FROM pg_catalog.pg_locks l
          WHERE l.pid = w.pid AND NOT l.granted AND l.locktype = 'relation'),
        concat_ws(', ', nullif(b.application_name, ''), 'role ' || b.usename, b.state),
        coalesce(extract(epoch FROM clock_timestamp() - b.xact_start), w.seconds)::float8
      FROM waiting w
      LEFT JOIN LATERAL unnest(CASE WHEN w.for_lock THEN pg_catalog.pg_blocking_pids(w.pid) END) AS p (pid) ON true
      LEFT JOIN pg_catalog.pg_stat_activity b ON b.pid = p.pid
      WHERE NOT w.for_lock OR b.pid IS NOT NULL
      ORDER BY w.pid, b.pid
      """)
    var waits: [Wait] = []
    for row in 0..<found.rowCount {
      let waiter = try found.text(row, 0)
      if try found.bool(row, 1) {
        waits.append(
          Wait(
            waiter: waiter,
            cause: .session(
              pid: try found.int4(row, 3), transaction: try found.text(row, 4),
              table: try found.optionalText(row, 5),
              owner: try found.text(row, 6)), seconds: try found.float8(row, 7)))
      } else {
        waits.append(Wait(waiter: waiter, cause: .standby, seconds: try found.float8(row, 2)))
      }
    }
    return waits
  }
}
