import Daemon
import Glibc
import Journal
import LibPQ
import ServiceTime

/// Prints the demo's dashboards, each a query that an analyst could paste.
struct DemoReport: Sendable {
  let database: DatabaseSource
  let zone: TimeZoneTable

  private struct Query: Sendable {
    var title: String
    var headings: [String]
    var right: Set<Int>
    var sql: String
  }

  private static let queries = [
    Query(
      title: "On time, by month and commitment (dashboard.on_time_monthly)",
      headings: ["month", "commitment", "finished", "on time", "late", "premature", "rate"],
      right: [2, 3, 4, 5, 6],
      sql: """
        SELECT to_char(month, 'YYYY-MM'), commitment, sum(finished)::text, sum(on_time)::text, sum(late)::text,
          sum(premature)::text,
          coalesce(to_char(100 * sum(on_time)::float8 / nullif(sum(finished), 0), 'FM990.0') || ' %', '–')
        FROM dashboard.on_time_monthly
        WHERE month >= date_trunc('month', dashboard.now()) - interval '3 months'
        GROUP BY month, commitment ORDER BY month, commitment
        """),
    Query(
      title: "Before and after, by commitment version (dashboard.before_after)",
      headings: ["commitment", "from", "limit", "finished", "on time", "mean days", "median", "p90"],
      right: [3, 4, 5, 6, 7],
      sql: """
        SELECT commitment, version_from::text, limit_text, finished::text,
          coalesce(to_char(100 * on_time_rate, 'FM990.0') || ' %', '–'),
          coalesce(to_char(mean_counted_days, 'FM990.0'), '–'), coalesce(median_counted_days::text, '–'),
          coalesce(p90_counted_days::text, '–')
        FROM dashboard.before_after ORDER BY commitment, version_from
        """),
    Query(
      title: "Shares, by month (dashboard.share_monthly)",
      headings: ["month", "commitment", "population", "counted", "share", "target", "met", "at best"],
      right: [2, 3, 4, 5, 7],
      sql: """
        SELECT to_char(period, 'YYYY-MM'), commitment, population::text, counted::text,
          coalesce(to_char(100 * share, 'FM990.0') || ' %', '–'), to_char(100 * target, 'FM990.0') || ' %',
          CASE WHEN met THEN 'yes' WHEN NOT met THEN 'no' ELSE '–' END,
          coalesce(to_char(100 * best_share, 'FM990.0') || ' %', '–')
        FROM dashboard.share_monthly
        WHERE period >= date_trunc('month', dashboard.now()) - interval '3 months'
        ORDER BY period, commitment
        """),
    Query(
      title: "Overdue now, worst first (dashboard.overdue)",
      headings: ["case", "commitment", "region", "state", "due", "overdue days"], right: [5],
      sql: """
        SELECT case_id, commitment, coalesce(region, '–'), state,
          to_char(due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'),
          coalesce(overdue_working_days::text, '–')
        FROM dashboard.overdue LIMIT 10
        """),
  ]

  /// Prints the report for an instant, and the overrun that the log kept as it was written there.
  func print(_ log: DemoLog, at now: Instant) async throws {
    try await setNow(now)
    let connection = try await database.connect(.ask)
    Terminal.print("\nThe town at \(now.rfc3339(in: zone))")
    for query in DemoReport.queries {
      let rows = try await connection.run { session -> [[String]] in
        _ = try session.execute(
          "SELECT set_config('bizclock.now', $1, false)", [.text(now.rfc3339(in: zone))])
        let found = try session.execute(query.sql)
        return try (0..<found.rowCount).map { row in
          try query.headings.indices.map { try found.optionalText(row, $0) ?? "" }
        }
      }
      var table = TextTable(query.headings, right: query.right)
      for row in rows { table.add(row) }
      Terminal.print("\n\(query.title)\n\n\(rows.isEmpty ? "none" : table.text)")
    }
    await connection.close()
    Terminal.print("\nAn overrun as it stands in the log (\(log.raised) levels were reached in these days)\n")
    guard let overrun = log.overrun else {
      Terminal.print("none")
      return
    }
    JSONLineSink(descriptor: STDOUT_FILENO).write(overrun)
  }

  /// Lets the views of new sessions speak of the demo's time.
  func setNow(_ now: Instant) async throws {
    let connection = try await database.connect(.ask)
    try await connection.run { session in
      // ALTER DATABASE takes no parameters; the text is an RFC 3339 time of our own making.
      _ = try session.execute("ALTER DATABASE bizclock SET bizclock.now = '\(now.rfc3339(in: .utc))'")
    }
    await connection.close()
  }
}
