import ServiceTime
import Synchronization

/// Lets several services wait for an instant on one clock, which has one alarm: it is set to the earliest of theirs.
final class SharedAlarm: Sendable {
  private struct Call {
    var instant: Instant
    var wake: @Sendable () -> Void
  }

  private let clock: any WallClock
  private let calls = Mutex<[Int: Call]>([:])
  private let count = Mutex(0)
  /// Held while the alarm is set, so that the last to set it has seen every call. Whoever is woken does not take it.
  private let setting = Mutex(())

  init(_ clock: any WallClock) { self.clock = clock }

  /// A clock for one service, with an alarm of its own.
  func face() -> any WallClock {
    Face(
      number: count.withLock {
        $0 += 1
        return $0
      }, alarm: self)
  }

  private func arm(_ number: Int, at instant: Instant?, wake: @escaping @Sendable () -> Void) {
    setting.withLock { _ in
      let earliest = calls.withLock { calls -> Instant? in
        calls[number] = instant.map { Call(instant: $0, wake: wake) }
        return calls.values.map(\.instant).min()
      }
      clock.arm(at: earliest) { [weak self] in self?.ring() }
    }
  }

  /// Wakes those whose instant has come; if there are none, the clock was set, and all look at it anew. Who waits for
  /// a later instant is left alone, for he may be one who waits for the database meanwhile.
  private func ring() {
    let now = clock.now()
    let calls = calls.withLock { Array($0.values) }
    let come = calls.filter { $0.instant <= now }
    for call in come.isEmpty ? calls : come { call.wake() }
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
