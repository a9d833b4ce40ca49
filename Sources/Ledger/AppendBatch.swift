import ServiceTime

/// Input of one feed to be taken in by one transaction.
public struct AppendBatch: Sendable {
  /// The feed's name.
  public var feed: String
  /// The feed's source.
  public var source: String
  /// Events in the order of the input.
  public var events: [Event]
  /// The input's bytes of each event, for the quarantine should it be a conflict; empty where they are not kept.
  public var originals: [QuarantineEntry]
  /// What could not be understood.
  public var rejects: [QuarantineEntry]
  /// Whether all of it is history.
  public var history: Bool
  /// When it was received.
  public var receivedAt: Instant

  /// A batch; `originals` is empty or has one entry an event.
  public init(
    feed: String, source: String, events: [Event], originals: [QuarantineEntry] = [],
    rejects: [QuarantineEntry] = [], history: Bool = false, receivedAt: Instant
  ) {
    self.feed = feed
    self.source = source
    self.events = events
    self.originals = originals
    self.rejects = rejects
    self.history = history
    self.receivedAt = receivedAt
  }
}
