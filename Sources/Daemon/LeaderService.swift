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

  init(
    database: DatabaseSource, clock: any WallClock, log: any LogSink, settings: ProjectorSettings, holder: String,
    bell: Doorbell, state: DaemonState
  ) {
    self.database = database
    self.clock = clock
    self.log = log
    self.settings = settings
    self.holder = holder
    self.bell = bell
    self.state = state
  }

  /// Runs until graceful shutdown.
  public func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      var watch = DatabaseWatch(clock: clock, log: log)
      while !bell.isSilenced, !Task.isCancelled {
        do {
          let connection = try await database.connect(.lead)
          watch.found()
          try await lead(connection)
          await connection.close()
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
  private func lead(_ connection: Connection) async throws {
    while !bell.isSilenced, !Task.isCancelled {
      let now = clock.now()
      let won = try await connection.run { session -> Leader? in
        guard let (inForce, rulebook) = try RuleLoader.load(&session),
          let term = try Leadership.acquire(&session, holder: holder, now: now)
        else { return nil }
        // Rules may have come into force between reading them and winning the term.
        guard term.policy == inForce.policyID, term.calendar == inForce.calendarID else { return nil }
        let projector = Projector(term: term, rulebook: rulebook, settings: settings)
        try projector.prepare(&session)
        return Leader(projector: projector, announcer: Announcer(rulebook: rulebook))
      }
      guard let leader = won else {
        state.setRole(.standby)
        _ = await bell.wait(atMost: .milliseconds(500))
        continue
      }
      say(.leaderElected, .info, "This daemon leads: it projects events and raises alerts.")
      state.setRole(.leading)
      if try await serve(leader, connection) { say(.leaderDeposed, .warning, "This daemon no longer leads.") }
    }
  }

  private struct Leader: Sendable {
    var projector: Projector
    var announcer: Announcer
  }

  /// Works until there is nothing to do, waits, and begins again; true when deposed.
  private func serve(_ leader: Leader, _ connection: Connection) async throws -> Bool {
    while true {
      let now = clock.now()
      let projector = leader.projector
      let announcer = leader.announcer
      let (deposed, busy, next) = try await connection.run { session -> (Bool, Bool, Instant?) in
        let step = try projector.projectNext(&session, now: now)
        if step == .deposed { return (true, false, nil) }
        // With nothing to write, only a look tells that other rules are in force.
        if step == .idle, try !projector.isCurrent(&session) { return (true, false, nil) }
        guard try projector.settleClosures(&session, now: now) else { return (true, false, nil) }
        let levels = try projector.raiseLevels(&session, now: now)
        guard levels.raised != nil else { return (true, false, nil) }
        let wrote = try announce(announcer, caughtUp: step == .idle, now, &session)
        let next = [levels.next, projector.closureEdge(after: now)].compactMap { $0 }.min()
        return (false, step != .idle || levels.more || wrote, next)
      }
      if deposed { return true }
      if busy, !bell.isSilenced { continue }
      if bell.isSilenced { return false }
      clock.arm(at: next) { [bell] in bell.ring() }
      state.setProjected(projector.term.position, levelsThrough: now, nextLevel: next)
      guard await bell.wait(atMost: .seconds(1)) else { return false }
    }
  }

  /// Writes waiting log lines and takes them off the queue; true if there may be more.
  private func announce(
    _ announcer: Announcer, caughtUp: Bool, _ now: Instant, _ session: inout Session
  ) throws -> Bool {
    let limit = 5_000
    let lines = try Outbox.pending(&session, limit: limit, summaries: caughtUp)
    guard !lines.isEmpty else { return false }
    let single = lines.filter { $0.subject != nil }
    let summaries = lines.filter { $0.subject == nil }
    var written = Array(single.prefix(log.write(contentsOf: single.map { announcer.record($0, at: now) })))
    // One load makes one summary: it waits for the lines before it.
    if lines.count < limit, let summary = Announcer.merged(summaries), log.write(announcer.record(summary, at: now))
    {
      written += summaries
    }
    try Outbox.written(written, at: now, &session)
    return lines.count == limit && !written.isEmpty
  }

  private func say(_ event: Journal.LogEvent, _ priority: LogPriority, _ message: String) {
    _ = log.write(LogRecord(time: clock.microseconds(), priority: priority, event: event, message: message))
  }
}
