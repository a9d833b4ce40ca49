import LibPQ
import ServiceTime

/// On what the projections rested at a past moment: how far the ledger was projected, and by which rules.
public struct KnownThen: Sendable, Equatable {
  /// The moment asked for.
  public var at: Instant
  /// When the projections had last moved by then; `at` if nothing was recorded yet.
  public var recordedAt: Instant
  /// How far the ledger was projected; 0 if nothing was.
  public var position: Int64
  /// Number of the policy in force then; 0 if there was none.
  public var policy: Int64
  /// Number of the calendar in force then; 0 if there was none.
  public var calendar: Int64

  /// What was known at a moment.
  ///
  /// What was recorded later is not known, whenever it happened: `recorded_at` of the projector is strictly increasing,
  /// so that one moment means one state.
  public static func read(at moment: Instant, _ session: inout Session) throws(PostgresError) -> KnownThen {
    let found = try session.execute(
      """
      SELECT recorded_at, position, policy, calendar FROM bizclock.progress
      WHERE recorded_at <= $1 ORDER BY recorded_at DESC LIMIT 1
      """, [.timestamptz(moment.microseconds)])
    guard found.rowCount == 1 else {
      return KnownThen(at: moment, recordedAt: moment, position: 0, policy: 0, calendar: 0)
    }
    return KnownThen(
      at: moment, recordedAt: Instant(microseconds: try found.timestamptz(0, 0)), position: try found.int8(0, 1),
      policy: try found.int8(0, 2), calendar: try found.int8(0, 3))
  }

  /// The policy and calendar in force then, as written; nil where there were none.
  public func rules(_ session: inout Session) throws(PostgresError) -> Rules.InForce? {
    try Rules.numbered(policy: policy, calendar: calendar, &session)
  }
}
