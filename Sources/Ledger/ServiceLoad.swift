import LibPQ
import ServiceTime

/// What a glance at the service shows: cheap enough to be asked every few seconds.
public struct ServiceLoad: Sendable, Equatable {
  /// Events in the ledger that are not projected yet.
  public var behind: Int64
  /// The next level's instant.
  public var nextLevel: Instant?

  /// Reads single rows and the first entry of an index.
  public static func read(_ session: inout Session) throws(PostgresError) -> ServiceLoad {
    let row = try session.execute(
      """
      SELECT (SELECT position FROM bizclock.ledger_head) - p.position,
        (SELECT min(next_level_at) FROM bizclock.clock WHERE next_level_at IS NOT NULL)
      FROM bizclock.projector p
      """)
    return ServiceLoad(
      behind: max(0, try row.int8(0, 0)),
      nextLevel: try row.optionalTimestamptz(0, 1).map { Instant(microseconds: $0) })
  }

  /// How many clocks run or are paused: counted in the index of those alone, whatever has been finished in the years
  /// before; 1 million take about a tenth of a second.
  public static func openClocks(_ session: inout Session) throws(PostgresError) -> Int64 {
    try session.execute("SELECT count(*) FROM bizclock.clock WHERE state IN ('running', 'paused')").int8(0, 0)
  }
}
