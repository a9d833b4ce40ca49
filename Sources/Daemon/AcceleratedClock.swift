import ServiceTime

/// A clock that runs faster than the system's, from an instant on; for the demo.
public final class AcceleratedClock: WallClock {
  private let start: Instant
  private let began: Instant
  private let speed: Int64
  private let timer = RealTimeTimer()

  /// A clock that stands at `start` now and runs `speed` times as fast.
  public init(start: Instant, speed: Int64) {
    self.start = start
    self.speed = max(1, speed)
    began = SystemClock.read()
  }

  deinit { timer.stop() }

  public func now() -> Instant { start + (SystemClock.read() - began) * speed }

  public func arm(at instant: Instant?, wake: @escaping @Sendable () -> Void) {
    // Rounded up, so that the clock has really reached the instant.
    timer.arm(at: instant.map { began.microseconds + ($0 - start + speed - 1) / speed }, wake)
  }
}
