/// What ran between a clock's start and its end; times in microseconds.
public struct Measures: Sendable, Equatable {
  /// Counted dates in (s, L(end)].
  public var countedDays: Int
  /// end − t0.
  public var elapsed: Int64
  /// Time in pauses.
  public var paused: Int64
  /// Office time while running.
  public var working: Int64

  /// Measures; times in microseconds.
  public init(countedDays: Int, elapsed: Int64, paused: Int64, working: Int64) {
    self.countedDays = countedDays
    self.elapsed = elapsed
    self.paused = paused
    self.working = working
  }
}

/// By how much a clock ran past its due time.
public struct Overrun: Sendable, Equatable {
  /// Plain time, in microseconds.
  public var time: Int64
  /// Counted dates after the due day; 0 reads "less than a day".
  public var days: Int

  /// An overrun; time in microseconds.
  public init(time: Int64, days: Int) {
    self.time = time
    self.days = days
  }
}

extension Reckoner {
  /// The measures of the clock, were it to end at an instant.
  public func measures(at end: Instant) -> Measures {
    Measures(
      countedDays: line.count(after: startDate, through: calendar.date(of: end), worked: version.countsWorkedDays),
      elapsed: end - start, paused: line.paused(from: start, to: end), working: line.running(from: start, to: end))
  }

  /// The verdict of a stop at an instant; nil while the due time is unknown.
  ///
  /// `premature` before the floor's last counted day, `late` past due, else `on_time`: equality is on time.
  public func verdict(stoppedAt end: Instant) -> Verdict? {
    if let floor = floorDay, calendar.date(of: end) < floor { return .premature }
    guard let due else { return nil }
    return end > due.at ? .late : .onTime
  }

  /// The floor's last counted day; nil without a floor or while it is unknown.
  public var floorDay: CivilDate? {
    switch version.floor {
    case .calendarDays(let days), .workingDays(let days):
      line.day(days + extendedDays, after: startDate, worked: version.countsWorkedDays)
    case .workingHours, nil: nil
    }
  }

  /// By how much a stop at an instant is late; nil if it is not.
  public func overrun(stoppedAt end: Instant) -> Overrun? {
    guard let due, end > due.at else { return nil }
    return overrun(due, end)
  }

  /// What an open clock's overrun goes on from at an instant: counted dates after the due day also while the grace lasts;
  /// nil while there are none.
  func overrunSoFar(at instant: Instant) -> Overrun? {
    guard let due, instant > due.at || calendar.date(of: instant) > due.day else { return nil }
    return overrun(due, instant)
  }

  private func overrun(_ due: Due, _ end: Instant) -> Overrun {
    Overrun(
      time: max(0, end - due.at),
      days: line.count(after: due.day, through: calendar.date(of: end), worked: version.countsWorkedDays))
  }
}

/// The judgement of a stopped clock.
public enum Verdict: String, Sendable, CaseIterable {
  /// Stopped at or before due.
  case onTime = "on_time"
  /// Stopped after due.
  case late
  /// Stopped before the floor had run.
  case premature
}
