import LibPQ
import ServiceTime

/// The records of levels that were reached, as people look at them.
public enum Alerts {
  /// Which alerts are meant; all that is given must hold.
  public struct Selection: Sendable, Equatable {
    /// Whether those that were resolved or withdrawn are meant too.
    public var all = false
    /// Whether only those without an acknowledgement are meant.
    public var unacknowledged = false
    /// Their case; nil means any.
    public var caseID: String?
    /// Their commitment; nil means any.
    public var commitment: String?
    /// Their level; nil means any.
    public var level: String?
    /// What their case's region begins with; nil means any, and none.
    public var region: String?
    /// The earliest instant at which the level was reached; nil means any.
    public var since: Instant?

    /// All that stand.
    public init() {}

    /// A share's period that closed below its target stays so: its alert stands until somebody has taken note of it.
    fileprivate static let condition = """
      ($1 OR a.resolved_at IS NULL AND a.withdrawn_at IS NULL
        AND (a.case_id <> '' OR NOT a.retrospective AND a.acknowledged_at IS NULL
          AND (a.level <> 'unreachable' OR a.due_at > dashboard.now()))) AND (NOT $2 OR a.acknowledged_at IS NULL) \
      AND ($3::text IS NULL OR a.case_id = $3) AND ($4::text IS NULL OR a.commitment = $4) \
      AND ($5::text IS NULL OR a.level = $5) AND ($6::text IS NULL OR starts_with(f.region, $6)) \
      AND ($7::timestamptz IS NULL OR a.level_at >= $7)
      """

    fileprivate var parameters: [Parameter] {
      [
        .bool(all), .bool(unacknowledged), .text(caseID), .text(commitment), .text(level), .text(region),
        .timestamptz(since?.microseconds),
      ]
    }
  }

  /// That somebody has taken note of an alert, and why the limit was overrun.
  public struct Acknowledgement: Sendable, Equatable {
    /// When.
    public var at: Instant
    /// Who.
    public var by: String
    /// Why the limit was overrun (优化营商环境条例 art. 36).
    public var reason: String?
  }

  /// An alert with what its case tells.
  public struct Alert: Sendable, Equatable {
    /// Its id.
    public var id: AlertID
    /// How loudly it was told.
    public var priority: String
    /// When the clock was due.
    public var dueAt: Instant
    /// When the clock is due as it stands now; nil while that is not known, of a cancelled clock and of shares.
    public var clockDueAt: Instant?
    /// When the level was reached.
    public var levelAt: Instant
    /// When it was recorded.
    public var recordedAt: Instant
    /// When its clock ended.
    public var resolvedAt: Instant?
    /// When it turned out never to have been reached.
    public var withdrawnAt: Instant?
    /// Whether it is history.
    public var retrospective: Bool
    /// Who took note of it.
    public var acknowledgement: Acknowledgement?
    /// Whether its clock's due time rests on a day the calendar is not published for.
    public var provisional: Bool
    /// The case's region.
    public var region: String?
    /// The case's service window.
    public var serviceWindow: String?

    /// How far past due the clock is, or was when it ended, in microseconds; nil if it is not, and of shares.
    public func overrun(at now: Instant) -> Int64? {
      let end = min(resolvedAt ?? now, now)
      guard !id.caseID.isEmpty, withdrawnAt == nil, let due = clockDueAt ?? (resolvedAt == nil ? nil : dueAt),
        end > due
      else { return nil }
      return end - due
    }
  }

  private static let columns = """
    a.case_id, a.commitment, a.round, a.level, a.revision, a.priority, a.due_at, a.level_at, a.recorded_at, \
    a.resolved_at, a.withdrawn_at, a.retrospective, a.acknowledged_at, a.acknowledged_by, a.reason, f.region, \
    f.service_window, c.due_at, coalesce(c.provisional, false)
    """

  private static let joined = """
    LEFT JOIN bizclock.case_file f ON f.case_id = a.case_id
    LEFT JOIN bizclock.clock c ON c.case_id = a.case_id AND c.commitment = a.commitment AND c.round = a.round
    """

  /// The worst of the selected alerts, at most `limit`, and how many there are: by priority, then the longest due.
  public static func list(_ selection: Selection, limit: Int, _ session: inout Session) throws(PostgresError)
    -> (alerts: [Alert], all: Int64)
  {
    let table = """
      FROM bizclock.alert a \(joined) WHERE \(Selection.condition)
      """
    let found = try session.execute(
      """
      SELECT \(columns) \(table)
      ORDER BY array_position($8::text[], a.priority) NULLS LAST, a.due_at, a.case_id, a.commitment, a.round, a.level,
        a.revision
      LIMIT $9
      """,
      selection.parameters + [.textArray(Level.Priority.allCases.map(\.rawValue)), .int8(Int64(limit))])
    guard found.rowCount == limit else { return (try alerts(found), Int64(found.rowCount)) }
    let all = try session.execute("SELECT count(*) \(table)", selection.parameters)
    return (try alerts(found), try all.int8(0, 0))
  }

  /// Those of some alerts that are recorded.
  public static func find(_ ids: [AlertID], _ session: inout Session) throws(PostgresError) -> [Alert] {
    try alerts(
      session.execute(
        """
        SELECT \(columns) FROM bizclock.alert a
        JOIN unnest($1::text[], $2::text[], $3::int4[], $4::text[], $5::int4[])
          AS k (case_id, commitment, round, level, revision) USING (case_id, commitment, round, level, revision)
        \(joined)
        ORDER BY a.case_id, a.commitment, a.round, a.level, a.revision
        """, keys(ids)))
  }

  /// The newest ids, to find the one that was meant.
  public static func newest(_ limit: Int, _ session: inout Session) throws(PostgresError) -> [AlertID] {
    try alerts(
      session.execute(
        """
        SELECT \(columns) FROM bizclock.alert a \(joined)
        ORDER BY a.recorded_at DESC LIMIT $1
        """, [.int8(Int64(limit))])
    ).map(\.id)
  }

  /// Records that somebody has taken note of alerts, and why the limit was overrun; says how many it was recorded of.
  ///
  /// An acknowledgement that is there stays, unless it is to be replaced. No projection changes it.
  public static func acknowledge(
    _ ids: [AlertID], by: String, reason: String, replacing: Bool, now: Instant, on session: inout Session
  ) throws(PostgresError) -> Int {
    try session.execute(
      """
      UPDATE bizclock.alert a SET acknowledged_at = $6, acknowledged_by = $7, reason = $8
      FROM unnest($1::text[], $2::text[], $3::int4[], $4::text[], $5::int4[])
        AS k (case_id, commitment, round, level, revision)
      WHERE a.case_id = k.case_id AND a.commitment = k.commitment AND a.round = k.round AND a.level = k.level
        AND a.revision = k.revision AND ($9 OR a.acknowledged_at IS NULL)
      """, keys(ids) + [.timestamptz(now.microseconds), .text(by), .text(reason), .bool(replacing)]
    ).affectedRows
  }

  private static func keys(_ ids: [AlertID]) -> [Parameter] {
    [
      .textArray(ids.map(\.caseID)), .textArray(ids.map(\.commitment)), .int4Array(ids.map(\.round)),
      .textArray(ids.map(\.level)), .int4Array(ids.map(\.revision)),
    ]
  }

  private static func alerts(_ found: QueryResult) throws(PostgresError) -> [Alert] {
    func instant(_ row: Int, _ column: Int) throws(PostgresError) -> Instant? {
      try found.optionalTimestamptz(row, column).map { Instant(microseconds: $0) }
    }
    var alerts: [Alert] = []
    for row in 0..<found.rowCount {
      var acknowledgement: Acknowledgement?
      if let at = try instant(row, 12) {
        acknowledgement = Acknowledgement(
          at: at, by: try found.optionalText(row, 13) ?? "", reason: try found.optionalText(row, 14))
      }
      alerts.append(
        Alert(
          id: AlertID(
            caseID: try found.text(row, 0), commitment: try found.text(row, 1), round: try found.int4(row, 2),
            level: try found.text(row, 3), revision: try found.int4(row, 4)), priority: try found.text(row, 5),
          dueAt: Instant(microseconds: try found.timestamptz(row, 6)), clockDueAt: try instant(row, 17),
          levelAt: Instant(microseconds: try found.timestamptz(row, 7)),
          recordedAt: Instant(microseconds: try found.timestamptz(row, 8)), resolvedAt: try instant(row, 9),
          withdrawnAt: try instant(row, 10), retrospective: try found.bool(row, 11),
          acknowledgement: acknowledgement, provisional: try found.bool(row, 18),
          region: try found.optionalText(row, 15),
          serviceWindow: try found.optionalText(row, 16)))
    }
    return alerts
  }
}
