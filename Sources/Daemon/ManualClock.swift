import ServiceTime
import Synchronization

/// A clock moved by hand.
public final class ManualClock: WallClock {
  private struct State {
    var now: Instant
    var armed: Instant?
    var wake: (@Sendable () -> Void)?
    var listeners: [AsyncStream<Instant?>.Continuation] = []
  }
  private let state: Mutex<State>

  /// A clock that stands at an instant.
  public init(_ now: Instant) { state = Mutex(State(now: now)) }

  public func now() -> Instant { state.withLock { $0.now } }

  /// The instant that somebody waits for.
  public var armed: Instant? { state.withLock { $0.armed } }

  /// The instant that somebody waits for, and those to come, each time one is set.
  public func alarms() -> AsyncStream<Instant?> {
    AsyncStream { listener in
      state.withLock { state in
        listener.yield(state.armed)
        state.listeners.append(listener)
      }
    }
  }

  public func arm(at instant: Instant?, wake: @escaping @Sendable () -> Void) {
    let due = state.withLock { state -> Bool in
      state.armed = instant
      for listener in state.listeners { listener.yield(instant) }
      state.wake = wake
      return instant.map { $0 <= state.now } ?? false
    }
    if due { wake() }
  }

  /// Moves the clock, forward or back, and wakes who waits for an instant that has come.
  public func advance(to instant: Instant) {
    let wake = state.withLock { state -> (@Sendable () -> Void)? in
      state.now = instant
      guard let armed = state.armed, armed <= instant else { return nil }
      return state.wake
    }
    wake?()
  }

  /// Moves the clock by microseconds.
  public func advance(by microseconds: Int64) { advance(to: now() + microseconds) }
}
