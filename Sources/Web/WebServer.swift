import Hummingbird
import HummingbirdCore
import Journal
import LibPQ
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Serves an interface beside the daemon's own services.
///
/// It never brings them down: whatever fails once it runs is told and tried again.
struct WebServer: Service {
  let interface: WebInterface
  let offer: Offer

  /// One thread is plenty: it carries bytes, what they say is read elsewhere.
  private static let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  func run() async throws {
    if let trouble = interface.tokens.trouble { say(.error, trouble) }
    let places = await places()
    await withDiscardingTaskGroup { group in
      for place in places { group.addTask { await serve(place) } }
    }
    await offer.close()
    // A service that returns ends the others.
    try? await gracefulShutdown()
  }

  /// Where to listen, as soon as that can be had: an address may come later than the daemon, and another program may
  /// go. Empty at graceful shutdown.
  private func places() async -> [ListenPlace] {
    var backoff = Backoff(first: 1_000, cap: 30_000)
    var generator = SystemRandomNumberGenerator()
    var told = ""
    while !Task.isShuttingDownGracefully, !Task.isCancelled {
      do {
        return try ListenPlace.find(interface.address)
      } catch {
        if told != error.description {
          say(.error, "HTTP: nothing is served, neither events nor health nor metrics; trying again. \(error).")
          told = error.description
        }
      }
      let pause = backoff.next(using: &generator)
      await cancelWhenGracefulShutdown { try? await Task.sleep(for: .milliseconds(500 + pause)) }
    }
    return []
  }

  /// Serves at one address until graceful shutdown.
  private func serve(_ place: ListenPlace) async {
    var backoff = Backoff(first: 500, cap: 30_000)
    var generator = SystemRandomNumberGenerator()
    while !Task.isShuttingDownGracefully, !Task.isCancelled {
      do {
        try await application(at: place).run()
        if Task.isShuttingDownGracefully || Task.isCancelled { return }
        say(.error, "HTTP: the server at \(place.description) has ended; starting it again.")
      } catch {
        if Task.isShuttingDownGracefully || Task.isCancelled { return }
        let reason = (error as? IOError).map { ListenPlace.words($0.errnoCode) } ?? "\(error)"
        say(.error, "HTTP: nothing is served at \(place.description): \(reason); trying again.")
      }
      let pause = backoff.next(using: &generator)
      await cancelWhenGracefulShutdown { try? await Task.sleep(for: .milliseconds(500 + pause)) }
    }
  }

  private func application(at place: ListenPlace) -> Application<WebResponder> {
    let limits = interface.limits
    let logger = logger
    let responder = WebResponder(
      offer: offer, tokens: interface.tokens, factory: interface.factory,
      deadline: TimeAmount(limits.answer))
    let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
      maxHeaderFieldSize: limits.head, maxHeaderListSize: limits.head, maxHeaderFieldCount: limits.fields)
    return Application(
      responder: responder,
      server: .http1(
        configuration: HTTP1Channel.Configuration(
          idleTimeout: TimeAmount(limits.idle), httpDecoderConfiguration: decoder)),
      configuration: ApplicationConfiguration(
        address: .hostname(place.host, port: place.port),
        availableConnectionsDelegate: .maximum(limits.connections, logger: logger)),
      onServerRunning: { channel in listening(channel.localAddress?.port ?? place.port, place) },
      eventLoopGroupProvider: .shared(WebServer.threads), logger: logger)
  }

  private func listening(_ port: Int, _ place: ListenPlace) {
    let address = ListenPlace(host: place.host, port: port).description
    var record = LogRecord(
      time: interface.clock.now().microseconds, priority: .info,
      message: "HTTP: listening on \(address) for /v1/events, /v1/cases, /metrics, /healthz and /readyz.")
    record.set("address", .text(address))
    _ = interface.log.write(record)
    interface.onListening(address)
  }

  private var logger: Logger {
    let (sink, clock) = (interface.log, interface.clock)
    return Logger(label: "bizclock.http") { label in
      JournalLogHandler(label: label, sink: sink, logLevel: .notice, now: { clock.now().microseconds })
    }
  }

  private func say(_ priority: LogPriority, _ message: String) {
    _ = interface.log.write(
      LogRecord(time: interface.clock.now().microseconds, priority: priority, message: message))
  }
}
