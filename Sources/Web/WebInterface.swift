import Daemon
import Journal
import ServiceLifecycle
import ServiceTime
import Settings

/// The HTTP interface of a daemon: its address, its tokens and its metrics, made before anything runs, so that faults in
/// its settings are told first.
public struct WebInterface: Sendable {
  /// How much is granted to those who ask.
  struct Limits: Sendable {
    /// Open connections, at each address.
    var connections = 64
    /// Bytes of a request's head.
    var head = 16_384
    /// Fields of a request's head.
    var fields = 100
    /// How long a connection may wait before, between and within the heads of requests.
    var idle = Duration.seconds(30)
    /// How long an answer may take, its way to a slow reader included.
    var answer = Duration.seconds(10)
  }

  /// The tokens in force; reload them when their file has changed.
  public let tokens: TokenBook
  /// What the daemon's services count with.
  public let metrics: DaemonMetrics
  let factory: PrometheusFactory
  let address: ListenAddress
  let clock: any WallClock
  let log: any LogSink
  let limits: Limits
  /// Told each address with its port once it is listened on.
  let onListening: @Sendable (String) -> Void

  /// An interface; nothing is served yet.
  ///
  /// Throws `SettingsError` for faults in the file of tokens; one that cannot be read is told, and lets nobody in.
  public init(_ settings: HTTPSettings, clock: any WallClock, log: any LogSink) throws {
    try self.init(settings, clock: clock, log: log, limits: Limits())
  }

  init(
    _ settings: HTTPSettings, clock: any WallClock, log: any LogSink, limits: Limits,
    onListening: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    tokens = try TokenBook(file: settings.tokens)
    address = settings.listen
    factory = PrometheusFactory()
    metrics = DaemonMetrics(factory)
    self.clock = clock
    self.log = log
    self.limits = limits
    self.onListening = onListening
  }

  /// The service that serves it for a daemon.
  ///
  /// - Parameter version: the program's, for the metrics.
  public func service(for daemon: BizclockDaemon, version: String) -> any Service {
    service(for: daemon, version: version, overdue: { daemon.heartbeats.overdue })
  }

  func service(
    for daemon: BizclockDaemon, version: String, overdue: @escaping @Sendable () -> [String]
  ) -> any Service {
    let probe = DatabaseProbe(daemon.database, clock: clock, log: log)
    let readiness = Readiness(state: daemon.state, probe: probe, overdue: overdue)
    let page = MetricsPage(factory: factory, state: daemon.state, log: log, version: version, probe: probe)
    return WebServer(
      interface: self, probe: probe,
      endpoints: [
        Endpoint(path: "/healthz", method: .get) { readiness.health() },
        Endpoint(path: "/readyz", method: .get) { await readiness.readiness() },
        Endpoint(path: "/metrics", method: .get, scope: .metrics) {
          Answer(status: .ok, contentType: PrometheusText.contentType, body: await page.text())
        },
      ])
  }
}
