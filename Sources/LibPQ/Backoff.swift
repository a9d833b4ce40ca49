/// Waiting times between attempts: doubling up to a cap, each drawn at random from nought to there (full jitter).
public struct Backoff: Sendable {
  /// The first upper bound, in milliseconds.
  public let first: Int64
  /// The last upper bound, in milliseconds.
  public let cap: Int64
  private var attempt = 0

  /// A back-off from `first` to `cap` milliseconds.
  public init(first: Int64 = 50, cap: Int64 = 2_000) {
    self.first = max(1, first)
    self.cap = max(1, cap)
  }

  /// The next waiting time, in milliseconds.
  public mutating func next(using generator: inout some RandomNumberGenerator) -> Int64 {
    // Doubling stops at the cap, before it can overflow.
    let bound = attempt >= 20 || first > cap >> Int64(attempt) ? cap : first << Int64(attempt)
    attempt = min(attempt + 1, 20)
    return Int64.random(in: 0...bound, using: &generator)
  }

  /// Begins again after a success.
  public mutating func reset() { attempt = 0 }
}
