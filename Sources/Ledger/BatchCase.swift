import LibPQ
import ServiceTime

/// A case of a batch of the projector, on its way: its events, what it was, and what becomes of it.
final class BatchCase {
  let caseID: Identifier
  /// Its events of the batch, in the order of the ledger; of a case that is folded again all of them.
  var events: [StoredEvent]
  /// When the last of its events of the batch arrived.
  let arrivedAt: Instant?
  /// Why a verdict changes, if these events change one.
  let reason: ChangeReason
  /// What it was; nil where it has no rows.
  var before: CaseBefore?
  /// What it is, where its events could be appended to what is in memory.
  var next: CachedCase?
  /// Whether it must be folded again from the ledger.
  var mustReload = false
  /// Whether it has been projected before.
  var isKnown = true

  private init(_ events: [StoredEvent]) {
    caseID = events[0].event.caseID
    self.events = events
    arrivedAt = events.lazy.map(\.receivedAt).max()
    if events.contains(where: { $0.event.type == .voided }) {
      reason = .voided
    } else {
      reason = events.contains { $0.event.type == .reopened } ? .reopened : .lateData
    }
  }

  /// The cases of a batch in the order of their first events.
  static func grouped(_ batch: [StoredEvent], _ session: inout Session) throws(PostgresError) -> [BatchCase] {
    // Counted first, so that no case's events are moved about while they grow.
    var known: [Identifier: Int] = [:]
    known.reserveCapacity(batch.count / 4)
    var counts: [Int] = []
    var places: [Int] = []
    places.reserveCapacity(batch.count)
    var life = SignOfLife()
    for stored in batch {
      try life.folded(&session)
      if let place = known[stored.event.caseID] {
        counts[place] += 1
        places.append(place)
      } else {
        known[stored.event.caseID] = counts.count
        places.append(counts.count)
        counts.append(1)
      }
    }
    var groups = counts.map { count in
      var group: [StoredEvent] = []
      group.reserveCapacity(count)
      return group
    }
    for (stored, place) in zip(batch, places) { groups[place].append(stored) }
    return groups.map(BatchCase.init)
  }

  /// Takes its events into the case in memory, if they come in order; else it must be folded again. The case in memory
  /// is changed in place: if the batch fails, all that is in memory is dropped.
  func append(to old: CachedCase) {
    before = CaseBefore(row: old.row, clocks: old.clocks)
    for stored in events.count == 1 ? events : events.sorted(by: { $0.event.precedes($1.event) }) {
      guard old.fold.append(stored.event) else {
        mustReload = true
        return
      }
    }
    next = old
  }
}
