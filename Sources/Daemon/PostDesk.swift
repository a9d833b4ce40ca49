import Synchronization

/// Where posts for the feeds of kind `http` are handed in.
public final class PostDesk: Sendable {
  private struct State {
    /// The feeds that are configured.
    var names: Set<String> = []
    /// Those that are at work.
    var queues: [String: ParcelQueue] = [:]
  }

  private let state = Mutex(State())

  /// A desk at which no feed is at work yet; `names` are those that are configured.
  public init(_ names: [String] = []) { setFeeds(names) }

  /// Whether a feed of that name takes posts.
  public func has(_ feed: String) -> Bool { state.withLock { $0.names.contains(feed) } }

  /// Hands a parcel in and returns when it is committed, or when so much real time has passed: then it may still come to
  /// be.
  public func take(_ parcel: Parcel, for feed: String, within limit: Duration) async -> Parcel.Outcome {
    let (isConfigured, queue) = state.withLock { ($0.names.contains(feed), $0.queues[feed]) }
    guard isConfigured else { return .noFeed }
    guard let queue else { return .away }
    return await queue.take(parcel, within: limit)
  }

  func setFeeds(_ names: some Sequence<String>) { state.withLock { $0.names = Set(names) } }

  /// Begins to take posts for a feed.
  func open(_ feed: String) -> ParcelQueue {
    let queue = ParcelQueue()
    state.withLock { $0.queues[feed] = queue }
    return queue
  }

  /// Takes no more posts for a feed.
  func close(_ feed: String) {
    state.withLock { $0.queues.removeValue(forKey: feed) }?.close()
  }
}
