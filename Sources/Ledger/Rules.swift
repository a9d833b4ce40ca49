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

  /// Puts documents in force and brings every projection up to them, in one transaction: all of it or nothing.
  ///
  /// The epoch is raised, so that a leader that judges by the former rules writes nothing more.
  ///
  /// - Parameters:
  ///   - rulebook: the documents compiled, with what stays in force of the other kind.
  ///   - base: the rules in force when it was compiled; if others came into force since, nothing is applied. Left out,
  ///     that is not checked.
  ///   - change: why verdicts change that do; by the kind of the documents if left out.
  ///   - retrospectiveAfter: in microseconds.
  public static func apply(
    _ documents: [(RuleDocument.Kind, RuleDocument)], rulebook: Rulebook, over base: InForce? = nil,
    by name: String, reason: String, because change: ChangeReason? = nil, retrospectiveAfter: Int64, now: Instant,
    on session: inout Session
  ) throws(PostgresError) -> Refolder.Outcome {
    do throws(PostgresError) {
      try session.begin()
      let moved = try session.execute(
        """
        UPDATE bizclock.projector
        SET epoch = epoch + 1, recorded_at = greatest($1, recorded_at + interval '1 microsecond')
        RETURNING position, recorded_at, policy, calendar
        """, [.timestamptz(now.microseconds)])
      if let base {
        let policy = try moved.int8(0, 2)
        let calendar = try moved.int8(0, 3)
        if policy != base.policyID || calendar != base.calendarID { throw changedMeanwhile("apply") }
      }
      let change = change ?? (documents.contains { $0.0 == .calendar } ? .calendar : .policy)
      for (kind, document) in documents {
        var files = JSONObject()
        for (name, text) in document.files.sorted(by: { $0.key < $1.key }) { files.add(name, text) }
        let row = try session.execute(
          """
          INSERT INTO bizclock.rules (applied_at, kind, applied_by, reason, document, files)
          VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
          """,
          [
            .timestamptz(now.microseconds), .text(kind.rawValue), .text(name), .text(reason),
            .text(document.text), .jsonb(files.text),
          ])
        _ = try session.execute(
          kind == .policy
            ? "UPDATE bizclock.projector SET policy = $1" : "UPDATE bizclock.projector SET calendar = $1",
          [.int8(try row.int8(0, 0))])
      }
      try RuleTables.write(rulebook, now: now, &session)
      let outcome = try Refolder.all(
        rulebook, through: try moved.int8(0, 0), reason: change,
        ProjectionMoment(
          now: now, recordedAt: Instant(microseconds: try moved.timestamptz(0, 1)),
          retrospectiveAfter: retrospectiveAfter, addressees: Addressees(rulebook)), &session)
      // The refold has judged every clock and every share as of now.
      _ = try session.execute(
        "UPDATE bizclock.projector SET settled_through = $1, shares_through = $1", [.timestamptz(now.microseconds)])
      _ = try session.execute("SELECT pg_notify('bizclock_rules', '')", [])
      try session.commit()
      return outcome
    } catch {
      session.rollbackQuietly()
      throw error
    }
  }
}
