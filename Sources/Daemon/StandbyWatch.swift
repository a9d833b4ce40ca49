import Ledger
import LibPQ

/// What a daemon that stands by looks after, once a second: that the leader has not stopped with the leadership in its
/// hands, and that the database is still one of this program's version.
struct StandbyWatch {
  private var lookedAt: ContinuousClock.Instant?

  /// Looks if it is time to; true if the session of a stopped leader was ended.
  mutating func look(_ connection: Connection) async throws -> Bool {
    let now = ContinuousClock.now
    guard lookedAt.map({ now - $0 >= .seconds(1) }) ?? true else { return false }
    lookedAt = now
    return try await connection.run { session in
      try Schema.checkUnchanged(&session)
      return try Leadership.breakStale(&session)
    }
  }
}
