/// An immutable fact about a case, as a feed told it; identified by (case, source, event id).
///
/// Field names and rules: the event table of the contract. `kept` holds what the feed's `keep` lists, as JSON.
public struct Event: Sendable, Equatable {
  /// Number of the case (办件编号), 1–128 bytes.
  public var caseID: Identifier
  /// The system the event comes from, 1–255 bytes.
  public var source: Identifier
  /// The event's id, unique per case and source, 1–128 bytes.
  public var eventID: Identifier
  /// The life-cycle type or any other.
  public var type: EventType
  /// When it happened.
  public var occurredAt: Instant
  /// Orders events of one case at the same instant; none sorts first.
  public var sequence: Int64?
  /// The process the case belongs to, as the policy names it.
  public var process: String?
  /// The step of the process, e.g. `licence`.
  public var step: String?
  /// Region code of 2, 4, 6, 9 or 12 digits.
  public var region: String?
  /// The smallest unit of the service grid (resident group).
  public var grid: String?
  /// The service window that handled it.
  public var serviceWindow: String?
  /// `online`, `window`, `self_service`, …
  public var channel: String?
  /// Name of the entity; personal data where the entity is an individual.
  public var entityName: String?
  /// `enterprise`, `individual`, `cooperative`.
  public var entityType: String?
  /// Unified social credit code (GB 32100-2015), kept even where its check fails.
  public var uscc: String?
  /// Tags of the case, replaced whole; nil says nothing.
  public var tags: [String]?
  /// On type `voided`: the event id (same case and source) that never happened.
  public var voids: Identifier?
  /// On type `extended`: counted days added to the limit, ≥ 1.
  public var extendDays: Int32?
  /// Fields beside the contract that the feed keeps, a JSON object; not compared for conflicts.
  public var kept: String?

  /// An event with only its required fields.
  public init(
    caseID: Identifier, source: Identifier, eventID: Identifier, type: EventType, occurredAt: Instant
  ) {
    self.caseID = caseID
    self.source = source
    self.eventID = eventID
    self.type = type
    self.occurredAt = occurredAt
  }

  /// Whether every field of the contract is the same; `kept` is not one.
  ///
  /// The same id with other contract fields is a `conflict`. Texts are compared by their bytes.
  public func saysTheSame(as other: Event) -> Bool {
    caseID == other.caseID && source == other.source && eventID == other.eventID
      && type.name.sameBytes(other.type.name) && occurredAt == other.occurredAt && sequence == other.sequence
      && process.sameBytes(other.process) && step.sameBytes(other.step) && region.sameBytes(other.region)
      && grid.sameBytes(other.grid) && serviceWindow.sameBytes(other.serviceWindow)
      && channel.sameBytes(other.channel) && entityName.sameBytes(other.entityName)
      && entityType.sameBytes(other.entityType) && uscc.sameBytes(other.uscc)
      && (tags.map { $0.map { Identifier($0) } }) == (other.tags.map { $0.map { Identifier($0) } })
      && voids == other.voids && extendDays == other.extendDays
  }

  /// Whether `self` comes before `other` in event order: occurred_at, sequence (none first), life-cycle rank
  /// (unknown last), source, event id.
  public func precedes(_ other: Event) -> Bool { orderKey < other.orderKey }

  /// The event's place in the order of its case.
  public var orderKey: EventOrder {
    EventOrder(
      occurredAt: occurredAt, sequence: sequence, rank: type.rank, source: source, eventID: eventID)
  }
}

/// The place of an event among those of its case: never its arrival.
public struct EventOrder: Comparable, Sendable, Hashable {
  /// When it happened.
  public var occurredAt: Instant
  /// The feed's sequence; none sorts first.
  public var sequence: Int64?
  /// Life-cycle rank of the type.
  public var rank: UInt8
  /// The system it comes from.
  public var source: Identifier
  /// Its id.
  public var eventID: Identifier

  public static func < (a: EventOrder, b: EventOrder) -> Bool {
    if a.occurredAt != b.occurredAt { return a.occurredAt < b.occurredAt }
    if a.sequence != b.sequence {
      guard let left = a.sequence else { return true }
      guard let right = b.sequence else { return false }
      return left < right
    }
    if a.rank != b.rank { return a.rank < b.rank }
    if a.source != b.source { return a.source < b.source }
    return a.eventID < b.eventID
  }
}

extension Optional where Wrapped == String {
  func sameBytes(_ other: String?) -> Bool {
    switch (self, other) {
    case (nil, nil): true
    case (let a?, let b?): a.sameBytes(b)
    default: false
    }
  }
}

extension String {
  func sameBytes(_ other: String) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}
