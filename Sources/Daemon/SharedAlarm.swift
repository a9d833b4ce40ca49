import ServiceTime
import Synchronization

/// Lets several services wait for an instant on one clock, which has one alarm: it is set to the earliest of theirs.
final class SharedAlarm: Sendable {
  private struct Call {
    var instant: Instant
    var wake: @Sendable () -> Void
  }

  private struct State {
    var calls: [Int: Call] = [:]
    var count = 0
    /// Whether somebody sets the alarm, and whether the calls have changed meanwhile: then he sets it again. So the last
    /// to set it has seen every call, though whoever is woken may set it while it is being set.
    var isBeingSet = false
    var hasChanged = false
  }

  private let clock: any WallClock
  private let state = Mutex(State())

  init(_ clock: any WallClock) { self.clock = clock }

  /// A clock for one service, with an alarm of its own.
  func face() -> any WallClock {
    Face(
      number: state.withLock {
        $0.count += 1
        return $0.count
      }, alarm: self)
  }

  private func arm(_ number: Int, at instant: Instant?, wake: @escaping @Sendable () -> Void) {
    state.withLock { $0.calls[number] = instant.map { Call(instant: $0, wake: wake) } }
    set()
  }

  /// Sets the alarm to the earliest instant that is waited for.
  private func set() {
    var isMine = state.withLock { state -> Bool in
      if state.isBeingSet { state.hasChanged = true }
      defer { state.isBeingSet = true }
      return !state.isBeingSet
    }
    while isMine {
      let earliest = state.withLock { state -> Instant? in
        state.hasChanged = false
        return state.calls.values.map(\.instant).min()
      }
      clock.arm(at: earliest) { [weak self] in self?.ring() }
      isMine = state.withLock { state -> Bool in
        state.isBeingSet = state.hasChanged
        return state.hasChanged
      }
    }
  }

  /// Wakes those whose instant has come, and waits for the others' on; if there are none, the clock was set, and all
  /// look at it anew. Who waits for a later instant is left alone, for he may be one who waits for the database
  /// meanwhile.
  private func ring() {
    let now = clock.now()
    let woken = state.withLock { state -> [Call] in
      let come = state.calls.filter { $0.value.instant <= now }
      for number in come.keys { state.calls[number] = nil }
      return Array(come.isEmpty ? state.calls.values : come.values)
    }
    for call in woken { call.wake() }
    set()
  }

  private struct Face: WallClock {
    let number: Int
    let alarm: SharedAlarm

    func now() -> Instant { alarm.clock.now() }
    func arm(at instant: Instant?, wake: @escaping @Sendable () -> Void) {
      alarm.arm(number, at: instant, wake: wake)
    }
  }
}
