import CLibPQ
import Dispatch
import Glibc
import Synchronization

/// Cancels the statement on the wire, and only that one.
///
/// A request goes out on a thread of its own, since libpq's call for it waits for the server without a limit. The
/// statement does not end before its request has: what comes next on the connection can never be hit by it.
final class Canceller: @unchecked Sendable {
  // Sendable: the PGcancel and the socket are immutable, and all that changes is held by the lock.
  private let cancel: OpaquePointer?
  /// The connection's socket once more, which is nobody else's even when libpq has closed its own; -1 if it is not to be
  /// broken.
  private let socket: Int32
  /// How long a cancelled statement may take before the connection is broken.
  private let breakAfter: DispatchTimeInterval
  private let state = Mutex(State())
  /// How long the server may take to hear of a request before the connection is given up.
  private static let patience = DispatchTimeInterval.seconds(2)

  private struct State {
    /// The body that has the connection.
    var body: UInt64 = 0
    /// Whether its task was cancelled: it sends nothing more.
    var isCancelled = false
    var isInFlight = false
    /// Counts the statements.
    var statement: UInt64 = 0
    /// Whether the connection was broken under a statement.
    var isBroken = false
    /// Signalled when the request has been heard.
    var request: DispatchSemaphore?
  }

  init(_ pg: OpaquePointer, patience: Int32? = nil) {
    cancel = PQgetCancel(pg)
    socket = patience == nil ? -1 : fcntl(PQsocket(pg), F_DUPFD_CLOEXEC, 0)
    breakAfter = .milliseconds(Int(patience ?? 0))
  }

  deinit {
    PQfreeCancel(cancel)
    if socket >= 0 { close(socket) }
  }

  /// A body takes the connection; what it gets names it to `cancel`.
  func open() -> UInt64 {
    state.withLock { state in
      state.body += 1
      state.isCancelled = false
      return state.body
    }
  }

  /// A statement begins; false if its body's task has been cancelled.
  func begin(evenIfCancelled: Bool = false) -> Bool {
    state.withLock { state in
      guard evenIfCancelled || !state.isCancelled else { return false }
      state.isInFlight = true
      state.statement += 1
      return true
    }
  }

  /// A statement has ended; false if a request of its own may still be under way, so that the connection must be
  /// given up.
  func end() -> Bool {
    let (request, isBroken) = state.withLock { state in
      state.isInFlight = false
      defer { state.request = nil }
      return (state.request, state.isBroken)
    }
    if isBroken { return false }
    return request.map { $0.wait(timeout: .now() + Canceller.patience) == .success } ?? true
  }

  /// The task of a body was cancelled: asks the server to cancel what that body has on the wire.
  func cancel(body: UInt64) {
    state.withLock { state in
      guard state.body == body else { return }
      state.isCancelled = true
      if state.isInFlight { send(&state) }
    }
  }

  /// Asks the server to stop what is on the wire, which nobody waits for any more.
  func abandon() {
    state.withLock { state in
      if state.isInFlight { send(&state) }
    }
  }

  private func send(_ state: inout State) {
    guard state.request == nil, let cancel else { return }
    let heard = DispatchSemaphore(value: 0)
    state.request = heard
    let request = Request(cancel: cancel, owner: self)
    Canceller.queue.async {
      request.send()
      heard.signal()
    }
    guard socket >= 0 else { return }
    let statement = state.statement
    Canceller.queue.asyncAfter(deadline: .now() + breakAfter) { self.breakOff(statement) }
  }

  /// Breaks the connection under a statement that goes on although it was cancelled.
  private func breakOff(_ statement: UInt64) {
    state.withLock { state in
      guard state.isInFlight, state.statement == statement else { return }
      state.isBroken = true
      shutdown(socket, Int32(SHUT_RDWR))
    }
  }

  private static let queue = DispatchQueue(label: "bizclock.postgres.cancel", attributes: .concurrent)

  private struct Request: @unchecked Sendable {
    // Sendable: the PGcancel is immutable, and its owner keeps it alive.
    let cancel: OpaquePointer
    let owner: Canceller

    func send() {
      var message = [CChar](repeating: 0, count: 256)
      _ = PQcancel(cancel, &message, 256)
    }
  }
}
