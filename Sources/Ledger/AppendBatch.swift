import ServiceTime

/// Input of one feed to be taken in by one transaction.
public struct AppendBatch: Sendable {
  /// The feed's name.
  public var feed: String
  /// The feed's source.
  public var source: String
  /// Events in the order of the input.
  public var events: [Event]
  /// Gives the input's bytes and place of an event by its index, for the quarantine should it be a conflict; nil
  /// where they are not kept.
  public var original: (@Sendable (Int) -> QuarantineEntry)?
  /// What could not be understood.
  public var rejects: [QuarantineEntry]
  /// Whether all of it is history.
  public var history: Bool
  /// When it was received.
  public var receivedAt: Instant

  /// A batch; `original` is asked by an event's index.
  public init(
    feed: String, source: String, events: [Event], original: (@Sendable (Int) -> QuarantineEntry)? = nil,
    rejects: [QuarantineEntry] = [], history: Bool = false, receivedAt: Instant
  ) {
    self.feed = feed
    self.source = source
    self.events = events
    self.original = original
    self.rejects = rejects
    self.history = history
    self.receivedAt = receivedAt
  }
}
