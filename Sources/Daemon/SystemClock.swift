import CLinux
import Glibc
import ServiceTime
import Synchronization

/// The system's wall clock. Its alarm is a real-time timer that also fires when the clock is set.
public final class SystemClock: WallClock {
  private let timer: RealTimeTimer

  /// The system's clock, with a thread of its own for the alarm.
  public init() { timer = RealTimeTimer() }

  deinit { timer.stop() }

  public func now() -> Instant { SystemClock.read() }

  public func arm(at instant: Instant?, wake: @escaping @Sendable () -> Void) {
    timer.arm(at: instant?.microseconds, wake)
  }

  static func read() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}

/// A timerfd on the real-time clock and the thread that waits for it.
final class RealTimeTimer: Sendable {
  private struct State {
    var wake: (@Sendable () -> Void)?
    var stopped = false
  }

  private let descriptor: Int32
  private let state = Mutex(State())

  /// TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET: absolute, and a step of the clock ends the wait.
  private static let flags: Int32 = 1 | 2

  init() {
    descriptor = timerfd_create(CLOCK_REALTIME, O_CLOEXEC)
    let thread = BackgroundThread { [self] in
      var count: UInt64 = 0
      while true {
        let got = read(descriptor, &count, 8)
        // ECANCELED says that the clock was set: whoever waits must look at it anew.
        if got < 0, errno != ECANCELED, errno != EINTR { break }
        let (wake, stopped) = state.withLock { ($0.wake, $0.stopped) }
        if stopped { break }
        wake?()
      }
      close(descriptor)
    }
    thread.start()
  }

  func arm(at microseconds: Int64?, _ wake: @escaping @Sendable () -> Void) {
    state.withLock { state in
      guard !state.stopped else { return }
      state.wake = wake
      var time = itimerspec()
      if let microseconds {
        // Zero would disarm; an instant long past fires at once.
        let at = max(1, microseconds)
        time.it_value.tv_sec = Int(at / 1_000_000)
        time.it_value.tv_nsec = Int(at % 1_000_000) * 1000
      }
      timerfd_settime(descriptor, RealTimeTimer.flags, &time, nil)
    }
  }

  func stop() {
    state.withLock { state in
      state.stopped = true
      var time = itimerspec()
      time.it_value.tv_nsec = 1
      timerfd_settime(descriptor, 0, &time, nil)
    }
  }
}

/// A thread for calls that block; it is never waited for.
final class BackgroundThread: Sendable {
  private let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  func start() {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<BackgroundThread>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    pthread_attr_destroy(&attributes)
  }
}
