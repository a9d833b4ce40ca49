import Feeds
import ServiceTime
import Settings

extension Installation {
  /// The feed by which `ingest` reads native NDJSON where none is named.
  public static let directFeed = "ingest"

  /// How each feed of the configuration reads, and `ingest` without one, by name.
  public func feedDescriptions(_ rulebook: Rulebook) throws -> [String: FeedDescription] {
    let processes = rulebook.policy.processes
    var feeds = [Installation.directFeed: Installation.directDescription(processes)]
    for feed in configuration.feeds { feeds[feed.name] = try FeedDescription(feed, processes: processes) }
    return feeds
  }

  /// Native NDJSON, named by its fields.
  public static func directDescription(_ processes: Set<String>) -> FeedDescription {
    FeedDescription(
      name: directFeed, source: Identifier(directFeed), format: .ndjson, knownProcesses: processes)
  }
}
