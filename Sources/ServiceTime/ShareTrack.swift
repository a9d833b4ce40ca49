/// Events of a share's population, and how many of them counted.
public struct ShareTally: Sendable, Hashable {
  /// Events of the population.
  public var population: Int64
  /// Of these, those that counted.
  public var counted: Int64

  /// A tally; without arguments of nothing.
  public init(population: Int64 = 0, counted: Int64 = 0) {
    self.population = population
    self.counted = counted
  }

  /// Adds another tally.
  public static func += (a: inout ShareTally, b: ShareTally) {
    a.population += b.population
    a.counted += b.counted
  }
}

/// A share over one period, day by day: whether its target is met, and from when on it was out of reach.
///
/// Reckoned from what happened on which day alone: neither the order in which events arrived nor the time at which
/// it is asked changes anything.
public struct ShareTrack: Sendable {
  /// A day of the period.
  public struct Day: Sendable, Hashable {
    /// Whether it is worked.
    public var worked: Bool
    /// What happened on it.
    public var tally: ShareTally

    /// A day.
    public init(worked: Bool, tally: ShareTally = ShareTally()) {
      self.worked = worked
      self.tally = tally
    }
  }

  /// The least share.
  public let target: ShareTarget
  /// Every day of the period, in order.
  public let days: [Day]
  /// The population of the period before: what is to be expected while the period is young.
  public let previous: Int64
  /// The whole period.
  public let total: ShareTally

  /// A period's track.
  public init(target: ShareTarget, days: [Day], previous: Int64) {
    self.target = target
    self.days = days
    self.previous = previous
    total = days.reduce(into: ShareTally()) { $0 += $1.tally }
  }

  /// Whether the whole period meets the target; nil where nothing happened.
  public var isMet: Bool? {
    total.population > 0 ? target.isMet(Int128(total.counted), of: Int128(total.population)) : nil
  }

  /// The first day, by its place in `days`, at whose end the target was out of reach: even if everything that was
  /// still expected had counted, the share would have ended below it. With what happened up to then.
  ///
  /// Expected is what the pace of the worked days so far brings on those left, and at least what is missing to the
  /// population of the period before. As long as no worked day has run there is no pace, and nothing is called out
  /// of reach. Nor is anything on the last day: at its end the period is judged.
  public var outOfReach: (day: Int, tally: ShareTally)? {
    guard total.population > total.counted else { return nil }
    var left = Int128(days.count { $0.worked })
    var run: Int128 = 0
    var soFar = ShareTally()
    for (index, day) in days.dropLast().enumerated() {
      soFar += day.tally
      if day.worked {
        run += 1
        left -= 1
      }
      guard run > 0, soFar.population > 0 else { continue }
      let population = Int128(soFar.population)
      // Times `run`, so that the pace stays a whole number.
      let rest = max(population * left, (Int128(previous) - population) * run, 0)
      if !target.isMet(Int128(soFar.counted) * run + rest, of: population * run + rest) { return (index, soFar) }
    }
    return nil
  }
}
