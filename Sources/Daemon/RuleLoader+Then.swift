import Ledger
import LibPQ
import ServiceTime

extension RuleLoader {
  /// What was known at a moment, with the rules in force then, compiled.
  public static func past(_ moment: Instant, _ session: inout Session) throws -> OnTimeReport.Past {
    let known = try KnownThen.read(at: moment, &session)
    let rules = try known.rules(&session)
    return OnTimeReport.Past(
      known: known, rulebook: try rules.map { try compile(policy: $0.policy, calendar: $0.calendar) })
  }
}
