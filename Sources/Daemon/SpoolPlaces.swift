import Feeds
import Synchronization

/// Which directories the feeds of a daemon read: two paths may lead to one, whose events would count for both.
final class SpoolPlaces: Sendable {
  private let held = Mutex<[String: SpoolDirectory.Place]>([:])

  /// Takes a directory for a feed in place of the one that it has; the feed that reads it already, if another does.
  func take(_ place: SpoolDirectory.Place, for feed: String) -> String? {
    held.withLock { held in
      if let other = held.first(where: { $0.value == place && $0.key != feed })?.key { return other }
      held[feed] = place
      return nil
    }
  }

  /// Gives back the directory of a feed.
  func leave(_ feed: String) { held.withLock { $0[feed] = nil } }
}
