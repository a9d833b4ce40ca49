import LibPQ
import ServiceTime

/// A policy or a calendar as it was written: a document and the files it names.
public struct RuleDocument: Sendable, Equatable {
  /// What the document is.
  public enum Kind: String, Sendable, CaseIterable { case policy, calendar }
  /// The document's text.
  public var text: String
  /// The files it names, by name.
  public var files: [String: String]

  /// A document with its files.
  public init(text: String, files: [String: String]) {
    self.text = text
    self.files = files
  }

  /// Whether it is the same to the byte: texts that only look alike are other texts.
  public func isSame(as other: RuleDocument) -> Bool {
    text.utf8.elementsEqual(other.text.utf8) && files.count == other.files.count
      && files.allSatisfy { name, text in other.files[name].map { $0.utf8.elementsEqual(text.utf8) } ?? false }
  }
}

/// The rules in force and every version before them.
public enum Rules {
  /// The rules in force.
  public struct InForce: Sendable, Equatable {
    /// Number of the policy's version.
    public var policyID: Int64
    /// The policy as written.
    public var policy: RuleDocument
    /// Number of the calendar's version.
    public var calendarID: Int64
    /// The calendar as written.
    public var calendar: RuleDocument
  }

  /// The number of the policy in force; 0 in a database that has none yet.
  public static func policyInForce(_ session: inout Session) throws(PostgresError) -> Int64 {
    try session.execute("SELECT coalesce(max(id), 0) FROM bizclock.rules WHERE kind = 'policy'").int8(0, 0)
  }

  /// The numbers of the policy and the calendar in force; 0 in a database that has none yet.
  public static func numbersInForce(
    _ session: inout Session
  ) throws(PostgresError) -> (policy: Int64, calendar: Int64) {
    let row = try session.execute("SELECT policy, calendar FROM bizclock.projector")
    return (try row.int8(0, 0), try row.int8(0, 1))
  }

  /// Reads the newest policy and calendar; nil in a database that has none yet.
  public static func inForce(_ session: inout Session) throws(PostgresError) -> InForce? {
    let found = try session.execute(
      """
      SELECT DISTINCT ON (kind) \(columns) FROM bizclock.rules ORDER BY kind, id DESC
      """, [])
    return try read(found)
  }

  static func changedMeanwhile(_ operation: String) -> PostgresError {
    PostgresError(
      .overtaken, operation: operation,
      message: "other rules came into force meanwhile; look again, and then repeat it"
    )
  }
}
