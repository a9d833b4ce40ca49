import LibPQ
import ServiceTime

extension Quarantine {
  /// Deletes entries that were retried or discarded before a moment, at most so many, and says how many; an open entry
  /// never goes. The function does it, with its owner's rights: a daemon has none to delete here.
  public static func purge(
    settledBefore moment: Instant, atMost limit: Int32 = 1_000, on session: inout Session
  ) throws(PostgresError) -> Int {
    Int(
      try session.execute(
        "SELECT bizclock.purge_quarantine($1, $2)", [.timestamptz(moment.microseconds), .int4(limit)]
      ).int8(0, 0))
  }
}
