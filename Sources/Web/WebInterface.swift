import Daemon
import Journal
import ServiceLifecycle
import ServiceTime
import Settings
import Shipped

/// The HTTP interface of a daemon: its address, its tokens and its metrics, made before anything runs, so that faults in
/// its settings are told first.
public struct WebInterface: Sendable {
  /// How much is granted to those who ask.
  struct Limits: Sendable {
    /// Open connections, at each address.
    var connections = 256
    /// Bytes of a request's head.
    var head = 16_384
    /// Fields of a request's head.
    var fields = 100
    /// How long a connection may wait before, between and within the heads of requests.
    var idle = Duration.seconds(30)
    /// How long an answer may take, its way to a slow reader included.
    var answer = Duration.seconds(10)
    /// Most bytes of a posted body, decompressed.
    var body = 4 << 20
    /// How long a posted body may take to come.
    var bodyTime = Duration.seconds(30)
    /// How long the commit of what was posted may take.
    var commit = Duration.seconds(10)
    /// Posted bodies in memory at a time.
    var bodies = 192
    /// Bytes of posted bodies in memory at a time.
    var bodyBytes = 32 << 20
  }

  /// The tokens in force; reload them when their file has changed.
  public let tokens: TokenBook
  /// What the daemon's services count with.
  public let metrics: DaemonMetrics
  /// What posted bodies may take of the memory.
  let budget: BodyBudget
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
    var limits = Limits()
    limits.body = settings.bodyLimit
    limits.bodyTime = .microseconds(settings.bodyTime)
    try self.init(settings, clock: clock, log: log, limits: limits)
  }

  init(
    _ settings: HTTPSettings, clock: any WallClock, log: any LogSink, limits: Limits,
    onListening: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    tokens = try TokenBook(file: settings.tokens)
    budget = BodyBudget(bodies: limits.bodies, bytes: limits.bodyBytes)
    address = settings.listen
    factory = PrometheusFactory()
    metrics = DaemonMetrics(factory)
    self.clock = clock
    self.log = log
    self.limits = limits
    self.onListening = onListening
  }

  /// The service that serves it for a daemon from its start on; `WebFront` begins before.
  func service(
    for daemon: BizclockDaemon, version: String, overdue: @escaping @Sendable () -> [String]
  ) -> any Service {
    WebServer(interface: self, offer: Offer(endpoints(for: daemon, version: version, overdue: overdue)))
  }

  /// What a daemon answers.
  func endpoints(
    for daemon: BizclockDaemon, version: String, overdue: @escaping @Sendable () -> [String]
  ) -> Offer.Endpoints {
    let probe = DatabaseProbe(daemon.database, clock: clock, log: log)
    let cases = CasesPage(daemon.database)
    let list = endpoints(
      state: daemon.state, probe: probe, overdue: overdue, version: version, desk: daemon.desk,
      cases: { await cases.answer($0) })
    return Offer.Endpoints(
      list: list,
      closing: {
        await probe.close()
        await cases.close()
      })
  }

  /// What is answered while there is no database, and so no daemon, yet.
  func endpoints(waitingFor feeds: [String], version: String) -> Offer.Endpoints {
    Offer.Endpoints(
      list: endpoints(
        state: DaemonState(), probe: nil, overdue: { [] }, version: version, desk: PostDesk(feeds),
        cases: { _ in CasesPage.away }))
  }

  private func endpoints(
    state: DaemonState, probe: DatabaseProbe?, overdue: @escaping @Sendable () -> [String], version: String,
    desk: PostDesk, cases: @escaping @Sendable (Call) async -> Answer
  ) -> [Endpoint] {
    let readiness = Readiness(state: state, probe: probe, overdue: overdue)
    let page = MetricsPage(factory: factory, state: state, log: log, version: version, probe: probe)
    let collector = BodyCollector(limit: limits.body, time: limits.bodyTime, budget: budget)
    let events = EventsPage(desk: desk, collector: collector, patience: limits.commit)
    return [
      Endpoint(path: "/healthz", method: .get) { _ in readiness.health() },
      Endpoint(path: "/readyz", method: .get) { _ in await readiness.readiness() },
      Endpoint(path: "/metrics", method: .get, scope: .metrics) { _ in
        Answer(status: .ok, contentType: PrometheusText.contentType, body: await page.text())
      },
      Endpoint(
        path: "/v1/events", method: .post, scope: .ingest, extraTime: limits.bodyTime + limits.commit
      ) { await events.answer($0) },
      Endpoint(path: "/v1/cases/{id}", method: .get, scope: .read, answer: cases),
      Endpoint(path: "/openapi.yaml", method: .get) { _ in
        Answer(
          status: .ok, contentType: "application/yaml", body: ShippedFiles.text("deploy/openapi.yaml") ?? "")
      },
    ]
  }
}
