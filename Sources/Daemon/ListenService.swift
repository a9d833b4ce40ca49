import Journal
import LibPQ
import ServiceLifecycle

/// Listens for appended events and changed rules, and rings the leader.
struct ListenService: Service {
  let database: DatabaseSource
  let bell: Doorbell
  /// Rung when other rules come into force, and when a silent feed delivers again.
  var feedBells: [Doorbell] = []

  func run() async throws {
    let stop = Doorbell()
    await withTaskCancellationOrGracefulShutdownHandler {
      while !stop.isSilenced, !Task.isCancelled {
        do {
          let connection = try await database.connect(.listen)
          try await connection.listen(["bizclock_ledger", "bizclock_rules", "bizclock_feed"])
          for bell in [bell] + feedBells { bell.ring() }
          while !stop.isSilenced, !Task.isCancelled {
            let channels = try await connection.notifications(within: 500)
            if channels.contains(where: { $0 != "bizclock_feed" }) { bell.ring() }
            if channels.contains(where: { $0 != "bizclock_ledger" }) { for bell in feedBells { bell.ring() } }
          }
          await connection.close()
        } catch {
          // The leader says that the database is away; here it is only tried again.
          _ = await stop.wait(atMost: .seconds(1))
        }
      }
    } onCancelOrGracefulShutdown: {
      stop.silence()
    }
  }
}
