import Feeds
import Glibc
import Journal
import Ledger
import LibPQ
import ServiceTime

/// Loads inputs on command and returns when they are projected: by the leader, or here where nobody leads.
public struct Loading: Sendable {
  private let database: DatabaseSource
  private let clock: any WallClock
  private let log: any LogSink
  private let settings: ProjectorSettings

  /// A loading over a database.
  public init(
    database: DatabaseSource, clock: any WallClock, log: any LogSink,
    settings: ProjectorSettings = ProjectorSettings()
  ) {
    self.database = database
    self.clock = clock
    self.log = log
    self.settings = settings
  }

  /// Takes in open descriptors, one after the other; `progress` is told after each batch.
  public func load(
    _ inputs: [(name: String, descriptor: Int32)], feed: FeedDescription, history: Bool,
    progress: @escaping @Sendable (AppendOutcome) -> Void = { _ in }
  ) async throws -> AppendOutcome {
    let intake = Intake(database: database, clock: clock, log: log)
    var total = AppendOutcome()
    for input in inputs {
      let before = total
      total += try await intake.take(
        descriptor: input.descriptor, origin: input.name, feed: feed, history: history, batch: 20_000,
        stop: Doorbell()
      ) { done in
        var all = before
        all += done
        progress(all)
      }.outcome
    }
    await intake.close()
    return total
  }

  /// Returns once the projections have reached a position; projects here where nobody leads.
  ///
  /// What has been loaded is committed: a database that goes away is waited for, as the daemon does.
  public func project(through position: Int64, progress: @escaping @Sendable (Int64) -> Void = { _ in })
    async throws
  {
    var watch = DatabaseWatch(clock: clock, log: log)
    let bell = Doorbell()
    while true {
      do {
        let ask = try await database.connect(.ask)
        while true {
          let (reached, led) = try await ask.run { try ServiceStatus.progress(&$0) }
          watch.found()
          progress(reached)
          if reached >= position { break }
          if led {
            _ = await bell.wait(atMost: .milliseconds(100))
          } else {
            try await lead(through: position, progress)
          }
        }
        await ask.close()
        return
      } catch let error as PostgresError where error.code == .lockNotAvailable {
        // Rules are being applied.
        _ = await bell.wait(atMost: .milliseconds(500))
      } catch let error as PostgresError where error.isRetryable {
        try Task.checkCancellation()
        await watch.lost(error, bell)
      }
    }
  }

  /// Leads for as long as it takes.
  private func lead(through position: Int64, _ progress: @escaping @Sendable (Int64) -> Void) async throws {
    let connection = try await database.connect(.lead)
    let holder = Installation.processName
    let now = clock.now()
    let settings = settings
    let won = try await connection.run {
      try Election.win(&$0, holder: holder, now: now, settings: settings)
    }
    guard let projector = won else {
      await connection.close()
      _ = await Doorbell().wait(atMost: .milliseconds(100))
      return
    }
    while projector.term.position < position {
      let step = try await connection.run { try projector.projectNext(&$0, now: clock.now()) }
      progress(projector.term.position)
      if step == .deposed || step == .idle { break }
    }
    // The session's end gives the leadership up; levels that are due are left to the daemon, or raised here.
    try await connection.run { session in
      guard try projector.settleClosures(&session, now: clock.now()) else { return }
      while try projector.raiseLevels(&session, now: clock.now()).more {}
    }
    await connection.close()
  }
}
