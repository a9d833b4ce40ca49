import Journal
import LibPQ
import ServiceLifecycle

/// Listens for appended events and changed rules, and rings the leader.
struct ListenService: Service {
  let database: DatabaseSource
  let bell: Doorbell

  func run() async throws {
    let stop = Doorbell()
    await withTaskCancellationOrGracefulShutdownHandler {
      while !stop.isSilenced, !Task.isCancelled {
        do {
          let connection = try await database.connect(.listen)
          try await connection.listen(["bizclock_ledger", "bizclock_rules"])
          bell.ring()
          while !stop.isSilenced, !Task.isCancelled {
            if try await !connection.notifications(within: 500).isEmpty { bell.ring() }
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
