import LibPQ
import ServiceTime

/// A case of a batch of the projector, on its way: its events, what it was, and what becomes of it.
final class BatchCase {
  let caseID: Identifier
  /// Its events of the batch, in the order of the ledger; of a case that is folded again all of them.
  var events: [StoredEvent]
  /// When the last of its events of the batch arrived.
  let arrivedAt: Instant
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

  private init(_ group: Group) {
    caseID = group.caseID
    events = group.events
    arrivedAt = group.arrivedAt
    reason = group.hasVoid ? .voided : group.hasReopening ? .reopened : .lateData
  }

  /// The events of a case, while they are gathered.
  private struct Group {
    let caseID: Identifier
    var count = 0
    var events: [StoredEvent] = []
    var arrivedAt = Instant.earliest
    var (hasVoid, hasReopening) = (false, false)

    init(_ caseID: Identifier) { self.caseID = caseID }

    mutating func append(_ stored: StoredEvent) {
      if events.isEmpty { events.reserveCapacity(count) }
      events.append(stored)
      arrivedAt = max(arrivedAt, stored.receivedAt)
      let rank = stored.event.rank
      if rank == EventType.Rank.voided { hasVoid = true }
      if rank == EventType.Rank.reopened { hasReopening = true }
    }
  }

  /// The cases of a batch in the order of their first events.
  static func grouped(_ batch: [EventRun], _ session: inout Session) throws(PostgresError) -> [BatchCase] {
    // Counted first, so that no case's events are moved about while they grow.
    let count = batch.reduce(0) { $0 + $1.events.count }
    var known: [Identifier: Int] = [:]
    known.reserveCapacity(count / 4)
    var groups: [Group] = []
    var places: [Int] = []
    places.reserveCapacity(count)
    var life = SignOfLife()
    for run in batch {
      for event in run.events {
        try life.folded(&session)
        let place = known[event.caseID] ?? groups.count
        if place == groups.count {
          known[event.caseID] = place
          groups.append(Group(event.caseID))
        }
        groups[place].count += 1
        places.append(place)
      }
    }
    var next = 0
    for run in batch {
      for index in run.events.indices {
        groups[places[next]].append(run.stored(index))
        next += 1
      }
    }
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
