import LibPQ

/// Tells the server while a batch is folded that its client works: a session that says nothing for a few seconds is
/// ended as one of a frozen program.
struct SignOfLife {
  /// From how many events on a case is long: to fold it takes so long that nothing can be said meanwhile.
  static let longCase = 500_000
  private static let events = 100
  private let pause: Duration
  private let longCase: Int
  private var count = 0
  private var last = ContinuousClock.now
  private var isLong = false

  /// One that says something `pause` after it last did.
  init(pause: Duration = .milliseconds(300), longCase: Int = SignOfLife.longCase) {
    self.pause = pause
    self.longCase = longCase
  }

  /// One more event is read or sorted to its case, or a case of so many events is folded, next. Before a long one the
  /// session is given more time, to the end of its transaction: enough for more events than memory holds.
  mutating func folded(_ session: inout Session, events: Int = 1) throws(PostgresError) {
    if count >= SignOfLife.events {
      count = 0
      if last.duration(to: .now) > pause {
        try session.execute("SELECT")
        last = .now
      }
    }
    count += events
    guard events >= longCase, !isLong, session.isInTransaction else { return }
    isLong = true
    try session.execute("SET LOCAL idle_in_transaction_session_timeout = '1min'")
  }
}
