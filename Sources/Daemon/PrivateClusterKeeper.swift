import Journal
import LibPQ

/// Starts the private cluster's server again when it is gone: nobody else would.
public struct PrivateClusterKeeper: Sendable {
  private let cluster: PrivateCluster
  private let clock: any WallClock
  private let log: any LogSink

  /// A keeper; nothing runs yet.
  public init(cluster: PrivateCluster, clock: any WallClock, log: any LogSink) {
    self.cluster = cluster
    self.clock = clock
    self.log = log
  }

  /// Looks every two seconds until its task is cancelled.
  public func run() async {
    var told = ""
    while (try? await Task.sleep(for: .seconds(2))) != nil {
      let problem = await runOnce()
      if let problem, problem != told, !Task.isCancelled { say(.error, problem) }
      told = problem ?? ""
    }
  }

  /// Starts the server if it does not run, and says so; gives what keeps it from starting.
  func runOnce() async -> String? {
    guard !cluster.isRunning else { return nil }
    do {
      _ = try await cluster.start()
      say(.warning, "The private database's server was gone; it was started again.")
      return nil
    } catch {
      return "The private database's server cannot be started: \(error)"
    }
  }

  private func say(_ priority: LogPriority, _ message: String) {
    _ = log.write(LogRecord(time: clock.microseconds(), priority: priority, message: message))
  }
}
