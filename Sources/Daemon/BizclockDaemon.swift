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
  public let state: DaemonState
  /// Which of its loops hang.
  public let heartbeats: Heartbeats
  /// Where posts for its feeds of kind `http` are handed in.
  public let desk: PostDesk
  private let feeds: FeedsService
  private let current: CurrentSettings
  private let holder: String
  private let absence: AbsenceAlarm
  private let metrics: DaemonMetrics
  private let bell = Doorbell()
  private let alarm: SharedAlarm
  private let notifier: ServiceNotifier
  private let watchdog: Duration?

  /// A daemon; nothing runs yet.
  ///
  /// - Parameters:
  ///   - batch: how many events and rejects one transaction takes in.
  ///   - holder: what other daemons call it, e.g. host and process id.
  ///   - notifier: who is told how it fares.
  ///   - watchdog: after how long without a sign of life that one gives it up; nil if it does not.
  ///   - absence: tells of levels while the database is away; left out, it keeps nothing for a restart.
  ///   - metrics: where its services count what they do.
  ///   - retention: how long what was dealt with is kept.
  public init(
    database: DatabaseSource, feeds: [ServedFeed], clock: any WallClock, log: any LogSink,
    settings: ProjectorSettings = ProjectorSettings(), batch: Int = 5_000, holder: String,
    notifier: ServiceNotifier = ServiceNotifier(socket: nil), watchdog: Duration? = nil,
    absence: AbsenceAlarm? = nil, metrics: DaemonMetrics = DaemonMetrics(),
    retention: RetentionSettings = RetentionSettings()
  ) {
    self.database = database
    self.clock = clock
    self.holder = holder
    self.notifier = notifier
    self.watchdog = watchdog
    self.metrics = metrics
    let state = DaemonState()
    let heartbeats = watchdog.map { Heartbeats(limit: $0) } ?? Heartbeats()
    let log = WatchedSink(sink: log, beats: heartbeats)
    let alarm = SharedAlarm(clock)
    let desk = PostDesk()
    self.desk = desk
    self.state = state
    self.heartbeats = heartbeats
    self.log = log
    self.alarm = alarm
    self.absence =
      absence
      ?? AbsenceAlarm(
        database: database, log: log, directory: nil, retrospectiveAfter: settings.retrospectiveAfter)
    current = CurrentSettings(settings, retention)
    self.feeds = FeedsService(
      feeds,
      FeedsService.Parts(
        database: database, clock: clock, alarm: alarm, log: log, batch: batch, state: state, beats: heartbeats,
        metrics: metrics, desk: desk))
  }

  /// How it projects.
  public var settings: ProjectorSettings { current.value }

  /// How long what was dealt with is kept.
  public var retention: RetentionSettings { current.retention }

  /// Moves to other feeds and settings while it runs, or before; what changes among the feeds. Of the projector's
  /// settings `retrospectiveAfter` is taken over.
  @discardableResult
  public func reload(
    feeds: [ServedFeed], settings: ProjectorSettings, retention: RetentionSettings
  ) -> FeedChange {
    current.value.retrospectiveAfter = settings.retrospectiveAfter
    absence.retrospectiveAfter.store(settings.retrospectiveAfter, ordering: .relaxed)
    current.retention = retention
    return self.feeds.move(to: feeds)
  }

  /// Runs until graceful shutdown or one of the signals, and other services as long; `onReady` is told once, when the
  /// daemon serves.
  public func run(
    signals: [UnixSignal] = [], beside others: [any Service] = [], onReady: @escaping @Sendable () -> Void = {}
  ) async throws {
    let stopping = Doorbell()
    let feeds = feeds
    // They are told to stop one after the other, the last first.
    var services: [any Service] = [
      PulseService(
        beats: heartbeats, notifier: notifier, interval: watchdog, stopping: stopping, clock: clock, log: log),
      AbsenceService(alarm: absence, clock: alarm.face()),
      LeaderService(
        database: database, clock: alarm.face(), log: log, settings: current, holder: holder, bell: bell,
        state: state, absence: absence, heart: heartbeats.loop("leader"), metrics: metrics),
      ListenService(
        database: database, bell: bell, ringFeeds: { feeds.ringWatches() }, log: log, clock: clock,
        heart: heartbeats.loop("listener")),
      HorizonService(database: database, clock: clock, log: log, heart: heartbeats.loop("horizon")),
      ReadyService(state: state, clock: clock, log: log, onReady: onReady),
      feeds,
      StatusService(
        database: database, state: state, notifier: notifier, clock: clock, heart: heartbeats.loop("status")),
      RetentionService(
        database: database, settings: { [current] in current.retention }, directories: { feeds.directories },
        clock: clock, log: log, state: state),
    ]
    services += others
    services.append(StoppingService(notifier: notifier, stopping: stopping))
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
