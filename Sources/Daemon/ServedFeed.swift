import Feeds
import ServiceTime
import Settings

/// A feed that a daemon takes in by itself, and where its events come from.
public struct ServedFeed: Sendable, Equatable {
  /// Where events come from.
  public enum Origin: Sendable, Equatable {
    /// Files that are put into a directory.
    case spool(directory: String)
    /// A database that is polled.
    case exchange(ExchangeUpstream)
    /// What is posted over HTTP.
    case posts
  }

  /// How what comes is read.
  public var description: FeedDescription
  /// Where it comes from.
  public var origin: Origin
  /// After how long without anything it counts as silent; nil never.
  public var silence: Silence?

  /// A feed; arguments as the properties.
  public init(description: FeedDescription, origin: Origin, silence: Silence? = nil) {
    self.description = description
    self.origin = origin
    self.silence = silence
  }

  /// The feed of the configuration, whose events may name these processes; nil where it lacks what its kind needs.
  init?(_ settings: FeedSettings, processes: Set<String>) throws {
    switch settings.kind {
    case .spool:
      guard let directory = settings.directory else { return nil }
      origin = .spool(directory: directory)
    case .exchange:
      guard let upstream = ExchangeUpstream(settings) else { return nil }
      origin = .exchange(upstream)
    case .http: origin = .posts
    }
    description = try FeedDescription(settings, processes: processes)
    silence = settings.silence
  }

  /// The directory of a spool; nil for others.
  public var directory: String? {
    if case .spool(let directory) = origin { directory } else { nil }
  }

  /// What may have one reader at a time, whatever the feed is called; nil where any number does no harm.
  var reserved: String? {
    switch origin {
    case .spool(let directory): directory
    case .exchange: "exchange \(description.source.text)"
    case .posts: nil
    }
  }
}
