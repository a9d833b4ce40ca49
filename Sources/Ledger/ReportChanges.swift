import LibPQ
import ServiceTime

/// How the on-time report of one moment differs from that of a later one: clock by clock, with the reasons.
public struct ReportChanges: Sendable {
  /// Why a clock is told otherwise.
  public enum Reason: Hashable, Sendable, CustomStringConvertible {
    /// It finished since the first moment.
    case finished
    /// What was believed of it changed.
    case changed(ChangeReason)

    /// `finished`, or as in the history of verdicts.
    public var description: String {
      switch self {
      case .finished: "finished"
      case .changed(let reason): reason.rawValue
      }
    }
  }

  /// What was believed of a finished clock.
  public struct Belief: Sendable, Equatable {
    /// The verdict.
    public var verdict: Verdict
    /// When it was due.
    public var dueAt: Instant?
    /// When it stopped.
    public var stoppedAt: Instant
    /// The region, empty where not known.
    public var region: String
    /// Counted days.
    public var countedDays: Int32
  }

  /// A clock that the two reports tell otherwise.
  public struct Change: Sendable {
    /// The case.
    public var caseID: String
    /// The commitment's id.
    public var commitment: String
    /// The round.
    public var round: Int32
    /// What was believed at the first moment; nil if it was not in the report.
    public var before: Belief?
    /// What was believed at the second moment; nil if it was not in the report.
    public var after: Belief?
    /// Why, in the order in which it came about, each once; never empty.
    public var reasons: [Reason]
    /// When it last changed.
    public var changedAt: Instant
  }

  /// What the changes of one commitment for the same reasons come to.
  public struct Sum: Sendable {
    /// The commitment's id.
    public var commitment: String
    /// The reasons.
    public var reasons: [Reason]
    /// How many clocks.
    public var clocks: Int64 = 0
    /// What they add to the clocks that finished.
    public var finished: Int64 = 0
    /// What they add to those on time.
    public var onTime: Int64 = 0
    /// What they add to those late.
    public var late: Int64 = 0
    /// What they add to those stopped before the floor had run.
    public var premature: Int64 = 0
  }

  /// The sums, by commitment and reasons.
  public var sums: [Sum]
  /// The changes, by commitment, case and round; as many as were asked for.
  public var changes: [Change]
  /// How many changes there are in all.
  public var count: Int

  // A belief that held at both moments is left out before anything is joined: what is read is what changed.
  private static let query = """
    WITH before AS MATERIALIZED (
      SELECT case_id, commitment, round, %columns, process, region, channel, entity_type, report_tag
      FROM bizclock.verdict_history
      WHERE verdict IS NOT NULL AND stopped_day BETWEEN $1 AND $2
        AND known_from <= $3 AND known_until > $3 AND known_until <= $4
    ), after AS MATERIALIZED (
      SELECT case_id, commitment, round, known_from, %columns, process, region, channel, entity_type, report_tag
      FROM bizclock.verdict_history
      WHERE verdict IS NOT NULL AND stopped_day BETWEEN $1 AND $2
        AND known_from > $3 AND known_from <= $4 AND known_until > $4
      UNION ALL
      SELECT c.case_id, c.commitment, c.round, c.verdict_recorded_at, %clock, coalesce(f.process, ''),
        coalesce(f.region, ''), coalesce(f.channel, ''), coalesce(f.entity_type, ''), coalesce(f.report_tag, '')
      FROM bizclock.clock c LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
      WHERE c.verdict IS NOT NULL AND c.stopped_day BETWEEN $1 AND $2
        AND c.verdict_recorded_at > $3 AND c.verdict_recorded_at <= $4
    ), why AS MATERIALIZED (
      SELECT case_id, commitment, round, array_agg(reason ORDER BY known_until) AS reasons, max(known_until) AS at
      FROM bizclock.verdict_history WHERE known_until > $3 AND known_until <= $4
      GROUP BY case_id, commitment, round
    )
    SELECT coalesce(b.case_id, a.case_id), coalesce(b.commitment, a.commitment), coalesce(b.round, a.round), w.reasons,
      coalesce(a.known_from, w.at), b.verdict, b.due_at, b.stopped_at, b.region, b.counted_days,
      a.verdict, a.due_at, a.stopped_at, a.region, a.counted_days
    FROM before b
    FULL JOIN after a ON a.case_id = b.case_id AND a.commitment = b.commitment AND a.round = b.round
    LEFT JOIN why w ON w.case_id = coalesce(b.case_id, a.case_id) AND w.commitment = coalesce(b.commitment, a.commitment)
      AND w.round = coalesce(b.round, a.round)
    WHERE (b.verdict, b.due_at, b.stopped_at, b.version_from, b.outcome, b.early, b.counted_days, b.working_us,
        b.process, b.region, b.channel, b.entity_type, b.report_tag)
      IS DISTINCT FROM (a.verdict, a.due_at, a.stopped_at, a.version_from, a.outcome, a.early, a.counted_days,
        a.working_us, a.process, a.region, a.channel, a.entity_type, a.report_tag)
    ORDER BY 2, 1, 3
    """

  private static let columns = [
    "verdict", "due_at", "stopped_at", "version_from", "outcome", "early", "counted_days", "working_us",
  ]

  /// Compares the reports of two moments on the clocks that stopped on some dates.
  ///
  /// - Parameters:
  ///   - first: the earlier moment.
  ///   - second: the later moment.
  ///   - limit: how many changes are given one by one.
  public static func read(
    from: CivilDate, to: CivilDate, between first: Instant, and second: Instant, limit: Int,
    on session: inout Session
  ) throws(PostgresError) -> ReportChanges {
    let sql = query.replacing("%columns", with: columns.joined(separator: ", "))
      .replacing("%clock", with: columns.map { "c.\($0)" }.joined(separator: ", "))
    let found = try session.execute(
      sql,
      [
        .date(from.dayNumber), .date(to.dayNumber), .timestamptz(first.microseconds),
        .timestamptz(second.microseconds),
      ])
    var result = ReportChanges(sums: [], changes: [], count: found.rowCount)
    var places: [String: Int] = [:]
    for row in 0..<found.rowCount {
      let before = try belief(found, row, at: 5)
      let after = try belief(found, row, at: 10)
      var reasons: [Reason] = []
      if before == nil, let after {
        reasons.append(after.stoppedAt > first ? .finished : .changed(.lateData))
      }
      for reason in try found.optionalTextArray(row, 3) ?? [] {
        guard let reason = reason.flatMap({ ChangeReason(rawValue: $0) }) else { continue }
        if !reasons.contains(.changed(reason)) { reasons.append(.changed(reason)) }
      }
      let change = Change(
        caseID: try found.text(row, 0), commitment: try found.text(row, 1), round: try found.int4(row, 2),
        before: before, after: after, reasons: reasons,
        changedAt: Instant(microseconds: try found.timestamptz(row, 4)))
      let key = "\(change.commitment) \(reasons)"
      let place = places[key] ?? result.sums.count
      if place == result.sums.count {
        places[key] = place
        result.sums.append(Sum(commitment: change.commitment, reasons: reasons))
      }
      result.sums[place].take(change)
      if result.changes.count < limit { result.changes.append(change) }
    }
    return result
  }

  private static func belief(_ found: QueryResult, _ row: Int, at column: Int) throws(PostgresError) -> Belief? {
    guard let verdict = try found.optionalText(row, column).flatMap({ Verdict(rawValue: $0) }) else { return nil }
    return Belief(
      verdict: verdict, dueAt: try found.optionalTimestamptz(row, column + 1).map { Instant(microseconds: $0) },
      stoppedAt: Instant(microseconds: try found.timestamptz(row, column + 2)),
      region: try found.text(row, column + 3), countedDays: try found.int4(row, column + 4))
  }
}

extension ReportChanges.Sum {
  fileprivate mutating func take(_ change: ReportChanges.Change) {
    clocks += 1
    for (belief, sign) in [(change.before, Int64(-1)), (change.after, 1)] {
      guard let belief else { continue }
      finished += sign
      switch belief.verdict {
      case .onTime: onTime += sign
      case .late: late += sign
      case .premature: premature += sign
      }
    }
  }
}
