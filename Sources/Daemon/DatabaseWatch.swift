import Journal
import LibPQ
import ServiceTime

/// Says once that the database is away and why, once a minute that it still is, and once that it is back; waits between
/// attempts with back-off and jitter.
struct DatabaseWatch {
  private let clock: any WallClock
  private let log: any LogSink
  private var backoff = Backoff(first: 100, cap: 2_000)
  private var generator = SystemRandomNumberGenerator()
  private var lostAt: ContinuousClock.Instant?
  /// Whether it was said that the database is away.
  private var isAway = false
  /// When each thing was said that is to be said once a minute; few, for each is one of few sentences.
  private var said: [String: ContinuousClock.Instant] = [:]
  /// Told when the database is lost, once until it is back.
  private let onLost: @Sendable () -> Void

  init(clock: any WallClock, log: any LogSink, onLost: @escaping @Sendable () -> Void = {}) {
    self.clock = clock
    self.log = log
    self.onLost = onLost
  }

  /// A connection was made.
  mutating func found() {
    backoff.reset()
    guard lostAt != nil else { return }
    let wasAway = isAway
    lostAt = nil
    said = [:]
    isAway = false
    guard wasAway else { return }
    _ = log.write(
      LogRecord(
        time: clock.microseconds(), priority: .notice, event: .databaseBack, message: "The database is back."))
  }

  /// Something went wrong; says so if it was not said lately, and waits.
  mutating func lost(_ error: any Error, _ bell: Doorbell) async {
    let now = ContinuousClock.now
    if lostAt == nil { lostAt = now }
    // What the database refuses, and would refuse again, is no absence of it.
    let isRefused = (error as? PostgresError).map { !$0.isRetryable } ?? false
    let sentence = DatabaseTrouble.sentence(error)
    // A server that ended its sessions may then refuse new ones: another reason is told at once.
    if (!isRefused && !isAway) || said[sentence].map({ now - $0 >= .seconds(60) }) ?? true {
      said[sentence] = now
      if !isRefused {
        if !isAway { onLost() }
        isAway = true
      }
      var record = LogRecord(
        time: clock.microseconds(), priority: .error, event: isRefused ? nil : .databaseLost,
        message: sentence)
      record.set("error", .text("\(error)"))
      _ = log.write(record)
    }
    _ = await bell.wait(atMost: .milliseconds(backoff.next(using: &generator)))
  }
}
