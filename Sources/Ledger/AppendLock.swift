import LibPQ

/// Frees the append lock from a program that holds it without working.
///
/// A program stopped inside a COPY is waited for by the server without end: no time-out of PostgreSQL ends a session
/// that waits for its client in the middle of a statement. Whoever waits for the lock ends it instead.
public enum AppendLock {
  /// Sessions that hold the lock, wait for their client and began what they do `$1` seconds ago, with a mark that
  /// changes whenever they are given anything.
  ///
  /// Whoever waits for the row lock has locked the table as well, but waits for another session, not for its client.
  private static let suspects = """
    SELECT a.pid, concat_ws(' ', a.query_start, a.state_change, c.bytes_processed)
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    LEFT JOIN pg_catalog.pg_stat_progress_copy c ON c.pid = a.pid
    WHERE l.locktype = 'relation' AND l.relation = 'bizclock.ledger_head'::regclass
      AND l.mode = 'RowExclusiveLock' AND l.granted AND a.pid <> pg_catalog.pg_backend_pid()
      AND a.datname = current_database() AND a.wait_event = 'ClientRead'
      AND greatest(a.query_start, a.state_change) < clock_timestamp() - $1 * interval '1 second'
    """

  /// Ends sessions that hold the append lock and have said nothing for two seconds; says how many.
  ///
  /// A slow program that still sends is left alone: a suspect must not have moved within half a second more.
  public static func breakStale(_ session: inout Session) throws(PostgresError) -> Int {
    try breakStale(&session, silentFor: 2, patience: 0.5)
  }

  /// As above, with times in seconds.
  static func breakStale(_ session: inout Session, silentFor silence: Double, patience: Double)
    throws(PostgresError) -> Int
  {
    let first = try marks(silence, &session)
    guard !first.isEmpty else { return 0 }
    _ = try session.execute("SELECT pg_catalog.pg_sleep($1)", [.float8(patience)])
    let frozen = try marks(silence, &session).filter { first[$0.key] == $0.value }
    guard !frozen.isEmpty else { return 0 }
    let ended = try session.execute(
      "SELECT count(*) FROM unnest($1::int4[]) AS pid WHERE pg_catalog.pg_terminate_backend(pid)",
      [.int4Array(frozen.keys.sorted())])
    return Int(try ended.int8(0, 0))
  }

  private static func marks(_ silence: Double, _ session: inout Session) throws(PostgresError) -> [Int32: String] {
    let found = try session.execute(suspects, [.float8(silence)])
    var marks: [Int32: String] = [:]
    for row in 0..<found.rowCount { marks[try found.int4(row, 0)] = try found.text(row, 1) }
    return marks
  }
}
