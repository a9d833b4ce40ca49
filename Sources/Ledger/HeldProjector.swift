import LibPQ
import ServiceTime

/// The projector's row, held by a transaction that changes the rules or repairs: until its end no leader writes.
struct HeldProjector {
  /// How far the ledger is projected.
  let position: Int64
  /// The policy in force.
  let policy: Int64
  /// The calendar in force.
  let calendar: Int64
  /// Every edge of a closure up to here has been brought to the open clocks.
  let settledThrough: Instant
  /// The strictly increasing time under which the transaction is recorded.
  let recordedAt: Instant
  /// The moment for which everything is judged.
  let now: Instant

  /// Holds the row and raises the epoch: a leader drops what it has in memory and begins a new term.
  ///
  /// The time is asked once the row is held. Where a leader has come further by its own clock, that counts: what it has
  /// raised would be withdrawn, and raised again a moment later.
  static func take(_ now: () -> Instant, _ session: inout Session) throws(PostgresError) -> HeldProjector {
    let row = try session.execute(
      "SELECT policy, calendar, settled_through, \(through) FROM bizclock.projector FOR UPDATE")
    let moment = max(now(), Instant(microseconds: try row.timestamptz(0, 3)))
    let moved = try session.execute(
      """
      UPDATE bizclock.projector
      SET epoch = epoch + 1, recorded_at = greatest($1, recorded_at + interval '1 microsecond')
      RETURNING position, recorded_at
      """, [.timestamptz(moment.microseconds)])
    return HeldProjector(
      position: try moved.int8(0, 0), policy: try row.int8(0, 0), calendar: try row.int8(0, 1),
      settledThrough: Instant(microseconds: try row.timestamptz(0, 2)),
      recordedAt: Instant(microseconds: try moved.timestamptz(0, 1)), now: moment)
  }

  /// How far clocks, shares and levels have been brought.
  static let through = "greatest(settled_through, shares_through, levels_through)"
}
