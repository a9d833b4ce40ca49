import ServiceTime

/// An event as it stands in the ledger.
public struct StoredEvent: Sendable {
  /// The event.
  public var event: Event
  /// Its place in the order of appending.
  public var position: Int64
  /// When it entered the ledger.
  public var receivedAt: Instant
  /// Whether it was loaded as history.
  public var history: Bool

  /// A stored event.
  public init(event: Event, position: Int64, receivedAt: Instant, history: Bool) {
    self.event = event
    self.position = position
    self.receivedAt = receivedAt
    self.history = history
  }

  /// When and how an event entered the ledger.
  struct Receipt: Sendable, Equatable {
    var receivedAt: Instant
    var history: Bool
  }

  var receipt: Receipt { Receipt(receivedAt: receivedAt, history: history) }
}
