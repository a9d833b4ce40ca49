import ServiceTime

@testable import Ledger

/// A change of the policy: from June on five days, for openings.
enum FiveDays {
  static func rulebook() throws -> Rulebook {
    try ShippedRules.rulebook { policy, _ in
      policy.commitments[0].versions.append(
        CommitmentVersion(from: CivilDate(year: 2026, month: 6, day: 1), limit: .workingDays(5)))
    }
  }

  /// It, over what is in force.
  static func change(_ ledger: TestLedger, _ rulebook: Rulebook) async throws -> Rules.Change {
    let base = try await ledger.connection.run { try Rules.inForce(&$0) }
    return Rules.Change(
      [(.policy, RuleDocument(text: "five days", files: [:]))], rulebook: rulebook, over: base,
      former: ledger.rulebook, retrospectiveAfter: 86_400_000_000)
  }
}
