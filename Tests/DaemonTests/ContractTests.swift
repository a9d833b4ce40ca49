import LibPQ
import Testing

@testable import Daemon

/// Everything that the contract with users names is there: commands with their options, views with their columns.
@Suite struct ContractTests {
  /// Contract §2.
  static let commands: [String: Set<String>] = [
    "": ["config", "version"],
    "run": [],
    "demo": ["once"],
    "ingest": ["feed", "retrospective", "json", "FILES"],
    "migrate": ["check"],
    "policy check": ["FILE"],
    "policy diff": ["FILE", "cases", "json"],
    "policy apply": ["FILE", "reason", "by", "restate", "expect"],
    "calendar check": ["FILE"],
    "calendar diff": ["FILE", "cases", "json"],
    "calendar apply": ["FILE", "reason", "by", "restate", "expect"],
    "calendar closure begin": ["calendar", "from", "to", "name", "reason", "by", "restate", "dry-run"],
    "calendar closure end": ["calendar", "at", "reason", "by", "restate", "dry-run"],
    "due": ["commitment", "start", "pause", "batch", "json"],
    "explain": ["CASE", "lang", "json", "as-of"],
    "status": ["json"],
    "report": ["from", "to", "by", "format", "compare-as-of", "limit"],
    "alerts list": ["json"],
    "alerts ack": ["by", "reason"],
    "quarantine list": ["feed", "code", "json"],
    "quarantine show": ["json"],
    "quarantine retry": ["feed", "code"],
    "quarantine discard": ["reason"],
    "feed check": ["NAME", "FILE", "rows", "json"],
    "verify": ["json"],
    "rebuild": ["json"],
    "token": ["name", "scope", "file"],
    "simulate": ["cases", "seed", "from", "to"],
  ]

  @Test func everyCommandIsThere() throws {
    let there = try ProgramCommands.read()
    for (command, options) in ContractTests.commands {
      guard let found = there[command] else {
        Issue.record("bizclock \(command) is missing")
        continue
      }
      #expect(
        options.subtracting(found).isEmpty, "bizclock \(command) lacks \(options.subtracting(found).sorted())")
    }
  }

  private static let clock = [
    "case_id", "process", "commitment", "round", "version_from", "region", "grid", "channel", "entity_type",
    "service_window", "tags", "started_at", "due_at", "stopped_at", "state", "outcome", "verdict", "breached",
    "counted_days", "working_seconds", "elapsed_seconds", "paused_seconds", "overrun_seconds", "overrun_days",
    "provisional",
  ]
  private static let measures = [
    "finished", "on_time", "late", "premature", "on_time_rate", "early_rate", "compression", "mean_counted_days",
    "median_counted_days", "p90_counted_days", "p95_counted_days", "mean_working_hours", "median_working_hours",
    "p90_working_hours", "p95_working_hours",
  ]
  private static let dimensions = [
    "process", "commitment", "version_from", "region", "channel", "entity_type", "report_tag", "outcome",
  ]

  /// Contract §4.
  static let views: [String: [String]] = [
    "clock": clock,
    "open_clock": clock + [
      "remaining_seconds", "overdue_seconds", "remaining_working_days", "overdue_working_days",
    ],
    "overdue": clock + ["overdue_seconds", "overdue_working_days"],
    "due_soon": clock + ["remaining_seconds", "remaining_working_days"],
    "alert": [
      "alert_id", "case_id", "commitment", "round", "level", "revision", "due_at", "level_at", "recorded_at",
      "logged_at", "resolved_at", "withdrawn_at", "amended_at", "acknowledged_at", "acknowledged_by", "reason",
      "retrospective", "feed_stalled",
    ],
    "on_time_daily": ["day"] + dimensions + measures,
    "on_time_monthly": ["month"] + dimensions + measures,
    "on_time_by_due_month": [
      "month", "process", "commitment", "version_from", "region", "channel", "entity_type", "report_tag", "due",
      "on_time", "late", "open_overdue", "on_time_rate",
    ],
    "before_after": [
      "commitment", "version_from", "finished", "on_time_rate", "mean_counted_days", "median_counted_days",
      "p90_counted_days",
    ],
    "duration_survival": [
      "process", "commitment", "version_from", "ending", "ended", "rejected", "open", "cancelled",
      "cancelled_overdue", "median_counted_days", "p90_counted_days", "p95_counted_days",
      "km_median_counted_days", "km_p90_counted_days", "km_p95_counted_days", "median_working_hours",
      "p90_working_hours", "km_median_working_hours", "km_p90_working_hours",
    ],
    "step_time": [
      "process", "step", "started", "finished", "median_working_hours", "p90_working_hours", "share_of_case_time",
    ],
    "share_monthly": ["commitment", "period", "population", "counted", "share", "target", "met"],
    "region_rollup": ["region", "region_name", "month", "commitment"] + measures,
    "pause_audit": [
      "case_id", "kind", "from", "to", "working_seconds", "suspended_days", "correction_round",
    ],
    "feed_health": [
      "feed", "last_event_at", "last_received_at", "lag_seconds", "received", "duplicates", "quarantined",
      "stalled",
    ],
    "detection_lag": ["hour", "level", "alerts", "p50_ms", "p99_ms", "max_ms"],
    "event_log": ["case_id", "activity", "occurred_at"],
    "calendar_day": ["calendar", "date", "worked", "kind", "name", "published"],
    "region": ["code", "name"],
  ]

  /// Every view with its columns, each with a comment, readable by the role of dashboards and by it alone.
  @Test func everyViewIsThere() async throws {
    try await DaemonTestBase.withDaemon { office in
      let connection = try await Connection.connect(office.conninfo)
      for (view, columns) in ContractTests.views {
        let found = try await connection.run { session -> [String: Bool] in
          let rows = try session.execute(
            """
            SELECT attname::text, col_description(attrelid, attnum) IS NOT NULL FROM pg_attribute
            WHERE attrelid = to_regclass('dashboard.' || quote_ident($1)) AND attnum > 0 AND NOT attisdropped
            """, [.text(view)])
          var there: [String: Bool] = [:]
          for row in 0..<rows.rowCount { there[try rows.text(row, 0)] = try rows.bool(row, 1) }
          return there
        }
        let missing = columns.filter { found[$0] == nil }
        #expect(missing.isEmpty, "dashboard.\(view) lacks \(missing)")
        #expect(found.values.allSatisfy { $0 }, "dashboard.\(view) has columns without a comment")
      }
      try await connection.run { session in
        try session.execute("SET ROLE bizclock_dashboard")
        for view in ContractTests.views.keys { try session.execute("SELECT * FROM dashboard.\(view) LIMIT 1") }
        try session.execute("SELECT * FROM dashboard.on_time_as_of(now(), '2026-01-01', '2026-12-31')")
        // Nothing else: neither tables nor what the views are made of.
        let tables = try session.execute(
          """
          SELECT c.oid::regclass::text FROM pg_class c
          WHERE c.relnamespace = 'bizclock'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
            AND has_table_privilege(c.oid, 'SELECT')
          """)
        #expect(tables.rowCount == 0)
      }
      await connection.close()
    }
  }
}
