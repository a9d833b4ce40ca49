import Feeds
import Glibc
import ServiceTime

/// A spool directory, opened when it is there and anew when another is in its place, and the wait for its news.
///
/// It outlasts the service that reads the directory: when the feed's settings change, the next one goes on with what is
/// known of the writers.
final class SpoolWatcher: @unchecked Sendable {
  // Sendable though nothing locks it: a directory is reserved by one feed (`FeedsService.due`), and its service is at an
  // end before the next begins. It waits for system calls, which a lock must not be held over.
  private let path: String
  private let places: SpoolPlaces
  private let seconds: () -> Int
  /// The feed whose service reads it.
  private var feed = ""
  private var directory: SpoolDirectory?
  private var hadOne = false
  /// Whether it is yet to be opened by a daemon that starts.
  private var isFirst: Bool
  private var retriedAt = ContinuousClock.now

  /// Nothing is opened yet; `atStart` says whether the daemon starts: then what is there counts as complete. `seconds`
  /// is the system's clock.
  init(_ path: String, among places: SpoolPlaces, atStart: Bool, seconds: @escaping () -> Int = { time(nil) }) {
    self.path = path
    self.places = places
    self.seconds = seconds
    isFirst = atStart
  }

  /// The names of the files to look at; `goesOn` is told now and then, `renewed` when another directory than before is
  /// watched.
  func scan(goesOn: () -> Void = {}, renewed: () -> Void) throws(SpoolDirectory.Problem) -> [String] {
    let names = try list(goesOn, renewed)
    // Asked after the scan, which may have taken the very notice of it.
    if directory?.isInPlace ?? false { return names }
    letGo()
    return try list(goesOn, renewed)
  }

  private func list(
    _ goesOn: () -> Void, _ renewed: () -> Void
  ) throws(SpoolDirectory.Problem) -> [String] {
    let directory = try opened(renewed)
    _ = directory.takeNews()
    retryFailed(directory)
    do { return try directory.scan(goesOn: goesOn) } catch {
      // What is remembered of its files is kept while it is the right one.
      if !directory.isInPlace { letGo() }
      throw error
    }
  }

  /// Takes what has been told meanwhile: the system keeps so much of it and no more.
  func listen() { _ = directory?.takeNews() }

  /// A feed's service begins: files whose reading failed are read again at once, perhaps with other settings.
  func begin(for feed: String) {
    self.feed = feed
    directory?.retryFailed()
  }

  /// The service has ended; what is known of the writers is kept for the next.
  func end() { places.leave(path) }

  func open(_ name: String) throws(SpoolDirectory.Problem) -> SpoolDirectory.File? { try directory?.open(name) }

  func finish(_ file: SpoolDirectory.File) throws(SpoolDirectory.Problem) { try directory?.finish(file) }

  func fail(_ file: SpoolDirectory.File, _ error: any Error) -> SpoolDirectory.Problem? {
    directory?.fail(file, "\(error)")
  }

  /// However often there are news, a file whose reading failed is read again once a minute only: what is known of it
  /// counts as duplicate each time.
  private func retryFailed(_ directory: SpoolDirectory) {
    let now = ContinuousClock.now
    guard now - retriedAt >= .seconds(60) else { return }
    retriedAt = now
    directory.retryFailed()
  }

  private func opened(_ renewed: () -> Void) throws(SpoolDirectory.Problem) -> SpoolDirectory {
    if let directory {
      try claim(directory)
      return directory
    }
    let hasWriters = !isFirst
    isFirst = false
    let fresh = try SpoolDirectory(path: path, hasWriters: hasWriters, seconds: seconds)
    try claim(fresh)
    directory = fresh
    if hadOne { renewed() }
    hadOne = true
    return fresh
  }

  /// Another path may lead to the same directory.
  private func claim(_ directory: SpoolDirectory) throws(SpoolDirectory.Problem) {
    guard let other = places.take(directory.place, at: path, for: feed) else { return }
    throw SpoolDirectory.Problem(
      name: "",
      description:
        "\(path) leads to the directory of the feed \(other), whose files would count for both; nothing is "
        + "read here: give \(feed) a directory of its own")
  }

  private func letGo() {
    directory = nil
    places.leave(path)
  }

  /// Waits for news of the directory, for the bell, until a file rests enough or the time has run out.
  func wait(_ bell: Doorbell, atMost milliseconds: Int) async {
    guard let directory, !directory.hasUnlistedNews else { return }
    let descriptor = directory.watch
    let most = min(milliseconds, directory.restEnds.map { $0 * 1_000 } ?? .max)
    let waiting = Waiting()
    BackgroundThread {
      // Woken every fifth of a second to see whether it is still wanted; news end the wait at once.
      var left = most
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
private final class Waiting: Sendable {
  private let bell = Doorbell()
  var isOver: Bool { bell.isSilenced }
  func end() { bell.silence() }
  func ended() async { while await bell.wait(atMost: .seconds(120)) {} }
}
