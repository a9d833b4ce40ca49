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
      By SIGHUP (systemctl reload bizclock) feeds are added, changed and removed, and alerts.retrospective_after, \
      retention and the tokens of http.tokens are taken over; the other feeds go on undisturbed. A configuration with faults is not taken over: the log names \
      them all, and the one before goes on. The rest of the configuration holds after a restart, and the log says \
      so. What the policy draft changes holds after bizclock policy apply.
      """)

  @OptionGroup var globals: GlobalOptions

  func run() async throws {
    // Until somebody listens for it, a terminal that closes must not end the daemon.
    signal(SIGHUP, SIG_IGN)
    CoreDump.forbid()
    SharedHeaps.use()
    let configuration = try globals.configuration(for: .daemon)
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    let clock = SystemClock()
    let log = LogDestination(journalStream: getenv("JOURNAL_STREAM").map { String(cString: $0) }).makeSink()
    let web = try WebInterface(configuration.http, clock: clock, log: log)
    let front = WebFront(
      web, feeds: configuration.feeds.filter { $0.kind == .http }.map(\.name),
      version: Bizclock.configuration.version)
    let notifier = ServiceNotifier.fromEnvironment()
    let waiting = StartupWait(clock: clock, log: log, notifier: notifier)
    let early = AbsenceAlarm(configuration, log: log)
    let (installation, rulebook) =
      if let early {
        try await early.during(clock) { try await RunCommand.open(configuration, waiting, clock) }
      } else {
        try await RunCommand.open(configuration, waiting, clock)
      }
    let absence = early ?? AbsenceAlarm(installation, log: log)
    let feeds = try installation.servedFeeds(rulebook)
    let daemon = BizclockDaemon(
      database: installation.database, feeds: feeds, clock: clock, log: log,
      settings: installation.projectorSettings, holder: Installation.processName, notifier: notifier,
      watchdog: RunCommand.watchdog(), absence: absence, metrics: web.metrics,
      retention: configuration.retention)
    let reloading = ConfigurationService(
      of: daemon, installation: installation, processes: rulebook.policy.processes, signals: hangups,
      notifier: notifier, others: { try web.tokens.reading() }
    ) { [globals] in try globals.configuration(for: .daemon) }
    let beside: [any Service] = [reloading, front.service(for: daemon)]
    let keeper = installation.cluster.map { cluster in
      Task { await PrivateClusterKeeper(cluster: cluster, clock: clock, log: log).run() }
    }
    let end: Result<Void, any Error>
    do {
      end = .success(
        try await daemon.run(signals: [.sigterm, .sigint], beside: beside) { _ = notifier.ready() })
    } catch {
      end = .failure(error)
    }
    keeper?.cancel()
    await keeper?.value
    try installation.cluster?.stop()
    try end.get()
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
}
