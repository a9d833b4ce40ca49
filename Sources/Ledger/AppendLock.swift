import LibPQ

/// Frees the append lock from a program that holds it without working.
///
/// A program stopped inside a COPY is waited for by the server without end: no time-out of PostgreSQL ends a session
/// that waits for its client in the middle of a statement. Whoever waits for the lock ends it instead.
public enum AppendLock {
  /// Whoever waits for the row lock has locked the table as well, but waits for another session, not for its client.
  private static let holders = """
    l.locktype = 'relation' AND l.relation = 'bizclock.ledger_head'::regclass AND l.mode = 'RowExclusiveLock'
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
  { try StaleSessions.end(holders, &session, silentFor: silence, patience: patience) }
}
