import ServiceTime

/// Hashes of the keys appended lately, bounded: two generations. A hit is only a suspicion.
struct RecentKeys: Sendable {
  private var young: Set<Int> = []
  private var old: Set<Int> = []
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  func contains(_ key: LedgerKey) -> Bool {
    let hash = key.hash
    return young.contains(hash) || old.contains(hash)
  }

  mutating func insert(_ key: LedgerKey) {
    if young.count >= capacity {
      old = young
      young = []
      young.reserveCapacity(capacity)
    }
    young.insert(key.hash)
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
    var hasher = Hasher()
    hasher.combine(caseID)
    hasher.combine(source)
    hasher.combine(eventID)
    hash = hasher.finalize()
  }

  static func == (a: LedgerKey, b: LedgerKey) -> Bool {
    a.hash == b.hash && a.caseID == b.caseID && a.eventID == b.eventID && a.source == b.source
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
