import ArgumentParser
import Daemon
import Glibc
import Journal
import Ledger
import ServiceLifecycle
import ServiceTime
import Settings
import UnixSignals
import Web

/// The daemon.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the daemon until SIGTERM or SIGINT; SIGHUP has it read its configuration anew.",
    discussion: """
      By SIGHUP (systemctl reload bizclock) feeds are added, changed and removed, and alerts.retrospective_after is \
      taken over; the other feeds go on undisturbed. A configuration with faults is not taken over: the log names \
      them all, and the one before goes on. The rest of the configuration holds after a restart, and the log says \
      so. What the policy draft changes holds after bizclock policy apply.
      """)

  @OptionGroup var globals: GlobalOptions

  func run() async throws {
    // Until somebody listens for it, a terminal that closes must not end the daemon.
    signal(SIGHUP, SIG_IGN)
    CoreDump.forbid()
    let configuration = try globals.configuration()
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    let clock = SystemClock()
    let log = LogDestination(journalStream: getenv("JOURNAL_STREAM").map { String(cString: $0) }).makeSink()
    let web = try RunCommand.web(configuration.http, clock, log)
    let waiting = StartupWait(clock: clock, log: log)
    let early = AbsenceAlarm(configuration, log: log)
    let (installation, rulebook) =
      if let early {
        try await early.during(clock) { try await RunCommand.open(configuration, waiting, clock) }
      } else {
        try await RunCommand.open(configuration, waiting, clock)
      }
    let absence = early ?? AbsenceAlarm(installation, log: log)
    let feeds = try installation.spoolFeeds(rulebook)
    let notifier = ServiceNotifier.fromEnvironment()
    let daemon = BizclockDaemon(
      database: installation.database, feeds: feeds, clock: clock, log: log,
      settings: installation.projectorSettings, holder: Installation.processName, notifier: notifier,
      watchdog: RunCommand.watchdog(), absence: absence, metrics: web?.metrics ?? DaemonMetrics(),
      retention: configuration.retention)
    installation.warnOfUnreadFeeds(log, clock)
    let notice = PolicyDraftNotice(database: installation.database, clock: clock, log: log)
    if let draft = notice.draft(of: configuration) {
      try await waiting.untilThere { try await notice.tell(draft) }
    }
    let reloading = ConfigurationService(
      of: daemon, installation: installation, processes: rulebook.policy.processes, signals: hangups,
      notifier: notifier
    ) { [globals] in
      let fresh = try globals.configuration()
      try web?.tokens.reload()
      return fresh
    }
    var beside: [any Service] = [reloading]
    if let web { beside.append(web.service(for: daemon, version: Bizclock.configuration.version)) }
    let keeper = installation.cluster.map { cluster in
      Task { await PrivateClusterKeeper(cluster: cluster, clock: clock, log: log).run() }
    }
    try await daemon.run(signals: [.sigterm, .sigint], beside: beside) {
      _ = notifier.ready()
    }
    keeper?.cancel()
    await keeper?.value
    try installation.cluster?.stop()
  }

  /// Opens the database and reads the rules in force; waits for it as long as it takes.
  private static func open(
    _ configuration: Configuration, _ waiting: StartupWait, _ clock: SystemClock
  ) async throws -> (Installation, Rulebook) {
    let installation = try await waiting.untilThere { try await Installation.open(configuration) }
    let rulebook = try await waiting.untilThere {
      if installation.cluster != nil { _ = try await installation.migrate(now: clock.now()) }
      try await installation.checkSchema()
      return try await installation.rulebook()
    }
    return (installation, rulebook)
  }

  /// How often the service manager wants a sign of life, if it does.
  private static func watchdog() -> Duration? {
    func text(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    return ServiceNotifier.watchdogInterval(microseconds: text("WATCHDOG_USEC"), process: text("WATCHDOG_PID"))
      .map { .microseconds(Int64(clamping: $0)) }
  }

  /// The HTTP interface; nil where the address is taken and nobody had asked for that one.
  private static func web(_ settings: HTTPSettings, _ clock: SystemClock, _ log: any LogSink) throws
    -> WebInterface?
  {
    do {
      return try WebInterface(settings, clock: clock, log: log)
    } catch let fault as ListenFault where !settings.isListenGiven {
      _ = log.write(
        LogRecord(
          time: clock.now().microseconds, priority: .warning,
          message: "HTTP is not served, health and metrics neither: \(fault)."))
      return nil
    }
  }
}
