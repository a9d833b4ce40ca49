import Ledger
import LibPQ
import ServiceTime

/// Becoming the one who projects.
enum Election {
  /// A projector that judges by the rules in force, if this session wins the leadership; nil while another leads, or
  /// while rules are being applied.
  static func win(
    _ session: inout Session, holder: String, now: Instant, settings: ProjectorSettings
  ) throws -> Projector? {
    // Rules are compiled by who leads, not by everyone who stands by and asks.
    guard try Leadership.seize(&session) else { return nil }
    try Schema.checkUnchanged(&session)
    guard let (inForce, rulebook) = try RuleLoader.load(&session),
      let term = try Leadership.acquire(&session, holder: holder, now: now)
    else { return nil }
    // Rules may have come into force between reading them and winning the term.
    guard term.policy == inForce.policyID, term.calendar == inForce.calendarID else { return nil }
    let projector = Projector(term: term, rulebook: rulebook, settings: settings)
    try projector.prepare(&session)
    return projector
  }
}
