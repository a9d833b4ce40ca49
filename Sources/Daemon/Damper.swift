/// Lets what repeats itself be said three times a minute.
struct Damper {
  private static let most = 3
  private var said: [ContinuousClock.Instant] = []

  /// Whether it may be said once more.
  mutating func allow(at now: ContinuousClock.Instant = .now) -> Bool {
    said.removeAll { now - $0 >= .seconds(60) }
    guard said.count < Damper.most else { return false }
    said.append(now)
    return true
  }
}
