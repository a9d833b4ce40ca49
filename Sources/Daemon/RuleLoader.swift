import LibPQ
import Ledger
import ServiceTime
import Settings

/// Reads the rules in force and compiles them.
public enum RuleLoader {
  /// The rules in force, compiled; nil in a database that has none yet.
  public static func load(_ session: inout Session) throws -> (Rules.InForce, Rulebook)? {
    guard let inForce = try Rules.inForce(&session) else { return nil }
    return (inForce, try compile(policy: inForce.policy, calendar: inForce.calendar))
  }

  /// Compiles a policy document with a calendar document; faults name lines.
  public static func compile(policy: RuleDocument, calendar: RuleDocument) throws -> Rulebook {
    let promises = try PolicyDraft.parse(policy)
    let calendars = calendar == policy ? promises.calendars : try PolicyDraft.parse(calendar).calendars
    var zones: [String: TimeZoneTable] = [:]
    for name in Set(calendars.compactMap(\.timeZone)) { zones[name] = try ZoneFiles.load(name) }
    return try Rulebook(policy: promises.policy, calendars: calendars, zones: zones)
  }
}
