import Feeds
import Glibc
import ServiceTime

/// A spool directory, opened when it is there and anew when another is in its place, and the wait for its news.
final class SpoolWatcher {
  private let path: String
  private let feed: String
  private let places: SpoolPlaces
  private let heart: Heartbeat
  private var directory: SpoolDirectory?
  private var hadOne = false
  private var retriedAt = ContinuousClock.now

  init(_ path: String, of feed: String, among places: SpoolPlaces, _ heart: Heartbeat) {
    self.path = path
    self.feed = feed
    self.places = places
    self.heart = heart
  }

  deinit { places.leave(feed) }

  /// The names of the files to look at; `renewed` is told when another directory than before is watched.
  func scan(renewed: () -> Void) throws(SpoolDirectory.Problem) -> [String] {
    let names = try list(renewed)
    // Asked after the scan, which may have taken the very notice of it.
    if directory?.isInPlace ?? false { return names }
    letGo()
    return try list(renewed)
  }

  private func list(_ renewed: () -> Void) throws(SpoolDirectory.Problem) -> [String] {
    let directory = try opened(renewed)
    _ = directory.takeNews()
    retryFailed(directory)
    do { return try directory.scan { heart.beat() } } catch {
      // What is remembered of its files is kept while it is the right one.
      if !directory.isInPlace { letGo() }
      throw error
    }
  }

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
    if let directory { return directory }
    let fresh = try SpoolDirectory(path: path)
    if let other = places.take(fresh.place, for: feed) {
      throw SpoolDirectory.Problem(
        name: "",
        description:
          "\(path) leads to the directory of the feed \(other), whose files would count for both; nothing is "
          + "read here: give \(feed) a directory of its own")
    }
    directory = fresh
    if hadOne { renewed() }
    hadOne = true
    return fresh
  }

  private func letGo() {
    directory = nil
    places.leave(feed)
  }

  /// Waits for news of the directory, for the bell, or until the time has run out.
  func wait(_ bell: Doorbell, atMost milliseconds: Int) async {
    guard let descriptor = directory?.watch else { return }
    let waiting = Waiting()
    BackgroundThread {
      // Woken every fifth of a second to see whether it is still wanted; news end the wait at once.
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
private final class Waiting: Sendable {
  private let bell = Doorbell()
  var isOver: Bool { bell.isSilenced }
  func end() { bell.silence() }
  func ended() async { while await bell.wait(atMost: .seconds(120)) {} }
}
