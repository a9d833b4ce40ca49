import LibPQ
import ServiceTime

extension CaseReport {
  /// What was believed of a finished clock, from when until when.
  public struct Belief: Sendable {
    /// The commitment's id.
    public var commitment: String
    /// The round.
    public var round: Int
    /// When it was recorded.
    public var knownFrom: Instant
    /// When it changed; nil if it still holds.
    public var knownUntil: Instant?
    /// Why it changed; nil if it still holds.
    public var reason: ChangeReason?
    /// The verdict.
    public var verdict: Verdict
    /// The first date of the version that judged it.
    public var versionFrom: CivilDate
    /// When it was due.
    public var dueAt: Instant?
    /// Whether due rested on a day for which the calendar was not published.
    public var provisional: Bool
    /// When it stopped.
    public var stoppedAt: Instant
    /// Type of the event that stopped it.
    public var outcome: String
    /// Counted days.
    public var countedDays: Int
    /// If late, by how much.
    public var overrun: Overrun?
    /// Under which process, region, channel, entity type and report tag it was counted; empty where not known.
    public var countedUnder: CountedUnder
  }

  /// What reports tell apart.
  public struct CountedUnder: Sendable, Equatable {
    /// The process.
    public var process: String
    /// The region.
    public var region: String
    /// The channel.
    public var channel: String
    /// The entity type.
    public var entityType: String
    /// The report tag.
    public var reportTag: String
  }

  /// What has been believed of the case's finished clocks, in the order of commitment, round and time; of what is known
  /// later than a moment, nothing.
  static func beliefs(
    of caseID: String, knownAt: Instant?, _ session: inout Session
  ) throws(PostgresError) -> [Belief] {
    let found = try session.execute(
      """
      SELECT h.commitment, h.round, h.known_from, h.known_until, h.reason, h.verdict, h.version_from, h.due_at,
        h.provisional, h.stopped_at, coalesce(h.outcome, ''), h.counted_days, h.overrun_us, h.overrun_days, h.process,
        h.region, h.channel, h.entity_type, h.report_tag
      FROM bizclock.verdict_history h
      WHERE h.case_id = $1 AND h.verdict IS NOT NULL AND h.stopped_at IS NOT NULL
      UNION ALL
      SELECT c.commitment, c.round, c.verdict_recorded_at, NULL, NULL, c.verdict, c.version_from, c.due_at,
        c.provisional, c.stopped_at, coalesce(c.outcome, ''), c.counted_days, c.overrun_us, c.overrun_days,
        coalesce(f.process, ''), coalesce(f.region, ''), coalesce(f.channel, ''), coalesce(f.entity_type, ''),
        coalesce(f.report_tag, '')
      FROM bizclock.clock c LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
      WHERE c.case_id = $1 AND c.verdict IS NOT NULL AND c.verdict_recorded_at IS NOT NULL
      ORDER BY 1, 2, 3
      """, [.text(caseID)])
    var beliefs: [Belief] = []
    for row in 0..<found.rowCount {
      guard let verdict = Verdict(rawValue: try found.text(row, 5)) else { continue }
      let from = Instant(microseconds: try found.timestamptz(row, 2))
      var until = try found.optionalTimestamptz(row, 3).map { Instant(microseconds: $0) }
      if let knownAt {
        guard from <= knownAt else { continue }
        if let end = until, end > knownAt { until = nil }
      }
      var overrun: Overrun?
      if let time = try found.optionalInt8(row, 12), let days = try found.optionalInt4(row, 13) {
        overrun = Overrun(time: time, days: Int(days))
      }
      beliefs.append(
        Belief(
          commitment: try found.text(row, 0), round: Int(try found.int4(row, 1)), knownFrom: from,
          knownUntil: until,
          reason: until == nil ? nil : try found.optionalText(row, 4).flatMap { ChangeReason(rawValue: $0) },
          verdict: verdict, versionFrom: CivilDate(dayNumber: try found.date(row, 6)),
          dueAt: try found.optionalTimestamptz(row, 7).map { Instant(microseconds: $0) },
          provisional: try found.bool(row, 8), stoppedAt: Instant(microseconds: try found.timestamptz(row, 9)),
          outcome: try found.text(row, 10), countedDays: Int(try found.int4(row, 11)), overrun: overrun,
          countedUnder: CountedUnder(
            process: try found.text(row, 14), region: try found.text(row, 15), channel: try found.text(row, 16),
            entityType: try found.text(row, 17), reportTag: try found.text(row, 18))))
    }
    return beliefs
  }
}
