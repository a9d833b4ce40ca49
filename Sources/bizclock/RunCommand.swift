import ArgumentParser
import Daemon
import Glibc
import Journal
import Ledger
import ServiceTime
import Settings
import UnixSignals

/// The daemon.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run the daemon until SIGTERM or SIGINT.")

  @OptionGroup var globals: GlobalOptions

  func run() async throws {
    // Reloading is not there yet; a daemon must not die of a terminal that closes.
    signal(SIGHUP, SIG_IGN)
    CoreDump.forbid()
    let configuration = try globals.configuration()
    let clock = SystemClock()
    let log = LogDestination(journalStream: getenv("JOURNAL_STREAM").map { String(cString: $0) }).makeSink()
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
      retention: configuration.retention)
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
    let keeper = installation.cluster.map { cluster in
      Task { await PrivateClusterKeeper(cluster: cluster, clock: clock, log: log).run() }
    }
    let notifier = ServiceNotifier.fromEnvironment()
    try await daemon.run(signals: [.sigterm, .sigint]) {
      _ = notifier.ready(status: "taking in \(feeds.count) feeds")
    }
    _ = notifier.stopping(status: nil)
    keeper?.cancel()
    await keeper?.value
    try installation.cluster?.stop()
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
