import Journal
import Ledger
import LibPQ
import ServiceLifecycle

/// Listens for appended events and changed rules, and rings the leader.
struct ListenService: Service {
  let database: DatabaseSource
  let bell: Doorbell
  /// Rung when other rules come into force, and when a silent feed delivers again.
  let ringFeeds: @Sendable () -> Void
  let log: any LogSink
  let clock: any WallClock
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
          var waits = WaitWatch()
          while !stop.isSilenced, !Task.isCancelled {
            heart.away()
            let channels = try await connection.notifications(within: 500)
            if channels.contains(where: { $0 != "bizclock_feed" }) { bell.ring() }
            if channels.contains(where: { $0 != "bizclock_ledger" }) { ringFeeds() }
            try await tellWaits(&waits, connection)
            heart.beat()
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

  /// Looks now and then what the database keeps the other services waiting for.
  private func tellWaits(_ watch: inout WaitWatch, _ connection: Connection) async throws {
    let now = ContinuousClock.now
    guard watch.isDue(at: now) else { return }
    for (priority, message) in watch.sentences(try await connection.run { try Waits.look(&$0) }, at: now) {
      _ = log.write(LogRecord(time: clock.microseconds(), priority: priority, message: message))
    }
  }
}
