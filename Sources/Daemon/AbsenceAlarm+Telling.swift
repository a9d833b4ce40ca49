import Journal
import Ledger
import ServiceTime

extension AbsenceAlarm {
  /// How many lines are written before they are kept in the journal.
  private static let slice = 500

  /// Waits for the instants of levels and tells of those that are not recorded.
  func tell(_ clock: any WallClock, _ bell: Doorbell) async {
    var waitingSince: ContinuousClock.Instant?
    while !bell.isSilenced, !Task.isCancelled {
      let pause = await look(clock, bell, &waitingSince)
      guard await bell.wait(atMost: pause) else { return }
    }
  }

  /// Tells what is to be told now; says how long to wait at most until the next look.
  private func look(
    _ clock: any WallClock, _ bell: Doorbell, _ waitingSince: inout ContinuousClock.Instant?
  ) async -> Duration {
    var known = known
    let now = clock.now()
    let next = levels.next(after: known.raisedThrough)
    guard let next, next <= now else {
      waitingSince = nil
      clock.arm(at: next) { bell.ring() }
      return .seconds(60)
    }
    if !journal.isEmpty {
      let due = levels.due(at: now)
      let untold = journal.untold(due)
      if untold.count < due.count { levels.remove(due.filter { journal.toldAt($0.id) != nil }) }
      guard !untold.isEmpty else { return .zero }
    }
    let since = waitingSince ?? .now
    waitingSince = since
    guard let cause = await cause(known, waited: .now - since) else {
      let left = AbsenceAlarm.patience - (.now - since)
      return left > .zero ? left : .milliseconds(250)
    }
    // Asking takes a while, and meanwhile the leader may have got on.
    known = self.known
    if known.part == .standby { return .zero }
    // Looked for only now: of a burst it takes a while, too, and the leader raises nearly all of them by itself.
    let untold = journal.untold(levels.due(at: now))
    guard let first = untold.first else { return .zero }
    if let raised = known.raisedThrough, raised >= first.levelAt { return .zero }
    waitingSince = nil
    return tell(untold, known, cause, clock) ? .zero : .milliseconds(200)
  }

  /// Writes the lines of levels; false if the log took no more for now.
  private func tell(
    _ untold: [WatchedLevel], _ known: Duty, _ cause: UnrecordedCause, _ clock: any WallClock
  ) -> Bool {
    var rest = untold[...]
    while !rest.isEmpty {
      let slice = rest.prefix(AbsenceAlarm.slice)
      let now = clock.now()
      let records = slice.map { known.words.record($0, cause, at: now) }
      let (written, troubles) = journal.tell(slice, at: now) { log.write(contentsOf: records) }
      for trouble in troubles { say(trouble, now) }
      levels.remove(Array(slice.prefix(written)))
      rest = rest.dropFirst(written)
      guard written == slice.count else { return false }
    }
    guard untold.count >= Projector.manyLevels else { return true }
    var summary = LogRecord(
      time: clock.now().microseconds, priority: .notice, event: .alertSummary,
      message: "\(untold.count) levels were reached while they cannot be recorded.")
    summary.set("unrecorded", .integer(Int64(untold.count)))
    _ = log.write(summary)
    return true
  }
}
