import Ledger
import ServiceTime
import Settings

/// The shipped policy and calendar, and what tests make of them.
enum ShippedRules {
  private static let compiled = Result<(PolicyDraft, Rulebook), any Error> {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    return (draft, try compile(draft.policy, draft.calendars))
  }

  /// Compiled once: a calendar's tables take a while to make.
  static func rulebook() throws -> Rulebook { try compiled.get().1 }

  /// Rules that differ from the shipped ones.
  static func rulebook(_ change: (inout Policy, inout CalendarDefinition) -> Void) throws -> Rulebook {
    let draft = try compiled.get().0
    var policy = draft.policy
    var calendars = draft.calendars
    for index in calendars.indices.prefix(1) { change(&policy, &calendars[index]) }
    return try compile(policy, calendars)
  }

  /// The shipped policy and calendars, to be changed step by step.
  static func draft() throws -> PolicyDraft { try compiled.get().0 }

  static func document() throws -> RuleDocument {
    let shipped = try PolicyDocuments.shipped()
    return RuleDocument(text: shipped.policyText, files: shipped.files)
  }

  static func compile(_ policy: Policy, _ calendars: [CalendarDefinition]) throws -> Rulebook {
    try Rulebook(policy: policy, calendars: calendars, zones: try ZoneFiles.load(for: calendars))
  }
}
