import ArgumentParser
import Daemon
import Glibc
import Journal
import Ledger
import ServiceTime
import Settings
import UnixSignals
import Web

/// The daemon.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run the daemon until SIGTERM or SIGINT.")

  @OptionGroup var globals: GlobalOptions

  func run() async throws {
    // Reloading is not there yet; a daemon must not die of a terminal that closes.
    signal(SIGHUP, SIG_IGN)
    let configuration = try globals.configuration()
    let clock = SystemClock()
    let log = LogDestination(journalStream: getenv("JOURNAL_STREAM").map { String(cString: $0) }).makeSink()
    let web = try RunCommand.web(configuration.http, clock, log)
    let waiting = StartupWait(clock: clock, log: log)
    let installation = try await waiting.untilThere { try await Installation.open(configuration) }
    let rulebook = try await waiting.untilThere {
      if installation.cluster != nil { _ = try await installation.migrate(now: clock.now()) }
      try await installation.checkSchema()
      return try await installation.rulebook()
    }
    let feeds = try installation.spoolFeeds(rulebook)
    let daemon = BizclockDaemon(
      database: installation.database, feeds: feeds, clock: clock, log: log,
      settings: installation.projectorSettings, holder: Installation.processName,
      metrics: web?.metrics ?? DaemonMetrics())
    for feed in configuration.feeds where feed.kind != .spool {
      _ = log.write(
        LogRecord(
          time: clock.now().microseconds, priority: .warning,
          message: "Feed \(feed.name) is of kind \(feed.kind.rawValue), which this version does not read.",
          fields: ["feed": .text(feed.name)]))
    }
    let draft = try? Installation.draft(configuration)
    if let draft {
      try await waiting.untilThere { try await announceDraft(draft, installation, log, clock) }
    }
    let notifier = ServiceNotifier.fromEnvironment()
    let beside = web.map { [$0.service(for: daemon, version: Bizclock.configuration.version)] } ?? []
    try await daemon.run(signals: [.sigterm, .sigint], also: beside) {
      _ = notifier.ready(status: "taking in \(feeds.count) feeds")
    }
    _ = notifier.stopping(status: nil)
    try installation.cluster?.stop()
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

  /// Says that the draft beside the configuration is not what is in force.
  private func announceDraft(
    _ draft: PolicyDocuments, _ installation: Installation, _ log: any LogSink, _ clock: SystemClock
  ) async throws {
    let connection = try await installation.database.connect(.ask)
    let inForce = try await connection.run { try Rules.inForce(&$0) }
    await connection.close()
    guard let inForce else { return }
    let document = RuleDocument(draft)
    guard document != inForce.policy || document.files != inForce.calendar.writtenFiles else { return }
    _ = log.write(
      LogRecord(
        time: clock.now().microseconds, priority: .notice, event: .policyDiffers,
        message: "The policy draft \(draft.policyName) is not what is in force; see: bizclock policy apply."))
  }
}
