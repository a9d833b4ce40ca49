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
  private let settings: CurrentSettings
  private let holder: String
  private let bell: Doorbell
  private let state: DaemonState
  private let absence: AbsenceAlarm
  private let heart: Heartbeat
  private let metrics: DaemonMetrics

  init(
    database: DatabaseSource, clock: any WallClock, log: any LogSink, settings: CurrentSettings, holder: String,
    bell: Doorbell, state: DaemonState, absence: AbsenceAlarm, heart: Heartbeat, metrics: DaemonMetrics
  ) {
    self.database = database
    self.clock = clock
    self.log = log
    self.settings = settings
    self.holder = holder
    self.bell = bell
    self.state = state
    self.absence = absence
    self.heart = heart
    self.metrics = metrics
  }

  /// Runs until graceful shutdown.
  public func run() async throws {
    try await withTaskCancellationOrGracefulShutdownHandler {
      var watch = DatabaseWatch(clock: clock, log: log) { [metrics] in metrics.databaseLost() }
      var elections = Damper()
      while !bell.isSilenced, !Task.isCancelled {
        heart.away()
        do {
          let connection = try await database.connect(.lead)
          try await lead(connection, &watch, &elections)
          await connection.close()
        } catch let fault as Schema.Fault {
          // A newer version has taken the database over: what this one would write there is nonsense.
          say(nil, .critical, "This daemon stops: \(fault).")
          throw fault
        } catch let error as PostgresError where error.code == .lockNotAvailable {
          // Rules are being applied, which takes as long as it takes: the database serves.
          state.setRole(.standby)
          heart.beat(within: .seconds(1))
          _ = await bell.wait(atMost: .milliseconds(500))
        } catch {
          state.setRole(.unknown)
          absence.failed(error)
          heart.beat(within: .seconds(2))
          await watch.lost(error, bell)
        }
      }
      clock.arm(at: nil) {}
      heart.end()
    } onCancelOrGracefulShutdown: {
      bell.silence()
    }
  }

  /// Serves on one connection, standing by or leading, until it is told to stop.
  private func lead(
    _ connection: Connection, _ watch: inout DatabaseWatch, _ elections: inout Damper
  ) async throws {
    var standby = StandbyWatch()
    while !bell.isSilenced, !Task.isCancelled {
      let now = clock.now()
      heart.away()
      let won = try await connection.run {
        try Election.win(&$0, holder: holder, now: now, settings: settings.value)
      }
      guard let projector = won else {
        watch.found()
        state.setRole(.standby)
        absence.stoodBy()
        // Whoever leads after another is news.
        elections = Damper()
        if try await standby.look(connection) {
          say(nil, .warning, "The leader had stopped in the middle of its work; its session was ended.")
        }
        heart.beat(within: .milliseconds(250))
        _ = await bell.wait(atMost: .milliseconds(250))
        continue
      }
      absence.elected(projector)
      if try await serve(projector, connection, &watch, &elections) {
        elections = Damper()
        say(.leaderDeposed, .warning, "This daemon no longer leads.")
      }
    }
  }

  /// Works until there is nothing to do, waits, and begins again; true when deposed.
  private func serve(
    _ projector: Projector, _ connection: Connection, _ watch: inout DatabaseWatch, _ elections: inout Damper
  ) async throws -> Bool {
    var teller = OutboxTeller(
      announcer: Announcer(rulebook: projector.rulebook), clock: clock, log: log, absence: absence, metrics: metrics
    )
    projector.appended = database.appended
    database.appended.open(true)
    defer { database.appended.open(false) }
    var load = LoadWatch()
    var isElected = false
    while true {
      let isOver = load.isOver
      heart.away()
      let turn: Turn?
      do {
        turn = try await connection.run { [teller] in
          try self.turn(projector, teller, summarize: isOver, &$0)
        }
      } catch let error as PostgresError where error.code == .lockNotAvailable {
        // Somebody else has locked what is needed; the term is ours as long as the session is.
        teller.forget()
        heart.beat(within: .milliseconds(500))
        guard await bell.wait(atMost: .milliseconds(500)) else { return false }
        continue
      }
      heart.beat()
      guard let turn else { return true }
      // An election after which nothing can be done, as in a database that refuses what is written, is none.
      if !isElected {
        isElected = true
        if elections.allow() {
          say(.leaderElected, .info, "This daemon leads: it projects events and raises alerts.")
        }
        state.setRole(.leading)
      }
      teller = turn.teller
      watch.found()
      if turn.hasProjected { load.goesOn() }
      if turn.isBusy, !bell.isSilenced { continue }
      if bell.isSilenced { return false }
      clock.arm(at: turn.next) { [bell] in bell.ring() }
      state.setProjected(projector.term.position, levelsThrough: turn.now, nextLevel: turn.next)
      heart.beat(within: .milliseconds(500))
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
    /// With what it has read of the queue.
    var teller: OutboxTeller
  }

  /// Projects a batch, raises the levels whose instants have come, writes waiting log lines; nil when deposed.
  private func turn(
    _ projector: Projector, _ teller: OutboxTeller, summarize: Bool, _ session: inout Session
  ) throws -> Turn? {
    var teller = teller
    projector.settings.retrospectiveAfter = settings.value.retrospectiveAfter
    let begun = ContinuousClock.now
    let step = try projector.projectNext(&session, now: clock.now())
    absence.answered()
    if step == .deposed { return nil }
    if step != .idle { metrics.projected(in: ContinuousClock.now - begun) }
    // With nothing to write, only a look tells that other rules are in force.
    if step == .idle, try !projector.isCurrent(&session) { return nil }
    absence.answered()
    // Projecting may have taken a while: levels are recorded at the time that it is then.
    let now = clock.now()
    let levels = try projector.raiseLevels(&session, now: now)
    guard levels.raised != nil else { return nil }
    if !levels.more { absence.raised(through: now) }
    let wrote = try teller.tell(
      within: levels.more ? LinePace.sliceShare : LinePace.turnShare,
      summarize: summarize && step == .idle && !levels.more, &session)
    return Turn(
      now: now, hasProjected: step != .idle, isBusy: step != .idle || !levels.isDone || wrote,
      next: [levels.next, projector.closureEdge(after: now), projector.shareEdge(after: now)]
        .compactMap { $0 }.min(), teller: teller)
  }

  private func say(_ event: Journal.LogEvent?, _ priority: LogPriority, _ message: String) {
    _ = log.write(LogRecord(time: clock.microseconds(), priority: priority, event: event, message: message))
  }
}
