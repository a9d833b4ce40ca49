/// Tells when a load is over, so that it makes one summary: nothing has come for a while. Where something comes all
/// the time, a summary is due every minute.
struct LoadWatch {
  private var lastEvent: ContinuousClock.Instant?
  private var begun: ContinuousClock.Instant?

  /// Events were projected.
  mutating func goesOn() {
    let now = ContinuousClock.now
    lastEvent = now
    if begun.map({ now - $0 > .seconds(60) }) ?? true { begun = now }
  }

  /// Whether what was loaded may be summed up.
  var isOver: Bool {
    guard let lastEvent, let begun else { return true }
    let now = ContinuousClock.now
    return now - lastEvent >= .seconds(2) || now - begun >= .seconds(60)
  }
}
