import Feeds
import Glibc
import Journal
import Ledger
import ServiceLifecycle
import ServiceTime
import Settings

/// Takes in what is put into a feed's spool directory.
public struct SpoolService: Sendable {
  let feed: ServedFeed
  let directory: String
  let watcher: SpoolWatcher
  let database: DatabaseSource
  let clock: any WallClock
  let log: any LogSink
  let batch: Int
  /// Silenced when it is to end after the batch in hand.
  let stop: Doorbell
  /// Silenced when it is to end after the file in hand.
  let leave: Doorbell
  let state: DaemonState
  let heart: Heartbeat
  let metrics: DaemonMetrics

  /// Runs until graceful shutdown, or until it is to leave; the batch or the file in hand is finished.
  func run() async {
    await withTaskCancellationOrGracefulShutdownHandler {
      let intake = Intake(
        database: database, clock: clock, log: log, tellsGrowth: true, heart: heart, metrics: metrics)
      metrics.begins(feed: feed.description.name)
      watcher.begin(for: feed.description.name)
      defer { watcher.end() }
      var told = ""
      while !leave.isSilenced, !Task.isCancelled {
        heart.beat()
        do {
          let names = try watcher.scan(goesOn: { heart.beat() }) {
            say(.notice, "another directory is at \(directory); it is watched from now on")
          }
          told = ""
          state.feedSeen(feed.description.name)
          for name in names where !leave.isSilenced { await take(name, intake) }
          heart.away()
          await intake.tellGrowth(of: feed.description.name)
          state.feedRead(feed.description.name)
          // Someone puts a file in, or a minute passes.
          heart.beat(within: .seconds(60))
          await watcher.wait(leave, atMost: 60_000)
        } catch {
          if told != "\(error)" { say(.error, "\(error)") }
          told = "\(error)"
          state.feedSeen(feed.description.name)
          state.feedRead(feed.description.name)
          heart.beat(within: .seconds(5))
          _ = await leave.wait(atMost: .seconds(5))
        }
      }
      await intake.close()
    } onCancelOrGracefulShutdown: {
      stop.silence()
      leave.silence()
    }
    heart.end()
  }

  /// Takes one file in and moves it; whatever is wrong with it is told, and the others go on.
  private func take(_ name: String, _ intake: Intake) async {
    heart.beat()
    do {
      guard let file = try watcher.open(name) else { return }
      defer { close(file.descriptor) }
      guard await read(file, intake) else { return }
      heart.beat()
      try watcher.finish(file)
    } catch {
      say(.error, "\(error)", file: name)
    }
  }

  /// Reads a file; false if it was not read whole.
  private func read(_ file: SpoolDirectory.File, _ intake: Intake) async -> Bool {
    let (batch, appended, watcher) = (batch, database.appended, watcher)
    do {
      return try await intake.take(
        descriptor: file.descriptor, origin: file.name, feed: feed.description, history: false, batch: batch,
        stop: stop,
        pace: {
          watcher.listen()
          await appended.waitForRoom(for: batch, atMost: .milliseconds(250))
        }
      ).finished
    } catch {
      heart.beat()
      // The next file gets a session of its own, should this one be at fault.
      await intake.close()
      if stop.isSilenced || Task.isCancelled { return false }
      if let problem = watcher.fail(file, error) { say(.error, "\(problem)", file: file.name) }
      return false
    }
  }

  private func say(_ priority: LogPriority, _ message: String, file: String? = nil) {
    var record = LogRecord(
      time: clock.microseconds(), priority: priority, event: nil,
      message: "Feed \(feed.description.name): \(message)")
    record.set("feed", .text(feed.description.name))
    if let file { record.set("file", .text(file)) }
    _ = log.write(record)
  }
}
