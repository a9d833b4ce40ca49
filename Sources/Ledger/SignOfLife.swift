import LibPQ

/// Tells the server while a batch is folded that its client works: a session that says nothing for a few seconds is
/// ended as one of a frozen program.
struct SignOfLife {
  private static let cases = 100
  private static let pause = Duration.milliseconds(300)
  private var count = 0
  private var last = ContinuousClock.now

  /// One more case is folded, or event read or sorted to its case.
  mutating func folded(_ session: inout Session) throws(PostgresError) {
    count += 1
    guard count % SignOfLife.cases == 0, last.duration(to: .now) > SignOfLife.pause else { return }
    try session.execute("SELECT")
    last = .now
  }
}
