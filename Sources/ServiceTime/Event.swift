/// An immutable fact about a case, as a feed told it; identified by (case, source, event id).
///
/// Field names and rules: the event table of the contract. `kept` holds what the feed's `keep` lists, as JSON. A copy
/// is a reference: on its way from the feed to the clocks an event is handed on many times.
public struct Event: Sendable {
  @usableFromInline var fields: EventFields

  /// An event with only its required fields.
  public init(
    caseID: Identifier, source: Identifier, eventID: Identifier, type: EventType, occurredAt: Instant
  ) {
    fields = EventFields(caseID: caseID, source: source, eventID: eventID, type: type, occurredAt: occurredAt)
  }

  /// An event with all its fields.
  public init(
    caseID: Identifier, source: Identifier, eventID: Identifier, type: EventType, occurredAt: Instant,
    sequence: Int64?, process: String?, step: String?, region: String?, grid: String?, serviceWindow: String?,
    channel: String?, entityType: String?, entityName: String?, uscc: String?, tags: [String]?, voids: Identifier?,
    extendDays: Int32?, kept: String?
  ) {
    fields = EventFields(
      caseID: caseID, source: source, eventID: eventID, type: type, occurredAt: occurredAt, sequence: sequence,
      process: process, step: step, region: region, grid: grid, serviceWindow: serviceWindow, channel: channel,
      entityType: entityType, entityName: entityName, uscc: uscc, tags: tags, voids: voids, extendDays: extendDays,
      kept: kept)
  }

  /// What is about to change is no other copy's.
  @inlinable
  mutating func own() {
    if !isKnownUniquelyReferenced(&fields) { fields = EventFields(fields) }
  }

  /// Number of the case (办件编号), 1–128 bytes.
  @inlinable
  public var caseID: Identifier {
    get { fields.caseID }
    set {
      own()
      fields.caseID = newValue
    }
  }
  /// The system the event comes from, 1–255 bytes.
  @inlinable
  public var source: Identifier {
    get { fields.source }
    set {
      own()
      fields.source = newValue
    }
  }
  /// The event's id, unique per case and source, 1–128 bytes.
  @inlinable
  public var eventID: Identifier {
    get { fields.eventID }
    set {
      own()
      fields.eventID = newValue
    }
  }
  /// The life-cycle type or any other.
  @inlinable
  public var type: EventType {
    get { fields.type }
    set {
      own()
      fields.type = newValue
    }
  }
  /// When it happened.
  @inlinable
  public var occurredAt: Instant {
    get { fields.occurredAt }
    set {
      own()
      fields.occurredAt = newValue
    }
  }
  /// Orders events of one case at the same instant; none sorts first.
  @inlinable
  public var sequence: Int64? {
    get { fields.sequence }
    set {
      own()
      fields.sequence = newValue
    }
  }
  /// The process the case belongs to, as the policy names it.
  @inlinable
  public var process: String? {
    get { fields.process }
    set {
      own()
      fields.process = newValue
    }
  }
  /// The step of the process, e.g. `licence`.
  @inlinable
  public var step: String? {
    get { fields.step }
    set {
      own()
      fields.step = newValue
    }
  }
  /// Region code of 2, 4, 6, 9 or 12 digits.
  @inlinable
  public var region: String? {
    get { fields.region }
    set {
      own()
      fields.region = newValue
    }
  }
  /// The smallest unit of the service grid (resident group).
  @inlinable
  public var grid: String? {
    get { fields.grid }
    set {
      own()
      fields.grid = newValue
    }
  }
  /// The service window that handled it.
  @inlinable
  public var serviceWindow: String? {
    get { fields.serviceWindow }
    set {
      own()
      fields.serviceWindow = newValue
    }
  }
  /// `online`, `window`, `self_service`, …
  @inlinable
  public var channel: String? {
    get { fields.channel }
    set {
      own()
      fields.channel = newValue
    }
  }
  /// Name of the entity; personal data where the entity is an individual.
  @inlinable
  public var entityName: String? {
    get { fields.entityName }
    set {
      own()
      fields.entityName = newValue
    }
  }
  /// `enterprise`, `individual`, `cooperative`.
  @inlinable
  public var entityType: String? {
    get { fields.entityType }
    set {
      own()
      fields.entityType = newValue
    }
  }
  /// Unified social credit code (GB 32100-2015), kept even where its check fails.
  @inlinable
  public var uscc: String? {
    get { fields.uscc }
    set {
      own()
      fields.uscc = newValue
    }
  }
  /// Tags of the case, replaced whole; nil says nothing.
  @inlinable
  public var tags: [String]? {
    get { fields.tags }
    set {
      own()
      fields.tags = newValue
    }
  }
  /// On type `voided`: the event id (same case and source) that never happened.
  @inlinable
  public var voids: Identifier? {
    get { fields.voids }
    set {
      own()
      fields.voids = newValue
    }
  }
  /// On type `extended`: counted days added to the limit, ≥ 1.
  @inlinable
  public var extendDays: Int32? {
    get { fields.extendDays }
    set {
      own()
      fields.extendDays = newValue
    }
  }
  /// Fields beside the contract that the feed keeps, a JSON object; not compared for conflicts.
  @inlinable
  public var kept: String? {
    get { fields.kept }
    set {
      own()
      fields.kept = newValue
    }
  }
}

/// What an event says, in one place.
///
/// Sendable: only the event that holds the sole reference changes it. So no access can overlap another either, and none
/// is looked for: that would cost more than the access.
@usableFromInline final class EventFields: @unchecked Sendable {
  @exclusivity(unchecked) @usableFromInline var caseID: Identifier
  @exclusivity(unchecked) @usableFromInline var source: Identifier
  @exclusivity(unchecked) @usableFromInline var eventID: Identifier
  @exclusivity(unchecked) @usableFromInline var type: EventType
  @exclusivity(unchecked) @usableFromInline var occurredAt: Instant
  @exclusivity(unchecked) @usableFromInline var sequence: Int64?
  @exclusivity(unchecked) @usableFromInline var process: String?
  @exclusivity(unchecked) @usableFromInline var step: String?
  @exclusivity(unchecked) @usableFromInline var region: String?
  @exclusivity(unchecked) @usableFromInline var grid: String?
  @exclusivity(unchecked) @usableFromInline var serviceWindow: String?
  @exclusivity(unchecked) @usableFromInline var channel: String?
  @exclusivity(unchecked) @usableFromInline var entityName: String?
  @exclusivity(unchecked) @usableFromInline var entityType: String?
  @exclusivity(unchecked) @usableFromInline var uscc: String?
  @exclusivity(unchecked) @usableFromInline var tags: [String]?
  @exclusivity(unchecked) @usableFromInline var voids: Identifier?
  @exclusivity(unchecked) @usableFromInline var extendDays: Int32?
  @exclusivity(unchecked) @usableFromInline var kept: String?

  @usableFromInline
  init(caseID: Identifier, source: Identifier, eventID: Identifier, type: EventType, occurredAt: Instant) {
    self.caseID = caseID
    self.source = source
    self.eventID = eventID
    self.type = type
    self.occurredAt = occurredAt
  }

  init(
    caseID: Identifier, source: Identifier, eventID: Identifier, type: EventType, occurredAt: Instant,
    sequence: Int64?, process: String?, step: String?, region: String?, grid: String?, serviceWindow: String?,
    channel: String?, entityType: String?, entityName: String?, uscc: String?, tags: [String]?, voids: Identifier?,
    extendDays: Int32?, kept: String?
  ) {
    self.caseID = caseID
    self.source = source
    self.eventID = eventID
    self.type = type
    self.occurredAt = occurredAt
    self.sequence = sequence
    self.process = process
    self.step = step
    self.region = region
    self.grid = grid
    self.serviceWindow = serviceWindow
    self.channel = channel
    self.entityType = entityType
    self.entityName = entityName
    self.uscc = uscc
    self.tags = tags
    self.voids = voids
    self.extendDays = extendDays
    self.kept = kept
  }

  @usableFromInline
  init(_ other: EventFields) {
    caseID = other.caseID
    source = other.source
    eventID = other.eventID
    type = other.type
    occurredAt = other.occurredAt
    sequence = other.sequence
    process = other.process
    step = other.step
    region = other.region
    grid = other.grid
    serviceWindow = other.serviceWindow
    channel = other.channel
    entityName = other.entityName
    entityType = other.entityType
    uscc = other.uscc
    tags = other.tags
    voids = other.voids
    extendDays = other.extendDays
    kept = other.kept
  }
}

extension Event {
  /// Place of its type in the life-cycle order.
  @inlinable
  public var rank: UInt8 { fields.type.rank }

  /// What identifies it within its case.
  public var key: EventKey { EventKey(source: source, eventID: eventID) }

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
  public func precedes(_ other: Event) -> Bool {
    occurredAt == other.occurredAt ? orderKey < other.orderKey : occurredAt < other.occurredAt
  }

  /// The event's place in the order of its case.
  public var orderKey: EventOrder {
    EventOrder(
      occurredAt: occurredAt, sequence: sequence, rank: type.rank, source: source, eventID: eventID)
  }
}

extension Event: Equatable {
  /// Whether two say the same, what feeds keep included; texts are compared by their bytes.
  public static func == (a: Event, b: Event) -> Bool {
    a.fields === b.fields || a.saysTheSame(as: b) && a.kept.sameBytes(b.kept)
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
  /// Whether both are the same bytes; Swift's own equality takes canonically equivalent spellings for one.
  public func sameBytes(_ other: String) -> Bool { Identifier(self) == Identifier(other) }
}
