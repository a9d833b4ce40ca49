import LibPQ
import ServiceTime

/// What is open beside what finished.
extension OnTimeReport {
  private static let openByKey = """
    SELECT k.key, count(*), count(*) FILTER (WHERE m.due_at < $1)
    FROM (
      SELECT c.commitment, c.version_from, c.due_at, coalesce(f.process, '') AS process,
        coalesce(f.region, '') AS region, coalesce(f.channel, '') AS channel,
        coalesce(f.entity_type, '') AS entity_type, coalesce(f.report_tag, '') AS report_tag
      FROM bizclock.clock c LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
      WHERE c.state IN ('running', 'paused')
    ) m CROSS JOIN LATERAL %keys
    GROUP BY k.key
    """

  static func addOpen(
    _ question: Question, now: Instant, to rows: inout [[Identifier]: Row], _ session: inout Session
  ) throws(PostgresError) {
    let placed = question.dimensions.allSatisfy(\.tellsOpenClocksApart)
    let counts =
      if let past = question.past {
        try past.rulebook.map { rulebook throws(PostgresError) in
          try OpenThen.count(past.known, rulebook, &session) { clock, row in
            let total = [Identifier(clock.commitment)]
            return placed ? [total, group(clock, row.dimensions, question.dimensions)] : [total]
          }
        } ?? [:]
      } else {
        try openNow(placed ? keys(question.dimensions) : "(VALUES (ARRAY[m.commitment])) AS k (key)", now, &session)
      }
    for (key, row) in rows where placed || row.isTotal {
      rows[key]?.open = 0
      rows[key]?.overdue = 0
    }
    for (key, count) in counts {
      rows[key, default: row(key)].open = count.open
      rows[key]?.overdue = count.overdue
    }
  }

  private static func openNow(
    _ keys: String, _ now: Instant, _ session: inout Session
  ) throws(PostgresError) -> [[Identifier]: OpenThen.Count] {
    let found = try session.execute(filled(openByKey, keys), [.timestamptz(now.microseconds)])
    var counts: [[Identifier]: OpenThen.Count] = [:]
    for index in 0..<found.rowCount {
      counts[try key(found, index)] = OpenThen.Count(
        open: try found.int8(index, 1), overdue: try found.int8(index, 2))
    }
    return counts
  }

  /// The key of the group of an open clock, as `group` makes it of a row; month and outcome it has none.
  private static func group(_ clock: Clock, _ of: Dimensions, _ dimensions: [Dimension]) -> [Identifier] {
    let parts = dimensions.map { dimension in
      switch dimension {
      case .process: of.process
      case .city: Identifier(String(of.region.text.prefix(6)))
      case .town: Identifier(String(of.region.text.prefix(9)))
      case .community: Identifier(String(of.region.text.prefix(12)))
      case .region: of.region
      case .channel: of.channel
      case .entityType: of.entityType
      case .tag: of.reportTag
      case .month, .outcome: Identifier("")
      }
    }
    return [Identifier(clock.commitment), Identifier(clock.versionFrom.description)] + parts
  }
}
