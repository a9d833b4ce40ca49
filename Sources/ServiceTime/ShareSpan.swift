/// A named level of a share's period.
public enum ShareLevel: String, Sendable, CaseIterable, Comparable {
  /// The target can no longer be reached.
  case unreachable
  /// The period closed below the target.
  case missed

  /// How loudly the log says it.
  public var priority: Level.Priority { self == .unreachable ? .warning : .error }

  public static func < (a: ShareLevel, b: ShareLevel) -> Bool { a.rawValue < b.rawValue }
}

/// One period of a share commitment under a calendar: its track, its end, and the levels that it reaches.
public struct ShareSpan: Sendable {
  /// A level, and when it is reached: always a local midnight.
  public struct Reach: Sendable {
    /// The level.
    public var level: ShareLevel
    /// The instant.
    public var at: Instant
    /// What had happened in the period by then.
    public var tally: ShareTally
  }

  /// The first day.
  public let first: CivilDate
  /// The period's end: midnight after its last day.
  public let end: Instant
  /// What happened in it.
  public let track: ShareTrack
  /// The levels that it reaches, ascending; those past its end and those to come are the same.
  public let reaches: [Reach]

  /// The period of a share that begins on a day.
  ///
  /// - Parameters:
  ///   - tally: what happened on a date.
  ///   - previous: the population of the period before.
  public init(
    _ share: ShareCommitment, first: CivilDate, calendar: WorkCalendar, previous: Int64,
    tally: (CivilDate) -> ShareTally
  ) {
    self.first = first
    let next = share.period.next(first)
    end = calendar.midnight(next)
    track = ShareTrack(
      target: share.target,
      days: (0..<(next - first)).map { index in
        ShareTrack.Day(worked: calendar.isWorked(first + index), tally: tally(first + index))
      }, previous: previous)
    var reaches: [Reach] = []
    if let lost = track.outOfReach {
      reaches.append(
        Reach(level: .unreachable, at: calendar.midnight(first + (lost.day + 1)), tally: lost.tally))
    }
    if track.isMet == false { reaches.append(Reach(level: .missed, at: end, tally: track.total)) }
    self.reaches = reaches
  }
}
