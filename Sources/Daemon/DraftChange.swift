import Ledger
import Settings

/// Something that a draft says otherwise than the rules in force.
public struct DraftChange: Sendable, Equatable {
  /// What becomes of it.
  public enum How: String, Sendable { case new, gone, altered }

  /// The document that holds it.
  public var kind: RuleDocument.Kind
  /// The id of a promise or a calendar, or a key of the policy file.
  public var name: String
  /// What becomes of it.
  public var how: How

  /// What differs between two lists of one kind; where that is their order alone, the key they stand under.
  fileprivate static func between<One: Equatable>(
    _ old: [One], _ new: [One], _ kind: RuleDocument.Kind, key: String, id: (One) -> String
  ) -> [DraftChange] {
    guard old != new else { return [] }
    let before = Dictionary(old.map { (id($0), $0) }, uniquingKeysWith: { $1 })
    let after = Set(new.map(id))
    var changes: [DraftChange] = []
    for one in new where before[id(one)] != one {
      changes.append(DraftChange(kind: kind, name: id(one), how: before[id(one)] == nil ? .new : .altered))
    }
    for one in old where !after.contains(id(one)) {
      changes.append(DraftChange(kind: kind, name: id(one), how: .gone))
    }
    return changes.isEmpty ? [DraftChange(kind: kind, name: key, how: .altered)] : changes
  }
}

extension Rules.InForce {
  /// What a draft says otherwise: by what is meant, not by how it is written. The document of the promises in force has
  /// calendars too, which count for nothing; closures that were declared are no part of a draft.
  public func changes(by draft: PolicyDraft) throws(SettingsError) -> [DraftChange] {
    let promises = try PolicyDraft.parse(policy.documents(named: "policy in force")).policy
    var written = calendar
    written.files = calendar.writtenFiles
    let calendars = try PolicyDraft.parse(written.documents(named: "calendar in force"), scope: .calendars)
      .calendars
    var changes = DraftChange.between(
      promises.commitments, draft.policy.commitments, .policy, key: "commitments", id: \.id)
    changes += DraftChange.between(promises.shares, draft.policy.shares, .policy, key: "commitments", id: \.id)
    for (key, isSame) in [
      ("report_tags", promises.reportTags == draft.policy.reportTags),
      ("regions", promises.regions == draft.policy.regions),
    ] where !isSame {
      changes.append(DraftChange(kind: .policy, name: key, how: .altered))
    }
    return changes + DraftChange.between(calendars, draft.calendars, .calendar, key: "calendars", id: \.id)
  }
}

extension [DraftChange] {
  /// In words: `opening, hall_desk (new) and the calendars cn, port (gone)`.
  public var words: String {
    let (policy, calendars) = (names(.policy), names(.calendar))
    let parts = [
      policy,
      calendars.isEmpty ? "" : "the calendar\(count { $0.kind == .calendar } == 1 ? "" : "s") \(calendars)",
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: " and ")
  }

  private func names(_ kind: RuleDocument.Kind) -> String {
    let names = filter { $0.kind == kind }.map { $0.how == .altered ? $0.name : "\($0.name) (\($0.how.rawValue))" }
    return (names.prefix(20) + (names.count > 20 ? ["…"] : [])).joined(separator: ", ")
  }
}
