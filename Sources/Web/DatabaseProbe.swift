import Daemon
import Journal
import Ledger
import LibPQ
import ServiceTime

/// Asks the database for what monitoring wants to know: on one connection, seldom, and giving up soon, so that nobody
/// who asks often can hurt it.
actor DatabaseProbe {
  /// How long answers count as fresh.
  struct Freshness: Sendable {
    /// The pulse.
    var pulse = Duration.seconds(2)
    /// Counted rows, and an attempt to count them that failed.
    var holdings = Duration.seconds(30)
    /// An attempt that failed.
    var failure = Duration.seconds(1)
  }

  /// What is known.
  struct Known: Sendable {
    /// Whether the database answered when it was asked last.
    var isUp = false
    /// The last pulse there was.
    var pulse: ServiceFigures.Pulse?
    /// What was counted last.
    var holdings: ServiceFigures.Holdings?
    /// How often it was asked in vain.
    var failures = 0
    /// How often it was asked.
    var looks = 0
  }

  private let kept: KeptConnection
  private let clock: any WallClock
  private let log: any LogSink
  private let freshness: Freshness
  private var known = Known()
  private var pulseUntil: ContinuousClock.Instant?
  private var holdingsUntil: ContinuousClock.Instant?
  private var flight: Task<Void, Never>?
  private var said = ""

  init(_ database: DatabaseSource, clock: any WallClock, log: any LogSink, freshness: Freshness = Freshness()) {
    kept = KeptConnection(database)
    self.clock = clock
    self.log = log
    self.freshness = freshness
  }

  /// What is known, asked anew if it is no longer fresh; whoever comes while that is under way waits for it.
  func look(counting: Bool) async -> Known {
    while !isFresh(counting: counting) {
      if let flight {
        await flight.value
        continue
      }
      let task = Task { await ask(counting: counting) }
      flight = task
      await task.value
      break
    }
    return known
  }

  /// Gives the connection back.
  func close() async { await kept.close() }

  private func isFresh(counting: Bool) -> Bool {
    let now = ContinuousClock.now
    guard let pulseUntil, now < pulseUntil else { return false }
    guard counting, known.isUp else { return true }
    return holdingsUntil.map { now < $0 } ?? false
  }

  private func ask(counting: Bool) async {
    defer { flight = nil }
    known.looks += 1
    do {
      known.pulse = try await kept.read { try ServiceFigures.pulse(&$0) }
      known.isUp = known.pulse != nil
      if counting, holdingsUntil.map({ ContinuousClock.now >= $0 }) ?? true {
        await count()
      }
      pulseUntil = .now + freshness.pulse
    } catch {
      known.isUp = false
      failed(error)
      pulseUntil = .now + freshness.failure
      await close()
    }
  }

  /// Counts rows; where that takes too long the database serves all the same.
  private func count() async {
    let now = clock.now()
    do {
      known.holdings = try await kept.read { try ServiceFigures.holdings(&$0, now: now) }
    } catch {
      failed(error)
    }
    holdingsUntil = .now + freshness.holdings
  }

  /// Counts what was asked in vain. That the database is away is the leader's to tell; that it refuses is told here.
  private func failed(_ error: any Error) {
    known.failures += 1
    guard let error = error as? PostgresError, !error.isRetryable, said != "\(error)" else { return }
    said = "\(error)"
    var record = LogRecord(
      time: clock.now().microseconds, priority: .warning,
      message: "The database refuses to tell the figures for /metrics and /readyz; see the error.")
    record.set("error", .text(said))
    _ = log.write(record)
  }
}
