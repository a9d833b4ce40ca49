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

  /// Which reports are compared.
  public struct Question: Sendable {
    /// The first date of stop.
    public var from: CivilDate
    /// The last date of stop.
    public var to: CivilDate
    /// The earlier moment.
    public var first: Instant
    /// The later moment.
    public var second: Instant
    /// How many changes are given one by one.
    public var limit: Int

    /// A question; arguments as the properties.
    public init(from: CivilDate, to: CivilDate, between first: Instant, and second: Instant, limit: Int) {
      self.from = from
      self.to = to
      self.first = first
      self.second = second
      self.limit = limit
    }
  }

  /// The sums, by commitment and reasons.
  public var sums: [Sum]
  /// How many changes there are in all.
  public var count: Int64 { sums.reduce(0) { $0 + $1.clocks } }

  /// Sums of changes; none if left out.
  public init(sums: [Sum] = []) { self.sums = sums }

  // A belief that held at both moments is left out before anything is joined: what is read is what changed. What was
  // believed at the first moment counts as a reason whatever its date of stop, and as told if that was asked for.
  private static let changes = """
    WITH before AS MATERIALIZED (
      SELECT case_id, commitment, round, coalesce(stopped_day BETWEEN $1 AND $2, false) AS told, verdict, due_at,
        stopped_at, version_from, outcome, early, counted_days, working_us, process, region, channel, entity_type,
        report_tag
      FROM bizclock.verdict_history
      WHERE verdict IS NOT NULL AND known_from <= $3 AND known_until > $3 AND known_until <= $4
    ), after AS MATERIALIZED (
      SELECT case_id, commitment, round, known_from, true AS told, verdict, due_at, stopped_at, version_from, outcome,
        early, counted_days, working_us, process, region, channel, entity_type, report_tag
      FROM bizclock.verdict_history
      WHERE verdict IS NOT NULL AND stopped_day BETWEEN $1 AND $2
        AND known_from > $3 AND known_from <= $4 AND known_until > $4
      UNION ALL
      SELECT c.case_id, c.commitment, c.round, c.verdict_recorded_at, true, c.verdict, c.due_at, c.stopped_at,
        c.version_from, c.outcome, c.early, c.counted_days, c.working_us, coalesce(f.process, ''),
        coalesce(f.region, ''), coalesce(f.channel, ''), coalesce(f.entity_type, ''), coalesce(f.report_tag, '')
      FROM bizclock.clock c LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
      WHERE c.verdict IS NOT NULL AND c.stopped_day BETWEEN $1 AND $2
        AND c.verdict_recorded_at > $3 AND c.verdict_recorded_at <= $4
    ), why AS MATERIALIZED (
      SELECT case_id, commitment, round, array_agg(reason ORDER BY since, reason) AS reasons, max(until) AS at
      FROM (
        SELECT case_id, commitment, round, reason, min(known_until) AS since, max(known_until) AS until
        FROM bizclock.verdict_history WHERE known_until > $3 AND known_until <= $4
        GROUP BY case_id, commitment, round, reason
      ) r
      GROUP BY case_id, commitment, round
    ), change AS (
      SELECT coalesce(a.case_id, b.case_id) AS case_id, coalesce(a.commitment, b.commitment) AS commitment,
        coalesce(a.round, b.round) AS round, coalesce(a.known_from, w.at) AS changed_at,
        CASE WHEN b.case_id IS NOT NULL THEN w.reasons
          WHEN a.stopped_at > $3 THEN array_prepend('finished', w.reasons)
          ELSE array_prepend('late_data', array_remove(w.reasons, 'late_data')) END AS reasons,
        CASE WHEN b.told THEN b.verdict END AS verdict_then, b.due_at AS due_then, b.stopped_at AS stopped_then,
        b.region AS region_then, b.counted_days AS counted_then, a.verdict, a.due_at, a.stopped_at, a.region,
        a.counted_days
      FROM before b
      FULL JOIN after a ON a.case_id = b.case_id AND a.commitment = b.commitment AND a.round = b.round
      LEFT JOIN why w ON w.case_id = coalesce(a.case_id, b.case_id)
        AND w.commitment = coalesce(a.commitment, b.commitment) AND w.round = coalesce(a.round, b.round)
      WHERE (a.told OR b.told)
        AND (b.told, b.verdict, b.due_at, b.stopped_at, b.version_from, b.outcome, b.early, b.counted_days,
            b.working_us, b.process, b.region, b.channel, b.entity_type, b.report_tag)
          IS DISTINCT FROM (a.told, a.verdict, a.due_at, a.stopped_at, a.version_from, a.outcome, a.early,
            a.counted_days, a.working_us, a.process, a.region, a.channel, a.entity_type, a.report_tag)
    )
    """

  private static let sums = """
    SELECT commitment, reasons, count(*), count(verdict) - count(verdict_then),
      count(*) FILTER (WHERE verdict = 'on_time') - count(*) FILTER (WHERE verdict_then = 'on_time'),
      count(*) FILTER (WHERE verdict = 'late') - count(*) FILTER (WHERE verdict_then = 'late'),
      count(*) FILTER (WHERE verdict = 'premature') - count(*) FILTER (WHERE verdict_then = 'premature')
    FROM change GROUP BY commitment, reasons ORDER BY commitment, min(case_id), reasons
    """

  private static let list = """
    SELECT case_id, commitment, round, reasons, changed_at, verdict_then, due_then, stopped_then, region_then,
      counted_then, verdict, due_at, stopped_at, region, counted_days
    FROM change ORDER BY commitment, case_id, round LIMIT $5
    """

  /// Compares the reports of two moments on the clocks that stopped on some dates, in one snapshot.
  ///
  /// - Parameters:
  ///   - pageSize: how many changes are in memory at a time.
  ///   - summed: handed the sums, before any change.
  ///   - each: handed the changes page by page, by commitment, case and round, as many as are asked for; it says whether
  ///     it takes more.
  public static func read(
    _ question: Question, pageSize: Int = 1_000, on session: inout Session, summed: (ReportChanges) -> Void,
    each: ([Change]) -> Bool
  ) throws(PostgresError) {
    defer { session.rollbackQuietly() }
    try session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    let parameters: [Parameter] = [
      .date(question.from.dayNumber), .date(question.to.dayNumber), .timestamptz(question.first.microseconds),
      .timestamptz(question.second.microseconds),
    ]
    let found = try session.execute("\(changes) \(sums)", parameters)
    var result = ReportChanges(sums: [])
    for row in 0..<found.rowCount {
      result.sums.append(
        Sum(
          commitment: try found.text(row, 0), reasons: try reasons(found, row, 1), clocks: try found.int8(row, 2),
          finished: try found.int8(row, 3), onTime: try found.int8(row, 4), late: try found.int8(row, 5),
          premature: try found.int8(row, 6)))
    }
    summed(result)
    guard question.limit > 0, result.count > 0 else { return }
    try session.execute(
      "DECLARE changes NO SCROLL CURSOR FOR \(changes) \(list)", parameters + [.int8(Int64(question.limit))])
    while true {
      let found = try session.execute("FETCH FORWARD \(pageSize) FROM changes")
      guard found.rowCount > 0 else { return }
      var page: [Change] = []
      page.reserveCapacity(found.rowCount)
      for row in 0..<found.rowCount { page.append(try change(found, row)) }
      guard each(page) else { return }
    }
  }

  private static func change(_ found: QueryResult, _ row: Int) throws(PostgresError) -> Change {
    Change(
      caseID: try found.text(row, 0), commitment: try found.text(row, 1), round: try found.int4(row, 2),
      before: try belief(found, row, at: 5), after: try belief(found, row, at: 10),
      reasons: try reasons(found, row, 3), changedAt: Instant(microseconds: try found.timestamptz(row, 4)))
  }

  private static func reasons(_ found: QueryResult, _ row: Int, _ column: Int) throws(PostgresError) -> [Reason] {
    (try found.optionalTextArray(row, column) ?? []).compactMap { text in
      text == "finished" ? .finished : text.flatMap { ChangeReason(rawValue: $0) }.map { .changed($0) }
    }
  }

  private static func belief(_ found: QueryResult, _ row: Int, at column: Int) throws(PostgresError) -> Belief? {
    guard let verdict = try found.optionalText(row, column).flatMap({ Verdict(rawValue: $0) }) else { return nil }
    return Belief(
      verdict: verdict, dueAt: try found.optionalTimestamptz(row, column + 1).map { Instant(microseconds: $0) },
      stoppedAt: Instant(microseconds: try found.timestamptz(row, column + 2)),
      region: try found.text(row, column + 3), countedDays: try found.int4(row, column + 4))
  }
}
