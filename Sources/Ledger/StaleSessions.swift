import LibPQ

/// Ends sessions that hold what others wait for, and wait in the middle of a statement for a client that says nothing.
///
/// No time-out of PostgreSQL ends such a session: its client may be stopped inside a COPY, or be cut off by something
/// that still answers for it.
enum StaleSessions {
  /// The sessions that hold one of some locks, wait for their client and began what they do a while ago, with a mark
  /// that changes whenever they are given anything. Of one that sends its client nothing can be seen to move: it has
  /// four times as long.
  private static func suspects(_ locks: String) -> String {
    """
    SELECT a.pid, concat_ws(' ', a.query_start, a.state_change, c.bytes_processed)
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    LEFT JOIN pg_catalog.pg_stat_progress_copy c ON c.pid = a.pid
    WHERE \(locks) AND l.granted AND a.pid <> pg_catalog.pg_backend_pid() AND a.datname = current_database()
      AND a.wait_event IN ('ClientRead', 'ClientWrite')
      AND greatest(a.query_start, a.state_change) < clock_timestamp()
        - CASE a.wait_event WHEN 'ClientRead' THEN $1 ELSE 4 * $1 END * interval '1 second'
    """
  }

  /// Ends them, unless they moved within the patience, in seconds; says how many.
  ///
  /// - Parameter locks: which locks, as a condition on `l` and `a`, rows of pg_locks and pg_stat_activity; a constant of the caller's.
  static func end(_ locks: String, _ session: inout Session, silentFor silence: Double, patience: Double)
    throws(PostgresError) -> Int
  {
    let first = try marks(locks, silence, &session)
    guard !first.isEmpty else { return 0 }
    _ = try session.execute("SELECT pg_catalog.pg_sleep($1)", [.float8(patience)])
    let frozen = try marks(locks, silence, &session).filter { first[$0.key] == $0.value }
    guard !frozen.isEmpty else { return 0 }
    let ended = try session.execute(
      "SELECT count(*) FROM unnest($1::int4[]) AS pid WHERE pg_catalog.pg_terminate_backend(pid)",
      [.int4Array(frozen.keys.sorted())])
    return Int(try ended.int8(0, 0))
  }

  private static func marks(_ locks: String, _ silence: Double, _ session: inout Session) throws(PostgresError)
    -> [Int32: String]
  {
    let found = try session.execute(suspects(locks), [.float8(silence)])
    var marks: [Int32: String] = [:]
    for row in 0..<found.rowCount { marks[try found.int4(row, 0)] = try found.text(row, 1) }
    return marks
  }
}
