import Feeds
import Settings

/// Where an exchange database is and how often it is read; times in microseconds.
public struct ExchangeUpstream: Sendable, Equatable {
  /// libpq's conninfo, which may hold a password: never to be shown.
  let conninfo: String
  /// The time between two readings.
  let poll: Int64
  /// How far behind what was read last each reading begins.
  let overlap: Int64
  /// When all rows are compared, from the midnight of the feed's zone.
  let compareAt: Int64

  /// The exchange of a feed; nil where it is none.
  public init?(_ feed: FeedSettings) {
    guard feed.kind == .exchange, case .conninfo(let conninfo)? = feed.database else { return nil }
    self.conninfo = conninfo
    poll = feed.exchange.poll
    overlap = feed.exchange.overlap
    compareAt = feed.exchange.compareAt
  }
}

extension ExchangeDescription {
  /// How rows are understood, by a feed's settings.
  init(_ feed: FeedSettings) {
    self.init(
      schema: feed.schema, openIfEqual: feed.openIfEqual,
      tasks: feed.exchange.tasks.mapValues { Task(process: $0.process, step: $0.step) },
      steps: feed.exchange.steps.mapValues { Step(step: $0.step, start: $0.start, end: $0.end) },
      results: feed.exchange.results)
  }
}
