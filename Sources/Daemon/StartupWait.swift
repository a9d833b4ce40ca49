import Journal
import LibPQ

/// Waits for the database at the start: it may come up after the daemon.
public struct StartupWait: Sendable {
  private let clock: any WallClock
  private let log: any LogSink

  /// A wait that says once a minute what it waits for.
  public init(clock: any WallClock, log: any LogSink) {
    self.clock = clock
    self.log = log
  }

  /// Does a piece of work again and again while the database does not serve; throws what will not pass.
  public func untilThere<R: Sendable>(_ body: () async throws -> R) async throws -> R {
    var watch = DatabaseWatch(clock: clock, log: log)
    let bell = Doorbell()
    while true {
      do {
        let result = try await body()
        watch.found()
        return result
      } catch let error as PostgresError where error.isRetryable {
        try Task.checkCancellation()
        await watch.lost(error, bell)
      }
    }
  }
}
