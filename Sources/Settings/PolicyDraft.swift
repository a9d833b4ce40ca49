import ServiceTime

/// A policy with its calendars, read and checked, not yet in force.
public struct PolicyDraft: Sendable, Equatable {
  /// How much of a policy file is asked for.
  public enum Scope: Sendable {
    /// Calendars and commitments.
    case whole
    /// Calendars; commitments may be left out, and are checked where they are there.
    case calendars
  }

  /// The promises.
  public var policy: Policy
  /// The calendars, in the file's order.
  public var calendars: [CalendarDefinition]
  /// What is allowed but probably not meant, such as an event type one letter away from a known one.
  public var remarks: [SettingsFault]

  /// Reads and checks documents; all faults are in the error, each with its line.
  ///
  /// `zoneExists` says whether the system has a time zone; the default looks into its zone database.
  public static func parse(
    _ documents: PolicyDocuments, scope: Scope = .whole,
    zoneExists: @escaping (String) -> Bool = { ZoneFiles.problem($0) == nil }
  ) throws(SettingsError) -> PolicyDraft {
    try parse(
      documents.policyText, file: documents.policyName, scope: scope, zoneExists: zoneExists
    ) { name in
      if let text = documents.files[name] { return Array(text.utf8) }
      if let problem = documents.problems[name] { throw Complaint(problem) }
      if let text = RegionReader.shipped(name) { return Array(text.utf8) }
      throw MissingFile()
    }
  }

  /// Reads and checks a policy file's text; `load` gives the bytes of the files that it names.
  public static func parse(
    _ text: String, file: String, scope: Scope = .whole,
    zoneExists: @escaping (String) -> Bool = { ZoneFiles.problem($0) == nil }, load: @escaping FileLoader
  ) throws(SettingsError) -> PolicyDraft {
    let log = FaultLog()
    let reader = PolicyReader(file: file, scope: scope, log: log, zoneExists: zoneExists, load: load)
    let draft = reader.draft(text)
    try log.check()
    guard let draft else { throw SettingsError(SettingsFault(file: file, message: "holds no policy")) }
    return draft
  }

  /// The names of the days files that a policy text names, in order, as far as it can be read.
  public static func daysFiles(named text: String) -> [String] {
    fileNames((root(of: text)?["calendars"]?.items() ?? []).compactMap { $0.openMap()?["days"] })
  }

  /// The names of the region files that a policy text names, in order, as far as it can be read.
  public static func regionFiles(named text: String) -> [String] {
    fileNames([root(of: text)?["regions"]].compactMap { $0 })
  }

  private static func root(of text: String) -> FieldMap? {
    let log = FaultLog()
    return SourceNode.read(text, file: "", log: log).flatMap {
      Field(node: $0, path: "", file: "", log: log).openMap()
    }
  }

  private static func fileNames(_ lists: [Field]) -> [String] {
    var names: [String] = []
    for item in lists.flatMap({ $0.itemsOrSelf() ?? [] }) {
      guard case .scalar(let name, _) = item.node.content, Field.isFileName(name), !names.contains(name)
      else { continue }
      names.append(name)
    }
    return names
  }
}
