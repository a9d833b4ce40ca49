import Feeds
import Journal
import Ledger
import LibPQ
import ServiceLifecycle
import ServiceTime

/// Takes in what an exchange database holds, for as long as it is to: reads it at intervals, and waits for it where it is
/// away or slow, which is told once.
struct ExchangeService: Sendable {
  let feed: FeedDescription
  let upstream: ExchangeUpstream
  let database: DatabaseSource
  let clock: any WallClock
  let log: any LogSink
  /// Silenced when it is to end after the page in hand.
  let leave: Doorbell
  let state: DaemonState
  let heart: Heartbeat
  let metrics: DaemonMetrics

  /// Runs until graceful shutdown, or until it is to leave.
  func run() async {
    await withTaskCancellationOrGracefulShutdownHandler {
      let intake = Intake(
        database: database, clock: clock, log: log, tellsGrowth: true, heart: heart, metrics: metrics)
      metrics.begins(feed: feed.name)
      var reader = ExchangeReader(
        feed: feed, upstream: upstream, intake: intake, clock: clock, stop: leave
      ) { [self] in say($0, $1) }
      var backoff = Backoff(first: 500, cap: 60_000)
      var generator = SystemRandomNumberGenerator()
      var told: String?
      while !leave.isSilenced, !Task.isCancelled {
        heart.away()
        var wait = Duration.zero
        do {
          let hasMore = try await reader.round()
          if told != nil { say(.notice, "the exchange database is read again.", .feedResumed) }
          told = nil
          backoff.reset()
          if !hasMore { wait = .microseconds(upstream.poll) }
        } catch is CancellationError {
          break
        } catch {
          let trouble = error as? ExchangeTrouble
          await reader.close(wasSlow: trouble?.isSlow ?? false)
          if trouble == nil { await intake.close() }
          if leave.isSilenced || Task.isCancelled { break }
          let sentence = trouble?.sentence ?? "\(error)"
          if told != sentence { say(.error, "\(error); trying again.", trouble == nil ? nil : .feedStalled) }
          told = sentence
          wait = .milliseconds(backoff.next(using: &generator))
        }
        state.feedSeen(feed.name)
        state.feedRead(feed.name)
        heart.beat(within: wait)
        if wait > .zero { _ = await leave.wait(atMost: wait) }
      }
      await reader.close()
      await intake.close()
    } onCancelOrGracefulShutdown: {
      leave.silence()
    }
    heart.end()
  }

  private func say(_ priority: LogPriority, _ message: String, _ event: Journal.LogEvent? = nil) {
    var record = LogRecord(
      time: clock.microseconds(), priority: priority, event: event, message: "Feed \(feed.name): \(message)")
    record.set("feed", .text(feed.name))
    _ = log.write(record)
  }
}
