import ServiceTime

/// The time that the services go by: real, accelerated for the demo, or moved by hand in tests.
public protocol WallClock: Sendable {
  /// The time now.
  func now() -> Instant
  /// Calls `wake` once the clock has reached an instant, and when the clock is set; nil takes the call back.
  ///
  /// One instant can be armed at a time; a new call takes the place of the one before.
  func arm(at instant: Instant?, wake: @escaping @Sendable () -> Void)
}

extension WallClock {
  /// Microseconds since 1970, for the log.
  func microseconds() -> Int64 { now().microseconds }
}
