import Dispatch
import LibPQ
import ServiceTime
import Synchronization

/// Cases that are read and judged on some connections while another takes what becomes of them, page by page, in any
/// order.
///
/// One of the readers walks the cases, and hands on what others have time for. Where something is written, the writer
/// holds the lock on the projector's row by then: nobody else changes what is read, and each case is read before it is
/// written. So all readers see the same.
final class JudgedAhead: Sendable {
  private struct State {
    var question: (touched: TouchedCases.Question, change: Refolder.Change)?
    /// What has been walked and not been taken up; at most one for each that helps.
    var batches: [TouchedCases.Batch] = []
    var isWalked = false
    var pages: [ProjectionDelta] = []
    var moved = (moves: Moves(), fingerprint: Fingerprint())
    var failure: PostgresError?
    /// How many still read.
    var readers: Int
    var isStopped = false
  }

  private let helpers: Int
  private let state: Mutex<State>
  private let asked = DispatchSemaphore(value: 0)
  private let handedOn = DispatchSemaphore(value: 0)
  private let filled = DispatchSemaphore(value: 0)
  private let room = DispatchSemaphore(value: 0)

  /// None is asked for yet; so many will read.
  init(readers: Int) {
    helpers = max(0, readers - 1)
    state = Mutex(State(readers: readers))
    // Not its value at the start: one that ends below that, as where pages are left, is a fault to Dispatch.
    for _ in 0..<max(2, readers) { room.signal() }
  }

  /// Runs a body that takes what is read and judged meanwhile on some connections; without any it does so itself.
  static func reading<R: Sendable>(
    on connections: [Connection], _ body: @Sendable (JudgedAhead?) async throws -> R
  ) async throws -> R {
    guard !connections.isEmpty else { return try await body(nil) }
    let ahead = JudgedAhead(readers: connections.count)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      for (place, connection) in connections.enumerated() {
        group.addTask {
          do {
            try await connection.run { ahead.serve(walks: place == 0, &$0) }
          } catch {
            // What reading could not do, taking meets with.
            ahead.fail(PostgresError(.connectionLost, operation: "reading the cases", message: "\(error)"))
          }
        }
      }
      let done: Result<R, any Error>
      do {
        done = .success(try await body(ahead))
      } catch {
        done = .failure(error)
      }
      ahead.stop()
      try await group.waitForAll()
      return try done.get()
    }
  }

  // MARK: - Reading

  /// Reads and judges what will be asked for, to the end, or until it is stopped. Holds its connection; a transaction
  /// that is on is taken for one that sees what it should.
  func serve(walks: Bool, _ session: inout Session) {
    asked.wait()
    if let question = state.withLock({ $0.isStopped ? nil : $0.question }) {
      do throws(PostgresError) {
        if !session.isInTransaction { try session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY") }
        if walks { try walk(question.touched, question.change, &session) }
        try help(question.change, &session)
      } catch {
        fail(error)
      }
    }
    session.rollbackQuietly()
    state.withLock { $0.readers -= 1 }
    filled.signal()
  }

  private func walk(
    _ touched: TouchedCases.Question, _ change: Refolder.Change, _ session: inout Session
  ) throws(PostgresError) {
    defer {
      state.withLock { $0.isWalked = true }
      for _ in 0..<helpers + 1 { handedOn.signal() }
    }
    var walk = try TouchedCases(touched, &session)
    try KeyLookups.begin(&session)
    while let batch = try walk.next(&session) {
      let isTaken = state.withLock { state in
        guard state.batches.count < helpers else { return false }
        state.batches.append(batch)
        return true
      }
      if isTaken {
        handedOn.signal()
      } else if try !judge(batch, change, &session) {
        return
      }
    }
  }

  /// Judges what is handed on, until there is no more.
  private func help(_ change: Refolder.Change, _ session: inout Session) throws(PostgresError) {
    try KeyLookups.begin(&session)
    while true {
      try JudgedAhead.wait(handedOn, &session)
      let (batch, isLast) = state.withLock { state in
        (
          state.batches.isEmpty ? nil : state.batches.removeFirst(),
          state.isStopped || state.isWalked && state.batches.isEmpty
        )
      }
      if let batch, try !judge(batch, change, &session) { return }
      if isLast { return }
    }
  }

  /// Judges some cases, and says whether there is more to do.
  private func judge(
    _ batch: TouchedCases.Batch, _ change: Refolder.Change, _ session: inout Session
  ) throws(PostgresError) -> Bool {
    let page = try batch.page(change, &session)
    var moves: [CaseMove] = []
    let delta = try Refolder.judge(page, change.rulebook, change.reason, change.moment, &session) {
      moves.append($0)
    }
    try JudgedAhead.wait(room, &session)
    let goesOn = state.withLock { state in
      state.moved.moves.cases += page.cases.count
      for move in moves {
        state.moved.moves.take(move)
        state.moved.fingerprint.take(move)
      }
      state.pages.append(delta)
      return !state.isStopped
    }
    filled.signal()
    return goesOn
  }

  /// Says that something cannot be read.
  func fail(_ error: PostgresError) {
    state.withLock { $0.failure = $0.failure ?? error }
    filled.signal()
  }

  /// Waits, and tells the server meanwhile that its client works: a session that says nothing within a transaction is
  /// ended after a while.
  private static func wait(_ semaphore: DispatchSemaphore, _ session: inout Session) throws(PostgresError) {
    while semaphore.wait(timeout: .now() + .seconds(1)) == .timedOut { try session.execute("SELECT") }
  }

  // MARK: - Taking

  /// Begins to read.
  func ask(_ touched: TouchedCases.Question, _ change: Refolder.Change) {
    state.withLock { $0.question = (touched, change) }
    for _ in 0..<helpers + 1 { asked.signal() }
  }

  /// The next page; nil at the end. Fails as the reading does.
  func next(_ session: inout Session) throws(PostgresError) -> ProjectionDelta? {
    while true {
      try JudgedAhead.wait(filled, &session)
      let (page, failure, isRead) = state.withLock { state in
        (state.pages.isEmpty ? nil : state.pages.removeFirst(), state.failure, state.readers == 0)
      }
      if let failure { throw failure }
      if let page {
        room.signal()
        return page
      }
      if isRead { return nil }
    }
  }

  /// What moves in all pages, once there are no more.
  var moved: (Moves, Fingerprint) { state.withLock { ($0.moved.moves, $0.moved.fingerprint) } }

  /// Ends the reading, whatever is left of it.
  func stop() {
    state.withLock { $0.isStopped = true }
    for _ in 0..<helpers + 1 {
      asked.signal()
      room.signal()
      handedOn.signal()
    }
  }
}
