import Ledger
import LibPQ
import ServiceTime
import Settings

/// Compiles rules: those in force, and drafts.
public enum RuleLoader {
  private static let lately = CompiledRules()

  /// The rules in force, compiled; nil in a database that has none yet.
  public static func load(_ session: inout Session) throws -> (Rules.InForce, Rulebook)? {
    guard let inForce = try Rules.inForce(&session) else { return nil }
    return (inForce, try compile(policy: inForce.policy, calendar: inForce.calendar))
  }

  /// Compiles the promises of one document with the calendars of another; faults name lines.
  public static func compile(policy: RuleDocument, calendar: RuleDocument) throws -> Rulebook {
    try lately.rulebook(policy: policy, calendar: calendar) {
      let promises = try PolicyDraft.parse(policy.documents(named: "policy in force"))
      let calendars = try PolicyDraft.parse(calendar.documents(named: "calendar in force"), scope: .calendars)
      return try compile(promises.policy, calendars.calendars)
    }
  }

  /// Compiles promises with calendars.
  public static func compile(_ policy: Policy, _ calendars: [CalendarDefinition]) throws -> Rulebook {
    try Rulebook(policy: policy, calendars: calendars, zones: try ZoneFiles.load(for: calendars))
  }
}

extension RuleDocument {
  /// A draft as it goes into the database.
  public init(_ documents: PolicyDocuments) { self.init(text: documents.policyText, files: documents.files) }

  func documents(named name: String) -> PolicyDocuments {
    PolicyDocuments(policyText: text, files: files, policyName: name)
  }
}
