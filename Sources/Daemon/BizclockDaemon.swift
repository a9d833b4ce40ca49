import Journal
import Ledger
import LibPQ
import Logging
import ServiceLifecycle
import ServiceTime
import Settings
import UnixSignals

/// The whole daemon: its services over one database, embeddable in a test.
public struct BizclockDaemon: Sendable {
  /// Where the database is.
  public let database: DatabaseSource
  /// The time it goes by.
  public let clock: any WallClock
  /// Where its log goes.
  public let log: any LogSink
  /// What is known while it runs.
  public let state = DaemonState()
  private let feeds: [SpoolService.Feed]
  private let settings: ProjectorSettings
  private let batch: Int
  private let holder: String
  private let retention: RetentionSettings
  private let bell = Doorbell()

  /// A daemon; nothing runs yet.
  ///
  /// - Parameters:
  ///   - batch: how many events and rejects one transaction takes in.
  ///   - holder: what other daemons call it, e.g. host and process id.
  ///   - retention: how long what was dealt with is kept.
  public init(
    database: DatabaseSource, feeds: [SpoolService.Feed], clock: any WallClock, log: any LogSink,
    settings: ProjectorSettings = ProjectorSettings(), batch: Int = 5_000, holder: String,
    retention: RetentionSettings = RetentionSettings()
  ) {
    self.database = database
    self.feeds = feeds
    self.clock = clock
    self.log = log
    self.settings = settings
    self.batch = batch
    self.holder = holder
    self.retention = retention
  }

  /// Runs until graceful shutdown or one of the signals; `onReady` is told once, when the daemon serves.
  public func run(signals: [UnixSignal] = [], onReady: @escaping @Sendable () -> Void = {}) async throws {
    let alarm = SharedAlarm(clock)
    let watches = feeds.map { feed in
      FeedWatch(
        feed: feed, database: database, clock: alarm.face(), log: log, bell: Doorbell(), state: state)
    }
    var services: [any Service] = [
      LeaderService(
        database: database, clock: alarm.face(), log: log, settings: settings, holder: holder, bell: bell,
        state: state),
      ListenService(database: database, bell: bell, feedBells: watches.map(\.bell)),
      HorizonService(database: database, clock: clock, log: log),
      ReadyService(
        state: state, feeds: Set(feeds.map(\.description.name)), clock: clock, log: log, onReady: onReady),
    ]
    for feed in feeds {
      services.append(
        SpoolService(
          feed: feed, database: database, clock: clock, log: log, batch: batch, stop: Doorbell(), state: state))
    }
    services += watches as [any Service]
    if retention != RetentionSettings() {
      services.append(
        RetentionService(
          database: database, settings: retention, directories: feeds.map(\.directory), clock: clock, log: log,
          state: state))
    }
    let sink = log
    let clock = clock
    let logger = Logger(label: "bizclock") { label in
      JournalLogHandler(label: label, sink: sink, logLevel: .warning, now: { clock.now().microseconds })
    }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services, gracefulShutdownSignals: signals, logger: logger))
    try await group.run()
    _ = log.write(
      LogRecord(time: clock.microseconds(), priority: .notice, event: .stopping, message: "bizclock has stopped."))
  }
}
