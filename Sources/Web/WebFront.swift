import Daemon
import Logging
import ServiceLifecycle

/// An interface that is served before there is a daemon, which waits for its database, and by the daemon from then on:
/// whoever asks whether it lives and serves is answered all the while.
public final class WebFront: Sendable {
  private let interface: WebInterface
  private let version: String
  private let offer: Offer
  private let group: ServiceGroup
  private let task: Task<Void, any Error>

  /// Begins to serve: the program lives, is not ready, and takes nothing yet.
  ///
  /// - Parameters:
  ///   - feeds: the names of the feeds of kind `http`.
  ///   - version: the program's, for the metrics.
  public init(_ interface: WebInterface, feeds: [String], version: String) {
    self.interface = interface
    self.version = version
    let offer = Offer(interface.endpoints(waitingFor: feeds, version: version))
    self.offer = offer
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [WebServer(interface: interface, offer: offer)],
        logger: Logger(label: "bizclock.http") { _ in SwiftLogNoOpLogHandler() }))
    self.group = group
    task = Task { try await group.run() }
  }

  /// The service by which a daemon answers from then on; what is served ends with it.
  public func service(for daemon: BizclockDaemon) -> any Service { Turn(front: self, daemon: daemon) }

  private struct Turn: Service {
    let front: WebFront
    let daemon: BizclockDaemon

    func run() async throws {
      front.offer.become(
        front.interface.endpoints(
          for: daemon, version: front.version, overdue: { [daemon] in daemon.heartbeats.overdue }))
      do {
        try await gracefulShutdown()
        await front.group.triggerGracefulShutdown()
      } catch {
        front.task.cancel()
      }
      _ = await front.task.result
    }
  }
}
