import Journal
import Ledger

/// Says in words what the database keeps bizclock waiting for, once it has lasted: at the first, then once a minute,
/// and when it is over.
struct WaitWatch {
  /// How long something may hold work up before it is told.
  static let patience = Duration.seconds(4)
  /// How often it is looked for.
  static let pause = Duration.seconds(2)

  private struct Known {
    var since: ContinuousClock.Instant
    var seen: ContinuousClock.Instant
    var said: ContinuousClock.Instant?
  }
  private var known: [Waits.Cause: Known] = [:]
  private var lookedAt: ContinuousClock.Instant?

  /// Whether it is time to look.
  mutating func isDue(at now: ContinuousClock.Instant) -> Bool {
    guard lookedAt.map({ now - $0 >= WaitWatch.pause }) ?? true else { return false }
    lookedAt = now
    return true
  }

  /// What is to be said of what is waited for now.
  ///
  /// Who waits for a lock gives up and tries again: one look may miss what two others see.
  mutating func sentences(_ waits: [Waits.Wait], at now: ContinuousClock.Instant) -> [(LogPriority, String)] {
    var told: [(LogPriority, String)] = []
    for wait in waits {
      let cause = WaitWatch.key(wait.cause)
      var entry = known[cause] ?? Known(since: now, seen: now)
      entry.seen = now
      // One that has waited long is not news of this moment.
      let lasted = wait.cause == .standby ? Duration.seconds(wait.seconds) : now - entry.since
      if lasted >= WaitWatch.patience, entry.said.map({ now - $0 >= .seconds(60) }) ?? true {
        entry.said = now
        told.append((.warning, WaitWatch.sentence(wait)))
      }
      known[cause] = entry
    }
    var isOver = false
    for (cause, entry) in known where now - entry.seen >= .seconds(8) {
      known[cause] = nil
      isOver = isOver || entry.said != nil
    }
    if isOver, !known.values.contains(where: { $0.said != nil }) {
      told.append((.notice, "The database keeps bizclock waiting no longer."))
    }
    return told
  }

  /// What stays the same while it lasts: a session may need the table for one thing after the other.
  private static func key(_ cause: Waits.Cause) -> Waits.Cause {
    guard case .session(let pid, let transaction, _, _) = cause else { return cause }
    return .session(pid: pid, transaction: transaction, table: nil, owner: "")
  }

  private static func sentence(_ wait: Waits.Wait) -> String {
    let seconds = Int(wait.seconds)
    switch wait.cause {
    case .standby:
      return
        "Commits wait for a synchronous standby, one for \(seconds) s now (\(wait.waiter)): bring the "
        + "standby back, or clear synchronous_standby_names on the server. Nothing counts as taken in before."
    case .session(let pid, _, let table, let owner):
      return "Session \(pid) of the database (\(owner)) holds up \(wait.waiter)"
        + (table.map { " at the table \($0)" } ?? "")
        + ", with a transaction begun \(seconds) s ago: let it end, or "
        + "end it with SELECT pg_terminate_backend(\(pid)). Work goes on by itself then."
    }
  }
}
