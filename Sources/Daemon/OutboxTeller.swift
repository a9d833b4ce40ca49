import Journal
import Ledger
import LibPQ
import Synchronization

/// Writes the lines of the outbox to the log, and takes them off the queue once they were written.
///
/// It belongs to one term: what it has read and not written is read anew by whoever leads next. What it has written and
/// could not take off, for somebody had locked the table, it does not write again: it is taken off first.
struct OutboxTeller: Sendable {
  let announcer: Announcer
  let clock: any WallClock
  let log: any LogSink
  let absence: AbsenceAlarm
  let metrics: DaemonMetrics
  /// How fast the log takes lines.
  private var pace = LinePace()
  /// Lines that were read and not written yet.
  private var waiting: ArraySlice<PendingLine> = []
  private let written = WrittenLines()

  init(
    announcer: Announcer, clock: any WallClock, log: any LogSink, absence: AbsenceAlarm, metrics: DaemonMetrics
  ) {
    self.announcer = announcer
    self.clock = clock
    self.log = log
    self.absence = absence
    self.metrics = metrics
  }

  /// Writes waiting lines, slice by slice, until their share of a turn is used up, and takes them off the queue; true if
  /// there may be more.
  ///
  /// - Parameter summarize: whether a load is over, so that its summaries are written too.
  mutating func tell(within share: Duration, summarize: Bool, _ session: inout Session) throws -> Bool {
    let begun = ContinuousClock.now
    try takeOff(&session)
    while true {
      if waiting.isEmpty {
        try takeOff(&session)
        waiting = try Outbox.pending(&session, limit: pace.slice, summaries: false)[...]
        if waiting.isEmpty { break }
      }
      let slice = waiting.prefix(pace.slice)
      let count = write(slice)
      written.lines.withLock { $0 += slice.prefix(count) }
      waiting = waiting.dropFirst(count)
      // The log takes no more for now, and a later turn tries again; or there is other work.
      let isRefused = count < slice.count
      if isRefused || ContinuousClock.now - begun >= share {
        try takeOff(&session)
        return !isRefused
      }
    }
    guard summarize else { return false }
    // One load makes one summary: it waits for the lines before it.
    let summaries = try Outbox.pending(&session, limit: 0, summaries: true)
    if let summary = Announcer.merged(summaries), log.write(announcer.record(summary, at: clock.now())) {
      written.lines.withLock { $0 += summaries }
      try takeOff(&session)
    }
    return false
  }

  /// Drops what was read, for it is not known how much of it was written; it is read anew.
  mutating func forget() { waiting = [] }

  /// Writes a slice of lines; says how many of them.
  private mutating func write(_ slice: ArraySlice<PendingLine>) -> Int {
    let begun = ContinuousClock.now
    let written = log.write(
      contentsOf: slice.map { absence.marked(announcer.record($0, at: clock.now()), $0) })
    pace.took(ContinuousClock.now - begun, lines: slice.count, written: written)
    return written
  }

  private func takeOff(_ session: inout Session) throws {
    let lines = written.lines.withLock { $0 }
    guard !lines.isEmpty else { return }
    try Outbox.written(lines, at: clock.now(), &session)
    metrics.logged(lines)
    written.lines.withLock { $0 = [] }
  }
}

/// Lines that are in the log and still in the queue; a reference, for a turn that fails must not forget them.
private final class WrittenLines: Sendable {
  let lines = Mutex<[PendingLine]>([])
}
