import Ledger
import LibPQ

/// The processes that the policy in force names; read again only when another policy is.
struct KnownProcesses {
  private var known: (policy: Int64, processes: Set<String>)?

  /// The processes of now; nil in a database without rules.
  mutating func inForce(_ session: inout Session) throws -> Set<String>? {
    let policy = try Rules.policyInForce(&session)
    if let known, known.policy == policy { return known.processes }
    guard let (inForce, rulebook) = try RuleLoader.load(&session) else { return nil }
    known = (inForce.policyID, rulebook.policy.processes)
    return rulebook.policy.processes
  }
}
