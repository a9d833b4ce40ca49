import Journal
import Ledger
import LibPQ
import ServiceLifecycle
import ServiceTime

/// Leads or stands by: projects what is appended, raises levels on their instant and writes their log lines.
///
/// One of all daemons on a database leads; it pings its session, so that the server ends one that is frozen, and
/// the next takes over.
public struct LeaderService: Service {
  private let database: DatabaseSource
  private let clock: any WallClock
  private let log: any LogSink
  private let settings: ProjectorSettings
  private let holder: String
  private let bell: Doorbell
  private let state: DaemonState
  private let metrics: DaemonMetrics

  init(
    database: DatabaseSource, clock: any WallClock, log: any LogSink, settings: ProjectorSettings, holder: String,
    bell: Doorbell, state: DaemonState, metrics: DaemonMetrics = DaemonMetrics()
  ) {
    self.database = database
    self.clock = clock
    self.log = log
    self.settings = settings
    self.holder = holder
    self.bell = bell
    self.state = state
    self.metrics = metrics
  }

  /// Runs until graceful shutdown.
  public func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      var watch = DatabaseWatch(clock: clock, log: log) { [metrics] in metrics.databaseLost() }
      while !bell.isSilenced, !Task.isCancelled {
        do {
          let connection = try await database.connect(.lead)
          try await lead(connection, &watch)
          await connection.close()
        } catch let error as PostgresError where error.code == .lockNotAvailable {
          // Rules are being applied, which takes as long as it takes: the database serves.
          state.setRole(.standby)
          _ = await bell.wait(atMost: .milliseconds(500))
        } catch {
          state.setRole(.unknown)
          await watch.lost(error, bell)
        }
      }
      clock.arm(at: nil) {}
    } onCancelOrGracefulShutdown: {
      bell.silence()
    }
  }

  /// Serves on one connection, standing by or leading, until it is told to stop.
  private func lead(_ connection: Connection, _ watch: inout DatabaseWatch) async throws {
    while !bell.isSilenced, !Task.isCancelled {
      let now = clock.now()
      let won = try await connection.run {
        try Election.win(&$0, holder: holder, now: now, settings: settings)
      }
      guard let projector = won else {
        watch.found()
        state.setRole(.standby)
        _ = await bell.wait(atMost: .milliseconds(250))
        continue
      }
      say(.leaderElected, .info, "This daemon leads: it projects events and raises alerts.")
      state.setRole(.leading)
      if try await serve(projector, connection, &watch) {
        say(.leaderDeposed, .warning, "This daemon no longer leads.")
      }
    }
  }

  /// Works until there is nothing to do, waits, and begins again; true when deposed.
  private func serve(
    _ projector: Projector, _ connection: Connection, _ watch: inout DatabaseWatch
  ) async throws -> Bool {
    let announcer = Announcer(rulebook: projector.rulebook)
    var pace = LinePace()
    var load = LoadWatch()
    while true {
      let isOver = load.isOver
      let turn = try await connection.run { [pace] in
        try self.turn(projector, announcer, pace, summarize: isOver, &$0)
      }
      guard let turn else { return true }
      pace = turn.pace
      watch.found()
      if turn.hasProjected { load.goesOn() }
      if turn.isBusy, !bell.isSilenced { continue }
      if bell.isSilenced { return false }
      clock.arm(at: turn.next) { [bell] in bell.ring() }
      state.setProjected(projector.term.position, levelsThrough: turn.now, nextLevel: turn.next)
      guard await bell.wait(atMost: .milliseconds(500)) else { return false }
    }
  }

  /// What one turn of the work found.
  private struct Turn: Sendable {
    /// Every level up to here has been raised.
    var now: Instant
    /// Whether events were projected.
    var hasProjected: Bool
    /// Whether there may be more to do at once.
    var isBusy: Bool
    /// When there is something to do next, whatever comes in.
    var next: Instant?
    /// How fast the log takes lines.
    var pace: LinePace
  }

  /// Projects a batch, raises the levels whose instants have come, writes waiting log lines; nil when deposed.
  private func turn(
    _ projector: Projector, _ announcer: Announcer, _ pace: LinePace, summarize: Bool,
    _ session: inout Session
  ) throws -> Turn? {
    var pace = pace
    let begun = ContinuousClock.now
    let step = try projector.projectNext(&session, now: clock.now())
    if step == .deposed { return nil }
    if step != .idle { metrics.projected(in: ContinuousClock.now - begun) }
    // With nothing to write, only a look tells that other rules are in force.
    if step == .idle, try !projector.isCurrent(&session) { return nil }
    // Projecting may have taken a while: levels are recorded at the time that it is then.
    let now = clock.now()
    let levels = try projector.raiseLevels(&session, now: now)
    guard levels.raised != nil else { return nil }
    let wrote = try announce(
      announcer, &pace, within: levels.more ? LinePace.sliceShare : LinePace.turnShare,
      summarize: summarize && step == .idle && !levels.more, &session)
    return Turn(
      now: now, hasProjected: step != .idle, isBusy: step != .idle || levels.more || wrote,
      next: [levels.next, projector.closureEdge(after: now), projector.shareEdge(after: now)]
        .compactMap { $0 }.min(), pace: pace)
  }

  /// Writes waiting log lines, slice by slice, each taken off the queue before the next is begun, until their share of
  /// a turn is used up; true if there may be more.
  private func announce(
    _ announcer: Announcer, _ pace: inout LinePace, within share: Duration, summarize: Bool,
    _ session: inout Session
  ) throws -> Bool {
    let begun = ContinuousClock.now
    while true {
      let limit = pace.slice
      let lines = try Outbox.pending(&session, limit: limit, summaries: false)
      let written = try write(lines, announcer, &pace, &session)
      // The log takes no more for now: a later turn tries again.
      if written < lines.count { return false }
      if lines.count < limit { break }
      if ContinuousClock.now - begun >= share { return true }
    }
    guard summarize else { return false }
    // One load makes one summary: it waits for the lines before it.
    let summaries = try Outbox.pending(&session, limit: 0, summaries: true)
    if let summary = Announcer.merged(summaries), log.write(announcer.record(summary, at: clock.now())) {
      try Outbox.written(summaries, at: clock.now(), &session)
    }
    return false
  }

  /// Writes a slice of lines and takes those that were written off the queue; says how many they were.
  private func write(
    _ lines: [PendingLine], _ announcer: Announcer, _ pace: inout LinePace, _ session: inout Session
  ) throws -> Int {
    guard !lines.isEmpty else { return 0 }
    let begun = ContinuousClock.now
    let written = log.write(contentsOf: lines.map { announcer.record($0, at: clock.now()) })
    try Outbox.written(Array(lines.prefix(written)), at: clock.now(), &session)
    metrics.logged(lines.prefix(written))
    pace.took(ContinuousClock.now - begun, lines: lines.count, written: written)
    return written
  }

  private func say(_ event: Journal.LogEvent, _ priority: LogPriority, _ message: String) {
    _ = log.write(LogRecord(time: clock.microseconds(), priority: priority, event: event, message: message))
  }
}
