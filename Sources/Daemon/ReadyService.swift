import Journal
import ServiceLifecycle
import ServiceTime

/// Says once that the daemon serves: its part is known and every feed has been looked at.
struct ReadyService: Service {
  let state: DaemonState
  let clock: any WallClock
  let log: any LogSink
  /// Told at the same moment, for the service manager.
  let onReady: @Sendable () -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown {
      guard await state.wait(until: { $0.role != .unknown && $0.feeds.isSubset(of: $0.feedsSeen) }) else { return }
      let known = state.snapshot
      let role = known.role == .leading ? "leads" : "stands by"
      _ = log.write(
        LogRecord(
          time: clock.microseconds(), priority: .info, event: .ready,
          message:
            "bizclock is ready: it \(role) and takes in \(known.feeds.count) feed\(known.feeds.count == 1 ? "" : "s")."
        ))
      onReady()
      state.setReady()
    }
    // A service that returns ends the others.
    try? await gracefulShutdown()
  }
}
