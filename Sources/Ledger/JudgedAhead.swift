import Dispatch
import LibPQ
import ServiceTime
import Synchronization

/// Pages of cases that are read and judged on one connection while another writes what becomes of those before: the one
/// is about as much work as the other.
///
/// The writer holds the lock on the projector's row by then: nobody else changes what is read, and each case is read
/// before it is written.
final class JudgedAhead: Sendable {
  private struct State {
    var question: (touched: TouchedCases.Question, change: Refolder.Change)?
    var pages: [ProjectionDelta] = []
    var moved = (Moves(), Fingerprint())
    var failure: PostgresError?
    var isRead = false
    var isStopped = false
  }

  private let state = Mutex(State())
  private let asked = DispatchSemaphore(value: 0)
  private let filled = DispatchSemaphore(value: 0)
  private let room = DispatchSemaphore(value: 0)

  /// None is asked for yet.
  init() {
    // Not its value at the start: one that ends below that, as where pages are left, is a fault to Dispatch.
    for _ in 0..<2 { room.signal() }
  }

  /// Reads and judges what will be asked for, to the end, or until it is stopped. Holds its connection.
  func serve(_ session: inout Session) {
    asked.wait()
    guard let question = state.withLock({ $0.isStopped ? nil : $0.question }) else { return }
    do throws(PostgresError) {
      try session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY")
      var judged = try JudgedCases(question.touched, question.change, &session)
      while let page = try judged.next(&session) {
        try JudgedAhead.wait(room, &session)
        guard
          state.withLock({ state in
            state.pages.append(page)
            return !state.isStopped
          })
        else { break }
        filled.signal()
      }
      let moved = (judged.moves, judged.fingerprint)
      state.withLock { $0.moved = moved }
    } catch {
      state.withLock { $0.failure = error }
    }
    session.rollbackQuietly()
    state.withLock { $0.isRead = true }
    filled.signal()
  }

  /// Says that nobody reads.
  func fail(_ error: PostgresError) {
    state.withLock { $0.failure = $0.failure ?? error }
    filled.signal()
  }

  /// Waits, and tells the server meanwhile that its client works: a session that says nothing within a transaction is
  /// ended after a while.
  private static func wait(_ semaphore: DispatchSemaphore, _ session: inout Session) throws(PostgresError) {
    while semaphore.wait(timeout: .now() + .seconds(1)) == .timedOut { try session.execute("SELECT") }
  }

  /// Begins to read.
  func ask(_ touched: TouchedCases.Question, _ change: Refolder.Change) {
    state.withLock { $0.question = (touched, change) }
    asked.signal()
  }

  /// The next page; nil at the end. Fails as the reading does.
  func next(_ session: inout Session) throws(PostgresError) -> ProjectionDelta? {
    try JudgedAhead.wait(filled, &session)
    let (page, failure) = state.withLock { state -> (ProjectionDelta?, PostgresError?) in
      if !state.pages.isEmpty { return (state.pages.removeFirst(), nil) }
      return (nil, state.failure)
    }
    if let failure { throw failure }
    if page != nil { room.signal() }
    return page
  }

  /// What moves in all pages, once there are no more.
  var moved: (Moves, Fingerprint) { state.withLock { $0.moved } }

  /// Ends the reading, whatever is left of it.
  func stop() {
    state.withLock { $0.isStopped = true }
    asked.signal()
    room.signal()
  }
}
