import Journal
import LibPQ

/// Waits for the database at the start: it may come up after the daemon.
public struct StartupWait: Sendable {
  private let clock: any WallClock
  private let log: any LogSink
  private let notifier: ServiceNotifier

  /// A wait that says once a minute what it waits for, and has the service manager be patient.
  public init(clock: any WallClock, log: any LogSink, notifier: ServiceNotifier = ServiceNotifier(socket: nil)) {
    self.notifier = notifier
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
        notifier.extendTimeout(microseconds: 300_000_000)
        notifier.status("waiting for the database: \(error.message)")
        await watch.lost(error, bell)
      }
    }
  }
}
