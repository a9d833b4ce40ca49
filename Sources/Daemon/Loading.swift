import Feeds
import Glibc
import Journal
import Ledger
import LibPQ
import ServiceTime
import Synchronization

/// Loads inputs on command and returns when they are projected: by the leader, or here where no daemon serves.
///
/// It raises no level while it loads, and writes no line: where a daemon serves, that one is to lead.
public struct Loading: Sendable {
  let database: DatabaseSource
  let clock: any WallClock
  let log: any LogSink
  private var settings: ProjectorSettings

  /// A loading over a database.
  public init(
    database: DatabaseSource, clock: any WallClock, log: any LogSink,
    settings: ProjectorSettings = ProjectorSettings()
  ) {
    self.database = database.forLoad()
    self.clock = clock
    self.log = log
    self.settings = settings
    // Nobody waits for a level meanwhile, and a case that moves often is written once.
    self.settings.batch = max(settings.batch, 60_000)
  }

  /// How far a loading is.
  public enum Progress: Sendable {
    /// What has been taken in so far.
    case loaded(AppendOutcome)
    /// The position up to which the ledger is projected.
    case projected(Int64)
  }

  /// Takes in inputs, one after the other, and returns when what they held is projected.
  ///
  /// Projecting goes on beside the loading. What has been loaded is committed: a database that goes away is waited
  /// for, as the daemon does.
  public func run(
    _ inputs: [LoadInput], feed: FeedDescription, history: Bool,
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) async throws -> AppendOutcome {
    try await projecting(progress) {
      try await load(inputs, feed: feed, history: history) { progress(.loaded($0)) }
    } position: {
      $0.position
    }
  }

  /// Does some loading, and returns when the ledger is projected up to the position that it gives.
  func projecting<R: Sendable>(
    _ progress: @escaping @Sendable (Progress) -> Void, _ load: @escaping @Sendable () async throws -> R,
    position: @escaping @Sendable (R) -> Int64
  ) async throws -> R {
    let goal = Goal()
    return try await withThrowingTaskGroup(of: R?.self) { group in
      group.addTask {
        let loaded = try await load()
        goal.reach(position(loaded))
        return loaded
      }
      group.addTask {
        try await project(until: goal) { progress(.projected($0)) }
        return nil
      }
      var loaded: R?
      for try await outcome in group { if let outcome { loaded = outcome } }
      guard let loaded else { throw CancellationError() }
      return loaded
    }
  }

  /// The position to be projected; not known before everything is loaded.
  private final class Goal: Sendable {
    private let position = Mutex<Int64?>(nil)
    func reach(_ position: Int64) { self.position.withLock { $0 = position } }
    /// Whether everything is loaded.
    var isKnown: Bool { position.withLock { $0 != nil } }
    func isReached(by position: Int64) -> Bool { self.position.withLock { $0.map { $0 <= position } ?? false } }
  }

  private func load(
    _ inputs: [LoadInput], feed: FeedDescription, history: Bool,
    progress: @escaping @Sendable (AppendOutcome) -> Void
  ) async throws -> AppendOutcome {
    let intake = Intake(database: database, clock: clock, log: log)
    let (batch, appended) = (20_000, database.appended)
    var total = AppendOutcome()
    for input in inputs {
      let before = total
      total += try await input.withDescriptor { descriptor in
        try await intake.take(
          descriptor: descriptor, origin: input.name, feed: feed, history: history, batch: batch,
          stop: Doorbell(), pace: { await appended.waitForRoom(for: batch) }
        ) { done in
          var all = before
          all += done
          progress(all)
        }.outcome
      }
    }
    await intake.close()
    return total
  }

  /// Returns once the projections have reached the goal; projects here where nobody leads and no daemon is to.
  private func project(until goal: Goal, progress: @escaping @Sendable (Int64) -> Void) async throws {
    var watch = DatabaseWatch(clock: clock, log: log)
    let bell = Doorbell()
    while true {
      do {
        let ask = try await database.connect(.ask)
        while true {
          try Task.checkCancellation()
          let (reached, led) = try await ask.run { try ServiceStatus.progress(&$0) }
          watch.found()
          progress(reached)
          if goal.isReached(by: reached) { break }
          if !led, try await !ask.run({ try ServiceStatus.hasDaemon(&$0) }) {
            try await lead(until: goal, progress)
          }
          _ = await bell.wait(atMost: .milliseconds(50))
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

  /// How often it is looked whether a daemon has come.
  private static let look = Duration.seconds(1)

  /// Leads for as long as it takes, or until a daemon serves.
  private func lead(until goal: Goal, _ progress: @escaping @Sendable (Int64) -> Void) async throws {
    let connection = try await database.connect(.lead)
    let settings = settings
    let now = clock.now()
    let won = try await connection.run {
      try Election.win(&$0, holder: Installation.processName, now: now, settings: settings)
    }
    guard let projector = won else {
      await connection.close()
      return
    }
    let bell = Doorbell()
    projector.appended = database.appended
    database.appended.open(true)
    defer { database.appended.open(false) }
    var next = ContinuousClock.now + Loading.look
    while !goal.isReached(by: projector.term.position), !Task.isCancelled {
      if .now >= next {
        // The session's end gives the leadership up: the alerts of all the others cannot wait for this load.
        if try await connection.run({ try ServiceStatus.hasDaemon(&$0) }) { return await connection.close() }
        next = .now + Loading.look
      }
      projector.expectsMore = !goal.isKnown
      let step = try await connection.run { try projector.projectNext(&$0, now: clock.now()) }
      progress(projector.term.position)
      if step == .deposed { break }
      if step == .idle { _ = await bell.wait(atMost: .milliseconds(10)) }
    }
    projector.expectsMore = false
    // The session's end gives the leadership up; levels that are due are left to the daemon, or raised here.
    try await connection.run { session in
      while try !projector.raiseLevels(&session, now: clock.now()).isDone {}
    }
    await connection.close()
  }
}
