import Daemon
import Foundation
import Glibc
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import Simulator
import UnixSignals

/// The demo: a private database, history, then a daemon fed through a spool directory on an accelerated clock.
final class Demo: Sendable {
  /// Where everything of the demo is.
  struct Folder: Sendable {
    var path: String
    /// Whether it outlives the demo.
    var isKept: Bool

    /// A new folder in /tmp. The database's user must be able to pass through it, nobody to look into it.
    static func temporary() throws -> Folder {
      var template = Array("/tmp/bizclock-demo-XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else {
        throw CommandFailure.io("No folder can be made in /tmp")
      }
      let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      chmod(path, 0o711)
      return Folder(path: path, isKept: false)
    }
  }

  private let folder: Folder
  private let speed: Int64
  private let seed: UInt64
  private let configuration: Configuration

  /// Monday; three working days follow.
  private static let opening = LocalTime(CivilDate(year: 2026, month: 9, day: 14), timeOfDay: 8 * 3_600_000_000)
  private static let live: Int64 = 58 * 3_600_000_000

  init(folder: Folder, speed: Int64, seed: UInt64) {
    self.folder = folder
    self.speed = speed
    self.seed = seed
    let feed = FeedSettings(
      name: "e-registration", source: "demo", kind: .spool, directory: folder.path + "/spool", format: .ndjson)
    configuration = Configuration(database: .private, stateDirectory: folder.path, feeds: [feed])
  }

  /// Loads, runs and reports; without `once` it goes on until SIGINT or SIGTERM.
  func run(once: Bool) async throws {
    Terminal.note("starting a database in \(folder.path)")
    let installation = try await Installation.open(configuration, isKept: folder.isKept)
    if !folder.isKept { installation.cluster?.endWithThisProcess() }
    let rulebook = try await prepare(installation)
    guard let calendar = rulebook.mainCalendar(process: "opening"),
      let feed = try installation.servedFeeds(rulebook).first
    else { throw CommandFailure.broken("The shipped policy has no process opening; rebuild the program.") }
    let start = calendar.zone.instant(Demo.opening)
    let town = DemoTown(seed: seed, calendar: calendar, start: start)
    let live = try await load(town.history(in: folder.path), town, installation, at: start)

    let clock = AcceleratedClock(start: start, speed: speed)
    let log = DemoLog()
    let daemon = BizclockDaemon(
      database: installation.database, feeds: [feed], clock: clock, log: log,
      settings: installation.projectorSettings, holder: Installation.processName)
    let feeder = DemoFeeder(
      events: live, directory: feed.directory ?? folder.path, zone: calendar.zone, clock: clock)
    Terminal.note("the town is open; a second here is \(speed) of its own; overruns as they are logged:\n")
    let report = DemoReport(database: installation.database, zone: calendar.zone)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await daemon.run(signals: [.sigterm, .sigint]) }
      group.addTask {
        try await feeder.run(until: start + Demo.live)
        try await report.print(log, at: clock.now())
        if once { return }
        Terminal.print(
          "\nThe town goes on; look at it with\n  psql \"\(installation.database.conninfo)\"\nand end it with Ctrl-C.\n"
        )
        try await feeder.run(until: nil) { now in try await report.setNow(now) }
      }
      // Whichever ends first, the daemon by a signal or the demo by itself, ends the other.
      try await group.next()
      group.cancelAll()
      while let _ = try? await group.next() {}
    }
  }

  /// Stops the database and removes the folder.
  func end() async {
    if let cluster = try? PrivateCluster(directory: folder.path + "/postgres") { try? cluster.stop() }
    if folder.isKept {
      Terminal.note("kept: \(folder.path)")
    } else {
      try? FileManager.default.removeItem(atPath: folder.path)
    }
  }

  private func prepare(_ installation: Installation) async throws -> Rulebook {
    let spool = folder.path + "/spool"
    guard mkdir(spool, 0o755) == 0 || errno == EEXIST else {
      throw CommandFailure.io("\(spool) cannot be made")
    }
    // Everything in the demo's database is of the demo's time.
    _ = try await installation.migrate(now: TimeZoneTable.utc.instant(Demo.opening) + -86_400_000_000)
    return try await installation.rulebook()
  }

  /// Loads the history and gives the events that are still to come.
  private func load(
    _ history: DemoTown.History, _ town: DemoTown, _ installation: Installation, at start: Instant
  ) async throws -> ChronologicalEvents {
    let descriptor = open(history.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw CommandFailure.io("\(history.path) cannot be read")
    }
    defer { close(descriptor) }
    let loading = Loading(
      database: installation.database, clock: ManualClock(start), log: TextSink(),
      settings: installation.projectorSettings)
    let feed = try installation.servedFeeds(try await installation.rulebook())
    guard let description = feed.first?.description else { return history.rest }
    let progress = ProgressLine()
    let outcome = try await loading.run(
      [LoadInput(name: "history", descriptor: descriptor)], feed: description, history: true
    ) {
      progress.show($0)
    }
    progress.end()
    Terminal.note("loaded \(outcome.new) events of history; they page nobody")
    return history.rest
  }
}
