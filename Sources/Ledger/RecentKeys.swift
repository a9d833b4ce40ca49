import ServiceTime

/// Hashes of the keys appended lately, bounded: two generations. A hit is only a suspicion.
struct RecentKeys: Sendable {
  private var young: Set<Int> = []
  private var old: Set<Int> = []
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  func contains(_ hash: Int) -> Bool { young.contains(hash) || old.contains(hash) }

  mutating func insert(_ hash: Int) {
    if young.count >= capacity {
      old = young
      young = []
      young.reserveCapacity(capacity)
    }
    young.insert(hash)
  }
}

/// The identity of an event in the ledger.
struct LedgerKey: Hashable, Sendable {
  let caseID: Identifier
  let source: Identifier
  let eventID: Identifier
  /// Reckoned once: it is asked for again and again.
  let hash: Int

  init(_ event: Event) { self.init(event, eventID: event.eventID) }

  /// The identity that an event of the same case and source has under another id.
  init(_ event: Event, eventID: Identifier) {
    caseID = event.caseID
    source = event.source
    self.eventID = eventID
    hash = LedgerKey.hash(event, eventID)
  }

  /// The hash of an event's key, without the key.
  static func hash(of event: Event) -> Int { hash(event, event.eventID) }

  private static func hash(_ event: Event, _ eventID: Identifier) -> Int {
    var hasher = Hasher()
    hasher.combine(event.caseID)
    hasher.combine(event.source)
    hasher.combine(eventID)
    return hasher.finalize()
  }

  static func == (a: LedgerKey, b: LedgerKey) -> Bool {
    a.hash == b.hash && a.caseID == b.caseID && a.eventID == b.eventID && a.source == b.source
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
