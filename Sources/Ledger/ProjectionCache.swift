import ServiceTime

/// A case as the leader keeps it in memory: its fold, and its rows as they stand in the database.
struct CachedCase: Sendable {
  var fold: CaseFold
  var row: CaseRow
  var clocks: [ClockRow]
  /// When the start events of its clocks entered the ledger.
  var receipts: [EventKey: StoredEvent.Receipt]

  /// Whether nothing more is to be expected of it: all its clocks have ended.
  var isAtRest: Bool { clocks.allSatisfy { $0.state == .stopped || $0.state == .cancelled } }
}

/// The cases touched last, bounded: two generations, the older dropped when the younger is full.
struct ProjectionCache: Sendable {
  private var young: [Identifier: CachedCase] = [:]
  private var old: [Identifier: CachedCase] = [:]
  private let capacity: Int

  /// A cache of at most `capacity` cases.
  init(capacity: Int) { self.capacity = capacity }

  subscript(caseID: Identifier) -> CachedCase? { young[caseID] ?? old[caseID] }

  mutating func put(_ cached: CachedCase, for caseID: Identifier) {
    if young.count >= capacity / 2 {
      old = young
      young = [:]
      young.reserveCapacity(capacity / 2)
    }
    young[caseID] = cached
  }

  /// Forgets everything: the leader was deposed, or a transaction failed half-way.
  mutating func removeAll() {
    young = [:]
    old = [:]
  }
}
