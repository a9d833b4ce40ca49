import LibPQ

/// Frees the append lock from a program that holds it without working.
///
/// A program stopped inside a COPY is waited for by the server without end: no time-out of PostgreSQL ends a session
/// that waits for its client in the middle of a statement. Whoever waits for the lock ends it instead.
public enum AppendLock {
  /// Ends sessions that hold the append lock and have said nothing for two seconds; says how many.
  public static func breakStale(_ session: inout Session) throws(PostgresError) -> Int {
    let ended = try session.execute(
      """
      SELECT pg_catalog.pg_terminate_backend(a.pid)
      FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'relation' AND l.relation = 'bizclock.ledger_head'::regclass
        AND l.mode = 'RowExclusiveLock' AND l.granted AND a.pid <> pg_catalog.pg_backend_pid()
        AND a.datname = current_database() AND a.wait_event = 'ClientRead'
        AND greatest(a.query_start, a.state_change) < clock_timestamp() - interval '2 seconds'
      """)
    return ended.rowCount
  }
}
