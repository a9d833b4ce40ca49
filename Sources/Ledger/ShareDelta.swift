import ServiceTime

/// What one event of a case adds to a share, as the case's row keeps it.
struct SharePart: Sendable, Equatable {
  var commitment: String
  var day: CivilDate
  var counted: Bool
}

/// The key of a share's cell.
struct ShareCellKey: Hashable, Sendable, Comparable {
  var commitment: String
  var day: CivilDate

  static func < (a: ShareCellKey, b: ShareCellKey) -> Bool { (a.commitment, a.day) < (b.commitment, b.day) }
}

/// When the first events of a share's population became known: those that came as things happened, and those loaded
/// as history.
struct ShareArrival: Sendable, Equatable {
  var received: Instant?
  var loaded: Instant?

  mutating func take(_ receipt: StoredEvent.Receipt) {
    take(
      receipt.history
        ? ShareArrival(received: nil, loaded: receipt.receivedAt)
        : ShareArrival(received: receipt.receivedAt, loaded: nil))
  }

  mutating func take(_ other: ShareArrival) {
    if let other = other.received { received = received.map { min($0, other) } ?? other }
    if let other = other.loaded { loaded = loaded.map { min($0, other) } ?? other }
  }

  /// Whether a level reached at an instant is history: it pages nobody.
  ///
  /// `after` is `retrospective_after` in microseconds. What was loaded as history is retrospective up to its load.
  func isRetrospective(levelAt: Instant, after: Int64) -> Bool {
    if received == nil, loaded == nil { return false }
    let live = received.map { levelAt + after >= $0 } ?? false
    let history = loaded.map { levelAt >= $0 } ?? false
    return !live && !history
  }
}

/// What a cell holds, or by how much it changes.
struct ShareCell: Sendable {
  var tally = ShareTally()
  var arrival = ShareArrival()
  /// Why it changes.
  var reason: ChangeReason?
}

/// Changes of the cells of shares, gathered over a batch.
struct ShareDelta: Sendable {
  private var cells: [ShareCellKey: ShareCell] = [:]

  /// Takes off what a case added before and adds what it adds now.
  ///
  /// `arrivals` are those of its events that are at hand; earlier ones are in the cells already.
  mutating func move(
    from old: [SharePart], to new: [SharePart], arrivals: [ShareCellKey: ShareArrival], _ reason: ChangeReason
  ) {
    guard old != new else { return }
    for part in old { add(part, times: -1, reason) }
    for part in new { add(part, times: 1, reason) }
    for (key, arrival) in arrivals { cells[key]?.arrival.take(arrival) }
  }

  /// Adds what one event adds (`sign` 1) or takes it off again (−1).
  mutating func add(_ part: SharePart, times sign: Int64, _ reason: ChangeReason) {
    let tally = ShareTally(population: sign, counted: part.counted ? sign : 0)
    let key = ShareCellKey(commitment: part.commitment, day: part.day)
    cells[key, default: ShareCell()].tally += tally
    // A void is the more telling reason, wherever in the batch it stands.
    if cells[key]?.reason != .voided { cells[key]?.reason = reason }
  }

  /// Adds the tallies of other changes.
  mutating func add(_ other: ShareDelta) {
    for (key, cell) in other.cells { cells[key, default: ShareCell()].tally += cell.tally }
  }

  /// The cells that really change.
  var changed: [ShareCellKey: ShareCell] { cells.filter { $0.value.tally != ShareTally() } }
}
