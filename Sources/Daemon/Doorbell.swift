import Synchronization

/// Wakes a service that waits for work: rung as often as you like, answered once.
final class Doorbell: Sendable {
  private struct State {
    var rung = false
    var silenced = false
    var visit = 0
    /// The last visit whose time has run out.
    var expired = 0
    var waiter: CheckedContinuation<Void, Never>?
  }
  private let state = Mutex(State())

  func ring() {
    state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.rung = true
      return state.waiter.take()
    }?.resume()
  }

  /// Ends this wait and every later one at once.
  func silence() {
    state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.silenced = true
      return state.waiter.take()
    }?.resume()
  }

  var isSilenced: Bool { state.withLock { $0.silenced } }

  /// Waits for a ring, or at most some real time; false once silenced or cancelled. One service waits at a time.
  func wait(atMost duration: Duration) async -> Bool {
    let visit = state.withLock { state -> Int in
      state.visit += 1
      return state.visit
    }
    let alarm = Task { [self] in
      try await Task.sleep(for: duration)
      state.withLock { state -> CheckedContinuation<Void, Never>? in
        guard state.visit == visit else { return nil }
        // The wait itself may not have begun yet.
        state.expired = visit
        return state.waiter.take()
      }?.resume()
    }
    defer { alarm.cancel() }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let now = state.withLock { state -> Bool in
          if state.rung || state.silenced || state.expired == visit || Task.isCancelled { return true }
          state.waiter = continuation
          return false
        }
        if now { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume()
    }
    return state.withLock { state in
      state.rung = false
      return !state.silenced
    } && !Task.isCancelled
  }
}

extension Optional where Wrapped: Sendable {
  /// Takes the value out.
  mutating func take() -> Wrapped? {
    defer { self = nil }
    return self
  }
}
