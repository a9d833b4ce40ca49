import ServiceTime

/// A case as the leader keeps it in memory: its fold, and its rows as they stand in the database.
///
/// Sendable though it changes: it never leaves its projector, which its leader hands to one body at a time; whoever is
/// given touched cases reads them before the next batch. A class, so that a case is changed in place and not copied.
final class CachedCase: @unchecked Sendable {
  @exclusivity(unchecked) var fold: CaseFold
  @exclusivity(unchecked) var row: CaseRow
  @exclusivity(unchecked) var clocks: [ClockRow]
  /// When the start events of its clocks entered the ledger.
  @exclusivity(unchecked) var receipts: Receipts

  init(fold: CaseFold, row: CaseRow, clocks: [ClockRow], receipts: Receipts) {
    self.fold = fold
    self.row = row
    self.clocks = clocks
    self.receipts = receipts
  }
}

extension CachedCase {
  /// A case folded from all its events, and its rows as of a moment.
  static func judged(
    _ caseID: Identifier, _ events: [StoredEvent], _ rulebook: Rulebook, asOf now: Instant
  ) -> (CachedCase, CaseAfter) {
    let fold = CaseFold(events: events.map(\.event), rulebook: rulebook)
    let receipts = ReceiptSearch(events)
    var needed: Receipts? = Receipts()
    let after = CaseAfter(caseID, fold, { receipts[$0] }, needed: &needed, rulebook, asOf: now)
    // Its clocks are not settled yet: whoever settles them puts them in.
    return (CachedCase(fold: fold, row: after.row, clocks: [], receipts: needed ?? Receipts()), after)
  }

  /// The rows of the case as it is folded now; `events` are those that were added since it was asked last. Of
  /// their receipts it keeps those that its clocks need.
  func after(
    _ caseID: Identifier, _ rulebook: Rulebook, asOf now: Instant, with events: [StoredEvent]
  ) -> CaseAfter {
    let (kept, added) = (receipts, ReceiptSearch(events))
    var needed: Receipts? = Receipts()
    let after = CaseAfter(caseID, fold, { kept[$0] ?? added[$0] }, needed: &needed, rulebook, asOf: now)
    receipts = needed ?? Receipts()
    return after
  }
}

extension CaseAfter {
  /// A case folded from all its events, and not kept.
  init(folding events: [StoredEvent], of caseID: Identifier, _ rulebook: Rulebook, asOf now: Instant) {
    let fold = CaseFold(events: events.map(\.event), rulebook: rulebook)
    let receipts = ReceiptSearch(events)
    var needed: Receipts?
    self.init(caseID, fold, { receipts[$0] }, needed: &needed, rulebook, asOf: now)
  }

  /// The rows of a case as it is folded; `needed` takes of the receipts those of its clocks, if it is there.
  fileprivate init(
    _ caseID: Identifier, _ fold: CaseFold, _ receipt: (EventKey) -> StoredEvent.Receipt?, needed: inout Receipts?,
    _ rulebook: Rulebook, asOf now: Instant
  ) {
    let found = fold.clocks(asOf: now)
    var rows: [ClockRow] = []
    rows.reserveCapacity(found.count)
    for clock in found {
      guard let receipt = receipt(clock.startedBy), let calendar = rulebook.calendars[clock.calendar]
      else { continue }
      if needed.map({ $0[clock.startedBy] == nil }) ?? false { needed?.add(receipt, of: clock.startedBy) }
      rows.append(ClockRow(caseID: caseID, clock: clock, receipt: receipt, calendar: calendar, now: now))
    }
    let marks = fold.shareMarks
    self.init(
      row: CaseRow(caseID: caseID, fold: fold, marks: marks, rulebook: rulebook), clocks: rows,
      arrivals: CaseAfter.arrivals(of: marks, receipt, rulebook))
  }

  /// When the events of shares' populations arrived whose receipts are at hand.
  private static func arrivals(
    of marks: [ShareMark], _ receipt: (EventKey) -> StoredEvent.Receipt?, _ rulebook: Rulebook
  ) -> [ShareCellKey: ShareArrival] {
    var arrivals: [ShareCellKey: ShareArrival] = [:]
    for mark in marks {
      guard let receipt = receipt(mark.event) else { continue }
      let key = ShareCellKey(commitment: rulebook.policy.shares[mark.share].id, day: mark.day)
      arrivals[key, default: ShareArrival()].take(receipt)
    }
    return arrivals
  }
}

/// The cases touched last, bounded: two generations, the older dropped when the younger is full.
struct ProjectionCache: Sendable {
  private var young: [Identifier: CachedCase] = [:]
  private var old: [Identifier: CachedCase] = [:]
  private let capacity: Int

  /// A cache of at most `capacity` cases.
  init(capacity: Int) { self.capacity = capacity }

  subscript(caseID: Identifier) -> CachedCase? { young[caseID] ?? old[caseID] }

  /// Whether a case is there.
  func contains(_ caseID: Identifier) -> Bool {
    young.index(forKey: caseID) != nil || old.index(forKey: caseID) != nil
  }

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
