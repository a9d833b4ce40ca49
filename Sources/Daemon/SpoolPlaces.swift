import Feeds
import Synchronization

/// Which directories the feeds of a daemon read: two paths may lead to one, whose events would count for both.
final class SpoolPlaces: Sendable {
  private let held = Mutex<[String: (place: SpoolDirectory.Place, feed: String)]>([:])

  /// Takes the directory at a path for a feed, in place of the one that was there; names the feed that reads it by
  /// another path, if one does.
  func take(_ place: SpoolDirectory.Place, at path: String, for feed: String) -> String? {
    held.withLock { held in
      if let other = held.first(where: { $0.value.place == place && $0.key != path })?.value.feed { return other }
      held[path] = (place, feed)
      return nil
    }
  }

  /// Gives back the directory at a path.
  func leave(_ path: String) { held.withLock { $0[path] = nil } }
}
