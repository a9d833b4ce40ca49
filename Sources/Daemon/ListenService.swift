import Journal
import LibPQ
import ServiceLifecycle

/// Listens for appended events and changed rules, and rings the leader.
struct ListenService: Service {
  let database: DatabaseSource
  let bell: Doorbell
  /// Rung when other rules come into force, and when a silent feed delivers again.
  let ringFeeds: @Sendable () -> Void
  let heart: Heartbeat

  func run() async throws {
    let stop = Doorbell()
    await withTaskCancellationOrGracefulShutdownHandler {
      while !stop.isSilenced, !Task.isCancelled {
        heart.away()
        do {
          let connection = try await database.connect(.listen)
          try await connection.listen(["bizclock_ledger", "bizclock_rules", "bizclock_feed"])
          bell.ring()
          ringFeeds()
          while !stop.isSilenced, !Task.isCancelled {
            heart.away()
            let channels = try await connection.notifications(within: 500)
            heart.beat()
            if channels.contains(where: { $0 != "bizclock_feed" }) { bell.ring() }
            if channels.contains(where: { $0 != "bizclock_ledger" }) { ringFeeds() }
          }
          await connection.close()
        } catch {
          // The leader says that the database is away; here it is only tried again.
          heart.beat(within: .seconds(1))
          _ = await stop.wait(atMost: .seconds(1))
        }
      }
    } onCancelOrGracefulShutdown: {
      stop.silence()
    }
    heart.end()
  }
}
