import Journal
import LibPQ
import ServiceLifecycle
import ServiceTime
import Settings
import Synchronization
import UnixSignals

/// Reads the configuration anew when it is asked to (SIGHUP), and moves the daemon to it: whole, or not at all.
public final class ConfigurationService: Service {
  private let daemon: BizclockDaemon
  /// With the configuration that the daemon was started with.
  private let installation: Installation
  private let processes: Set<String>
  private let notifier: ServiceNotifier
  private let read: @Sendable () throws -> Configuration
  private let others: @Sendable () throws -> @Sendable () -> Reread
  private let signals: UnixSignalsSequence?
  private let notice: PolicyDraftNotice
  private let bell = Doorbell()
  private let isAsked = Mutex(false)

  /// A service beside a daemon.
  ///
  /// - Parameters:
  ///   - installation: what the daemon was started with.
  ///   - processes: those of the policy in force; each file is read with those of its own moment.
  ///   - signals: each asks for a reading; those that came before the service runs count too.
  ///   - others: reads what else is read anew; what it gives puts that in force and tells what became of it.
  ///   - read: reads the configuration.
  public init(
    of daemon: BizclockDaemon, installation: Installation, processes: Set<String>,
    signals: UnixSignalsSequence? = nil, notifier: ServiceNotifier = ServiceNotifier(socket: nil),
    others: @escaping @Sendable () throws -> @Sendable () -> Reread = { { Reread() } },
    read: @escaping @Sendable () throws -> Configuration
  ) {
    self.others = others
    self.daemon = daemon
    self.installation = installation
    self.processes = processes
    self.signals = signals
    self.notifier = notifier
    self.read = read
    notice = PolicyDraftNotice(database: installation.database, clock: daemon.clock, log: daemon.log)
  }

  /// Asks for a reading; several before it is done make one.
  public func ask() {
    isAsked.withLock { $0 = true }
    bell.ring()
  }

  /// Runs until graceful shutdown.
  public func run() async throws {
    let heart = daemon.heartbeats.loop("configuration")
    await cancelWhenGracefulShutdown { [self] in
      await withTaskGroup(of: Void.self) { group in
        if let signals {
          group.addTask { [self] in for await _ in signals { ask() } }
        }
        var untold = notice.draft(of: installation.configuration)
        repeat {
          heart.beat()
          let isAsked = isAsked.withLock { asked in
            defer { asked = false }
            return asked
          }
          if isAsked { untold = reload() }
          heart.away()
          // A database that is away is asked again.
          if let draft = untold, (try? await notice.tell(draft)) != nil { untold = nil }
          heart.beat(within: .seconds(600))
        } while await bell.wait(atMost: .seconds(untold == nil ? 600 : 5))
        group.cancelAll()
      }
    }
    heart.end()
    // A service that returns ends the others.
    try? await gracefulShutdown()
  }

  /// Reads the configuration and moves the daemon to it; the draft that is to be compared with what is in force.
  func reload() -> PolicyDraftNotice.Draft? {
    // Before the daemon serves the manager waits for that alone.
    let isReady = daemon.state.snapshot.isReady
    if isReady { notifier.reloading() }
    defer { if isReady { notifier.ready() } }
    do {
      let fresh = Installation(
        configuration: try read(), database: installation.database, cluster: installation.cluster)
      let feeds = try fresh.servedFeeds(processes: processes)
      let takeOver = try others()
      let (before, settings) = (daemon.settings, fresh.projectorSettings)
      let retention = fresh.configuration.retention
      let keptBefore = daemon.retention
      let change = daemon.reload(feeds: feeds, settings: settings, retention: retention)
      let other = takeOver()
      daemon.state.setRefusal(nil)
      var words = ConfigurationService.words(change)
      if before.retrospectiveAfter != settings.retrospectiveAfter { words.append("alerts.retrospective_after") }
      if keptBefore != retention { words.append("retention") }
      if let change = other.change { words.append(change) }
      sayLoaded(fresh.configuration, words)
      if let trouble = other.trouble {
        _ = daemon.log.write(LogRecord(time: daemon.clock.microseconds(), priority: .error, message: trouble))
      }
      return notice.draft(of: fresh.configuration)
    } catch {
      refuse(error)
      return nil
    }
  }

  private func sayLoaded(_ fresh: Configuration, _ words: [String]) {
    let what = words.isEmpty ? "nothing has changed that it can take over" : words.joined(separator: "; ")
    var record = LogRecord(
      time: daemon.clock.microseconds(), priority: .notice, event: .configurationLoaded,
      message: "The configuration was read anew: \(what).")
    record.set("file", .text(fresh.file ?? ""))
    _ = daemon.log.write(record)
    let untaken = ConfigurationService.untaken(installation.configuration, fresh)
    guard !untaken.isEmpty else { return }
    _ = daemon.log.write(
      LogRecord(
        time: daemon.clock.microseconds(), priority: .warning,
        message: "Changed in the configuration, and not taken over by a reload: \(untaken)."))
  }

  /// What another list of feeds changes, in words.
  private static func words(_ change: FeedChange) -> [String] {
    [("added", change.added), ("changed", change.changed), ("removed", change.removed)]
      .filter { !$0.1.isEmpty }.map { "feeds \($0.0): \($0.1.joined(separator: ", "))" }
  }

  /// What a daemon that was started with another configuration cannot take over, and what to do. The values stay out of
  /// the log: they may hold secrets.
  static func untaken(_ old: Configuration, _ new: Configuration) -> String {
    var keys: [String] = []
    if old.database != new.database { keys.append("database") }
    if old.stateDirectory != new.stateDirectory { keys.append("state_directory") }
    if old.http.listen != new.http.listen { keys.append("http.listen") }
    if old.http.tokens != new.http.tokens { keys.append("http.tokens") }
    if old.http.bodyLimit != new.http.bodyLimit { keys.append("http.body_limit") }
    if old.http.bodyTime != new.http.bodyTime { keys.append("http.body_time") }
    var parts: [String] = []
    if !keys.isEmpty { parts.append(keys.joined(separator: ", ") + " (systemctl restart bizclock)") }
    if old.alerts.showIndividualNames != new.alerts.showIndividualNames {
      parts.append("alerts.show_individual_names (bizclock migrate)")
    }
    return parts.joined(separator: ", ")
  }

  /// All that is wrong, and the first twenty of it in one line.
  static func faults(of error: any Error) -> (all: [String], line: String) {
    let faults = (error as? SettingsError)?.faults.map(\.description) ?? ["\(error)"]
    return (faults, faults.prefix(20).joined(separator: "; ") + (faults.count > 20 ? "; …" : ""))
  }

  /// Says all that is wrong in one record; the old configuration goes on.
  private func refuse(_ error: any Error) {
    let (faults, shown) = ConfigurationService.faults(of: error)
    let count = faults.count == 1 ? "1 fault" : "\(faults.count) faults"
    var record = LogRecord(
      time: daemon.clock.microseconds(), priority: .error, event: .configurationRefused,
      message: "The configuration was not taken over, the one before goes on; \(count): \(shown)")
    record.set("faults", .integer(Int64(faults.count)))
    _ = daemon.log.write(record)
    daemon.state.setRefusal("configuration refused, the one before goes on: \(count), the first: \(faults[0])")
  }
}
