import Ledger
import ServiceTime
import Synchronization

/// Rules compiled lately: whoever asks for the same documents again gets the same rulebook.
///
/// A leader, an intake, the horizon and each watched feed need the rules in force; a calendar's tables take a while to
/// make and some megabytes to keep. Two are kept: those in force, and those that come into force next.
final class CompiledRules: Sendable {
  private struct Entry {
    var policy: RuleDocument
    var calendar: RuleDocument
    var rulebook: Rulebook
  }

  private static let capacity = 2
  private let entries = Mutex<[Entry]>([])

  /// The rulebook of two documents; who comes while it is made waits for it.
  func rulebook(
    policy: RuleDocument, calendar: RuleDocument, make: () throws -> Rulebook
  ) throws -> Rulebook {
    try entries.withLock { entries in
      if let index = entries.firstIndex(where: {
        $0.policy.isSame(as: policy) && $0.calendar.isSame(as: calendar)
      }) {
        let found = entries.remove(at: index)
        entries.append(found)
        return found.rulebook
      }
      let rulebook = try make()
      entries.append(Entry(policy: policy, calendar: calendar, rulebook: rulebook))
      if entries.count > CompiledRules.capacity { entries.removeFirst() }
      return rulebook
    }
  }
}
