import LibPQ

/// Tells the server while a batch is folded that its client works: a session that says nothing for a few seconds is
/// ended as one of a frozen program.
struct SignOfLife {
  private static let cases = 100
  private static let events = 5_000
  private var count = 0

  /// One more case is folded.
  mutating func folded(_ session: inout Session) throws(PostgresError) {
    try took(SignOfLife.cases, &session)
  }

  /// One more event is sorted to its case.
  mutating func sorted(_ session: inout Session) throws(PostgresError) {
    try took(SignOfLife.events, &session)
  }

  private mutating func took(_ many: Int, _ session: inout Session) throws(PostgresError) {
    count += 1
    if count % many == 0 { try session.execute("SELECT") }
  }
}
