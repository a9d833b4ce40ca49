import Feeds
import Glibc
import Journal
import Ledger
import ServiceLifecycle
import ServiceTime

/// Takes in what is put into a feed's spool directory.
public struct SpoolService: Service {
  /// A feed with its directory.
  public struct Feed: Sendable {
    /// How its files are read.
    public var description: FeedDescription
    /// Where they are put.
    public var directory: String
    /// A feed.
    public init(description: FeedDescription, directory: String) {
      self.description = description
      self.directory = directory
    }
  }

  let feed: Feed
  let database: DatabaseSource
  let clock: any WallClock
  let log: any LogSink
  let batch: Int
  let stop: Doorbell
  let state: DaemonState

  /// Runs until graceful shutdown; the batch in hand is finished.
  public func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      let intake = Intake(database: database, clock: clock, log: log)
      let watcher = SpoolWatcher(feed.directory)
      var told = ""
      while !stop.isSilenced, !Task.isCancelled {
        do {
          let names = try watcher.scan()
          told = ""
          state.feedSeen(feed.description.name)
          for name in names where !stop.isSilenced { try await take(name, watcher, intake) }
          // Someone puts a file in, or a minute passes.
          await watcher.wait(stop, atMost: 60_000)
        } catch {
          if told != "\(error)" { complain("\(error)") }
          told = "\(error)"
          state.feedSeen(feed.description.name)
          _ = await stop.wait(atMost: .seconds(5))
        }
      }
      await intake.close()
    } onCancelOrGracefulShutdown: {
      stop.silence()
    }
  }

  private func take(_ name: String, _ watcher: SpoolWatcher, _ intake: Intake) async throws {
    let file: SpoolDirectory.File?
    do {
      file = try watcher.open(name)
    } catch {
      complain(error.description)
      return
    }
    guard let file else { return }
    defer { close(file.descriptor) }
    let (outcome, finished) = try await intake.take(
      descriptor: file.descriptor, origin: name, feed: feed.description, history: false, batch: batch, stop: stop)
    guard finished else { return }
    try watcher.finish(name)
    guard outcome.quarantined > 0 else { return }
    var record = LogRecord(
      time: clock.microseconds(), priority: .warning, event: .quarantineGrowing,
      message: "Feed \(feed.description.name): \(outcome.quarantined) lines of \(name) went to quarantine.")
    record.set("feed", .text(feed.description.name))
    record.set("file", .text(name))
    record.set("quarantined", .integer(Int64(outcome.quarantined)))
    _ = log.write(record)
  }

  private func complain(_ message: String) {
    var record = LogRecord(
      time: clock.microseconds(), priority: .error, event: nil, message: "Feed \(feed.description.name): \(message)"
    )
    record.set("feed", .text(feed.description.name))
    _ = log.write(record)
  }
}

/// A spool directory, opened when it is there, and the wait for its news.
final class SpoolWatcher: @unchecked Sendable {
  // Sendable: only its service's one task uses it.
  private let path: String
  private var directory: SpoolDirectory?

  init(_ path: String) { self.path = path }

  func scan() throws(SpoolDirectory.Problem) -> [String] {
    let directory = try opened()
    _ = directory.takeNews()
    return try directory.scan()
  }

  func open(_ name: String) throws(SpoolDirectory.Problem) -> SpoolDirectory.File? { try opened().open(name) }

  func finish(_ name: String) throws(SpoolDirectory.Problem) { try opened().finish(name) }

  private func opened() throws(SpoolDirectory.Problem) -> SpoolDirectory {
    if let directory { return directory }
    let fresh = try SpoolDirectory(path: path)
    directory = fresh
    return fresh
  }

  /// Waits for news of the directory, for the bell, or until the time has run out.
  func wait(_ bell: Doorbell, atMost milliseconds: Int) async {
    guard let descriptor = directory?.watch else { return }
    let waiting = Waiting()
    BackgroundThread {
      // Woken every half second to see whether it is still wanted; news end the wait at once.
      var left = milliseconds
      while left > 0, !waiting.isOver, !bell.isSilenced {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if Glibc.poll(&poll, 1, Int32(min(left, 200))) > 0 { break }
        left -= 200
      }
      waiting.end()
    }.start()
    await waiting.ended()
  }
}

/// The end of a wait on another thread.
final class Waiting: Sendable {
  private let bell = Doorbell()
  var isOver: Bool { bell.isSilenced }
  func end() { bell.silence() }
  func ended() async { while await bell.wait(atMost: .seconds(120)) {} }
}
