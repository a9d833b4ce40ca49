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
  /// Rung when it is away, and when it is read again: the watch marks the feed.
  let watch: Doorbell
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
          try await reader.connected()
          // Ready before it is read: that may take as long as it takes.
          state.feedSeen(feed.name)
          let hasMore = try await reader.round()
          note(isAway: false, &reader)
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
          if trouble != nil { note(isAway: true, &reader) }
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

  private func note(isAway: Bool, _ reader: inout ExchangeReader) {
    guard reader.wasAway != isAway else { return }
    reader.wasAway = isAway
    state.feedAway(feed.name, isAway)
    watch.ring()
  }

  private func say(_ priority: LogPriority, _ message: String, _ event: Journal.LogEvent? = nil) {
    var record = LogRecord(
      time: clock.microseconds(), priority: priority, event: event, message: "Feed \(feed.name): \(message)")
    record.set("feed", .text(feed.name))
    _ = log.write(record)
  }
}
