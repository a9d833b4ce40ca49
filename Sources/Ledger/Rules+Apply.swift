import LibPQ
import ServiceTime

extension Rules {
  /// What whoever applies a change agreed to, who it is, and why.
  public struct Consent: Sendable {
    /// Who.
    public var name: String
    /// Why, for those who come later.
    public var reason: String
    /// Whether verdicts of finished clocks may become others.
    public var restate: Bool
    /// The token of what `preview` showed, or its first part; nil where nothing was looked at.
    public var token: String?

    /// What was agreed to; arguments as the properties.
    public init(by name: String, reason: String, restate: Bool, token: String? = nil) {
      self.name = name
      self.reason = reason
      self.restate = restate
      self.token = token
    }
  }

  /// What came of applying a change.
  public struct Applied: Sendable {
    /// Why nothing was applied.
    public enum Refusal: Sendable, Equatable {
      /// Verdicts of finished clocks would become others, to which nobody agreed.
      case restates
      /// It would move something else than what was shown.
      case differs
    }

    /// What moved, or would have.
    public var moves: Moves
    /// Why nothing was applied; nil where it was.
    public var refusal: Refusal?
  }

  /// Puts a change in force and brings every projection up to it, in one transaction: all of it or nothing.
  ///
  /// The epoch is raised, so that a leader that judges by the former rules writes nothing more. `now` is asked for the
  /// time once no leader can write any more.
  public static func apply(
    _ change: Change, _ consent: Consent, now: () -> Instant, on session: inout Session
  ) throws(PostgresError) -> Applied { try apply(change, consent, now: now, ahead: nil, &session) }

  /// As above; on other connections the cases are read and judged while their rows are written.
  public static func apply(
    _ change: Change, _ consent: Consent, now: @escaping @Sendable () -> Instant, on connection: Connection,
    reading others: [Connection]
  ) async throws -> Applied {
    try await JudgedAhead.reading(on: others) { ahead in
      try await connection.run { try apply(change, consent, now: now, ahead: ahead, &$0) }
    }
  }

  /// As above, of documents over whatever is in force, and with every consent.
  public static func apply(
    _ documents: [(RuleDocument.Kind, RuleDocument)], rulebook: Rulebook, over base: InForce? = nil,
    by name: String,
    reason: String, retrospectiveAfter: Int64, now: () -> Instant, on session: inout Session
  ) throws(PostgresError) -> Applied {
    try apply(
      Change(documents, rulebook: rulebook, over: base, former: nil, retrospectiveAfter: retrospectiveAfter),
      Consent(by: name, reason: reason, restate: true), now: now, on: &session)
  }

  private static func apply(
    _ change: Change, _ consent: Consent, now: () -> Instant, ahead: JudgedAhead?, _ session: inout Session
  ) throws(PostgresError) -> Applied {
    do throws(PostgresError) {
      try session.begin()
      let held = try HeldProjector.take(now, &session)
      try change.check(policy: held.policy, calendar: held.calendar, "apply")
      let ids = try insert(change.documents, consent, now: held.now, &session)
      try RuleTables.write(change.rulebook, now: held.now, &session)
      let (moves, fingerprint) = try Refolder.change(
        Refolder.Change(
          rulebook: change.rulebook, former: change.former, position: held.position,
          settledThrough: held.settledThrough, reason: change.reason,
          moment: change.moment(held.now, recordedAt: held.recordedAt), writes: true),
        ahead: ahead, &session
      ) { _ in }
      if let refusal = refusal(moves, fingerprint.token(of: change), consent) {
        session.rollbackQuietly()
        return Applied(moves: moves, refusal: refusal)
      }
      // Every clock and every share stands as of now.
      _ = try session.execute(
        "UPDATE bizclock.projector SET settled_through = $1, shares_through = $1",
        [.timestamptz(held.now.microseconds)])
      _ = try session.execute(
        "UPDATE bizclock.rules SET verdicts = $1 WHERE id = ANY($2::int8[])",
        [.int8(Int64(moves.changedVerdicts)), .int8Array(ids)])
      _ = try session.execute("SELECT pg_notify('bizclock_rules', '')", [])
      try session.commit()
      return Applied(moves: moves)
    } catch {
      session.rollbackQuietly()
      throw error
    }
  }

  private static func refusal(_ moves: Moves, _ token: String, _ consent: Consent) -> Applied.Refusal? {
    if let given = consent.token, !Fingerprint.matches(given, token) { return .differs }
    return !consent.restate && moves.changedVerdicts > 0 ? .restates : nil
  }

  /// Keeps documents as the newest of their kinds and names them to the projector's row; gives their numbers.
  private static func insert(
    _ documents: [(RuleDocument.Kind, RuleDocument)], _ consent: Consent, now: Instant, _ session: inout Session
  ) throws(PostgresError) -> [Int64] {
    var ids: [Int64] = []
    for (kind, document) in documents {
      var files = JSONObject()
      for (name, text) in document.files.sorted(by: { $0.key < $1.key }) { files.add(name, text) }
      let row = try session.execute(
        """
        INSERT INTO bizclock.rules (applied_at, kind, applied_by, reason, document, files, restate)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
        """,
        [
          .timestamptz(now.microseconds), .text(kind.rawValue), .text(consent.name), .text(consent.reason),
          .text(document.text), .jsonb(files.text), .bool(consent.restate),
        ])
      let id = try row.int8(0, 0)
      _ = try session.execute(
        kind == .policy
          ? "UPDATE bizclock.projector SET policy = $1" : "UPDATE bizclock.projector SET calendar = $1", [.int8(id)]
      )
      ids.append(id)
    }
    return ids
  }
}
