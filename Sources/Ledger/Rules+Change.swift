import LibPQ
import ServiceTime

extension Rules {
  /// Documents that are to come into force, and what they would take the place of.
  public struct Change: Sendable {
    /// The documents.
    public var documents: [(RuleDocument.Kind, RuleDocument)]
    /// The documents compiled, with what stays in force of the other kind.
    public var rulebook: Rulebook
    /// The rules in force when that was compiled; if others came into force since, nothing is done. Nil is not checked.
    public var base: InForce?
    /// `base` compiled: cases that the change cannot touch are left alone. Nil judges all.
    public var former: Rulebook?
    /// Why verdicts change that do.
    public var reason: ChangeReason
    /// Levels earlier than this before the start event's arrival are history, in microseconds.
    public var retrospectiveAfter: Int64

    /// A change; arguments as the properties. If the reason is left out, it is the policy where one of the documents is
    /// one, else the calendar.
    public init(
      _ documents: [(RuleDocument.Kind, RuleDocument)], rulebook: Rulebook, over base: InForce?, former: Rulebook?,
      because reason: ChangeReason? = nil, retrospectiveAfter: Int64
    ) {
      self.documents = documents
      self.rulebook = rulebook
      self.base = base
      self.former = former
      self.reason = reason ?? (documents.contains { $0.0 == .policy } ? .policy : .calendar)
      self.retrospectiveAfter = retrospectiveAfter
    }

    func check(policy: Int64, calendar: Int64, _ operation: String) throws(PostgresError) {
      guard let base, policy != base.policyID || calendar != base.calendarID else { return }
      throw changedMeanwhile(operation)
    }

    func moment(_ now: Instant, recordedAt: Instant) -> ProjectionMoment {
      ProjectionMoment(
        now: now, recordedAt: recordedAt, retrospectiveAfter: retrospectiveAfter, addressees: Addressees(rulebook))
    }
  }

  /// What a change would move.
  public struct Preview: Sendable {
    /// What moves.
    public var moves: Moves
    /// Stands for the rules in force, the documents and what moves: `FINISHED-REST`.
    public var token: String
  }

  /// Tells what a change would move if it came into force now; writes nothing, and keeps nobody waiting.
  ///
  /// `each` is handed each case of which something moves, by ascending ids.
  public static func preview(
    _ change: Change, now: Instant, on session: inout Session, each: (CaseMove) -> Void = { _ in }
  ) throws(PostgresError) -> Preview {
    defer { session.rollbackQuietly() }
    try session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    return try preview(change, now: now, ahead: nil, &session, each: each)
  }

  /// As above; the cases are read and judged on other connections. No case is handed on.
  public static func preview(
    _ change: Change, now: Instant, on connection: Connection, reading others: [Connection]
  ) async throws -> Preview {
    _ = try await Verifier.commonView([connection] + others)
    return try await JudgedAhead.reading(on: others) { ahead in
      try await connection.run { session in
        defer { session.rollbackQuietly() }
        return try preview(change, now: now, ahead: ahead, &session) { _ in }
      }
    }
  }

  private static func preview(
    _ change: Change, now: Instant, ahead: JudgedAhead?, _ session: inout Session, each: (CaseMove) -> Void
  ) throws(PostgresError) -> Preview {
    let row = try session.execute(
      """
      SELECT position, recorded_at, settled_through, policy, calendar, \(HeldProjector.through)
      FROM bizclock.projector
      """)
    // As it would be applied.
    let now = max(now, Instant(microseconds: try row.timestamptz(0, 5)))
    try change.check(policy: try row.int8(0, 3), calendar: try row.int8(0, 4), "diff")
    let recordedAt = max(now, Instant(microseconds: try row.timestamptz(0, 1)) + 1)
    let (moves, fingerprint) = try Refolder.change(
      Refolder.Change(
        rulebook: change.rulebook, former: change.former, position: try row.int8(0, 0),
        settledThrough: Instant(microseconds: try row.timestamptz(0, 2)), reason: change.reason,
        moment: change.moment(now, recordedAt: recordedAt), writes: false), ahead: ahead, &session, each: each)
    return Preview(moves: moves, token: fingerprint.token(of: change))
  }
}
