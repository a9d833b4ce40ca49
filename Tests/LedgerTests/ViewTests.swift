import Foundation
import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Ledger

/// What dashboards see: all of the views, and nothing else.
@Suite struct ViewTests {
  /// The figures that are worked out by hand, in Tests/sql/views-check.sql, by psql as an operator would run it.
  @Test func workedOutByHand() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let scripts = ["sql/0001_ledger.sql", "sql/views.sql", "sql/roles.sql", "Tests/sql/views-check.sql"]
      let arguments =
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "cells_from=2025-12-01", "-d", conninfo]
        + scripts.flatMap { ["-f", $0] }
      let (status, output) = try await run(arguments)
      #expect(status == 0, "\(output.suffix(2_000))")
      #expect(output.contains("views-check: all figures as worked out by hand"))
    }
  }

  private func run(_ arguments: [String]) async throws -> (Int32, String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = Repository.root
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    let status = try await withCheckedThrowingContinuation { (done: CheckedContinuation<Int32, any Error>) in
      process.terminationHandler = { done.resume(returning: $0.terminationStatus) }
      do { try process.run() } catch { done.resume(throwing: error) }
    }
    return (status, String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self))
  }

  @Test func everythingHasAComment() async throws {
    try await TestLedger.with { ledger async throws in
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws('.', c.relname, a.attname) FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          WHERE c.relnamespace = 'dashboard'::regnamespace
            AND (coalesce(col_description(c.oid, a.attnum), '') = '' OR coalesce(obj_description(c.oid, 'pg_class'), '') = '')
          """), [])
      try await expectRows(
        ledger.column(
          """
          SELECT c.relname FROM pg_class c
          WHERE c.relnamespace = 'bizclock'::regnamespace AND c.relkind IN ('r', 'v')
            AND coalesce(obj_description(c.oid, 'pg_class'), '') = ''
          """), [])
    }
  }

  /// What a function means is settled when it is made: no reader's search_path can turn it.
  @Test func functionsAreBound() async throws {
    try await TestLedger.with { ledger async throws in
      try await expectRows(
        ledger.column(
          """
          SELECT p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
          WHERE p.pronamespace IN ('bizclock'::regnamespace, 'dashboard'::regnamespace) AND l.lanname <> 'internal'
            AND p.prosqlbody IS NULL AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)
          """), [])
    }
  }

  @Test func theDashboardRoleReadsTheViewsAlone() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.tell(ledger.leader(), OrderTests.simulated(cases: 20))
      let views = try await ledger.column(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'dashboard'::regnamespace ORDER BY 1")
      let tables = try await ledger.column(
        """
        SELECT oid::regclass::text FROM pg_class
        WHERE relnamespace = 'bizclock'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY 1
        """)
      #expect(views.count >= 17)
      #expect(tables.count >= 20)
      try await ledger.execute("SET ROLE bizclock_dashboard")
      for view in views {
        try await expectRows(ledger.column("SELECT (count(t::text) >= 0)::text FROM \(view) t"), ["true"])
        try await expectRows(
          ledger.column("SELECT has_any_column_privilege('\(view)', 'INSERT, UPDATE, REFERENCES')::text"), ["false"]
        )
        await refused(ledger, "DELETE FROM \(view)")
      }
      for table in tables {
        await refused(ledger, "SELECT 1 FROM \(table)")
        await refused(ledger, "DELETE FROM \(table)")
      }
      for statement in [
        "CREATE TABLE dashboard.own (a int)", "CREATE TABLE bizclock.own (a int)",
        "CREATE TABLE public.own (a int)",
        "SELECT bizclock.dashboard_views()", "SELECT pg_read_file('/etc/passwd')", "COPY (SELECT 1) TO '/tmp/x'",
        "UPDATE bizclock.setting SET value = 'true'",
      ] { await refused(ledger, statement) }
      // Of what it may call of ours nothing writes, and one function alone reads with rights that it has not.
      try await expectRows(
        ledger.column(
          """
          SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname IN ('bizclock', 'dashboard') AND has_function_privilege(p.oid, 'EXECUTE')
            AND (p.provolatile = 'v' OR p.prosecdef)
          """), ["dashboard.on_time_as_of(timestamp with time zone,date,date)"])
      try await expectRows(
        ledger.column(
          "SELECT (count(*) > 0)::text FROM dashboard.on_time_as_of('2027-01-01Z', '2026-01-01', '2026-12-31')"),
        ["true"])
      try await ledger.execute("RESET ROLE")
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', p.provolatile, p.proconfig, p.proacl::text ~ '(\\{|,)=', g.grantees)
          FROM pg_proc p, LATERAL (
            SELECT string_agg(a.grantee::regrole::text, ',') AS grantees FROM aclexplode(p.proacl) a
            WHERE a.grantee <> p.proowner) g
          WHERE p.proname = 'on_time_as_of'
          """), ["s {\"search_path=pg_catalog, pg_temp\"} f bizclock_dashboard"])
    }
  }

  /// What was known cannot be turned by objects of the caller's that have the names of ours or of the system's.
  @Test func whatWasKnownCannotBeTurned() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.tell(
        ledger.leader(),
        [.told("K1", "accepted", "2026-06-01 09:00"), .told("K1", "completed", "2026-06-01 10:00")],
        at: local("2026-06-01 11:00"))
      try await ledger.execute("GRANT TEMPORARY ON DATABASE \(ledger.database) TO bizclock_dashboard")
      try await ledger.execute("SET ROLE bizclock_dashboard")
      for statement in [
        "CREATE TEMP TABLE clock (a int)", "CREATE TEMP TABLE pg_class (a int)",
        "CREATE FUNCTION pg_temp.count() RETURNS bigint LANGUAGE sql AS 'SELECT 99::bigint'",
        "CREATE FUNCTION pg_temp.nullif(text, text) RETURNS text LANGUAGE sql AS 'SELECT current_user::text'",
        "SET search_path = pg_temp, dashboard, pg_catalog",
      ] { try await ledger.execute(statement) }
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', commitment, process, finished)
          FROM dashboard.on_time_as_of('2026-07-01Z', '2026-06-01', '2026-06-30')
          """), ["one_day opening 1", "opening opening 1"])
    }
  }

  /// Every column that the contract names is there, by its name.
  @Test(arguments: [
    (
      "clock",
      """
      case_id process commitment round version_from region grid channel entity_type service_window tags started_at \
      due_at stopped_at state outcome verdict breached counted_days working_seconds elapsed_seconds paused_seconds \
      overrun_seconds overrun_days provisional
      """
    ),
    (
      "open_clock",
      "CLOCK remaining_seconds remaining_working_days overdue_seconds overdue_working_days region_name"
    ),
    ("overdue", "CLOCK overdue_seconds overdue_working_days region_name"),
    ("due_soon", "CLOCK remaining_seconds remaining_working_days"),
    (
      "alert",
      """
      alert_id case_id commitment round level revision due_at level_at recorded_at logged_at resolved_at withdrawn_at \
      amended_at acknowledged_at acknowledged_by reason retrospective feed_stalled
      """
    ),
    ("on_time_daily", "day DIMENSIONS FIGURES"), ("on_time_monthly", "month DIMENSIONS FIGURES"),
    (
      "on_time_by_due_month",
      """
      month process commitment version_from region channel entity_type report_tag due on_time late open_overdue \
      on_time_rate
      """
    ),
    (
      "before_after",
      "commitment version_from finished on_time_rate mean_counted_days median_counted_days p90_counted_days"
    ),
    ("step_time", "process step started finished median_working_hours p90_working_hours share_of_case_time"),
    ("region_rollup", "month region region_name process commitment FIGURES"),
    ("pause_audit", "case_id kind from to working_seconds suspended_days correction_round"),
    ("feed_health", "feed last_event_at last_received_at lag_seconds received duplicates quarantined stalled"),
    ("detection_lag", "hour level alerts p50_ms p99_ms max_ms"), ("event_log", "case_id activity occurred_at"),
    ("calendar_day", "calendar date worked kind name published"), ("region", "code name name_en parent level"),
  ])
  func columnsOfTheContract(_ view: String, _ columns: String) async throws {
    let figures = """
      finished on_time late premature on_time_rate early_rate compression mean_counted_days median_counted_days \
      p90_counted_days p95_counted_days mean_working_hours median_working_hours p90_working_hours p95_working_hours
      """
    let clock = """
      case_id process commitment round version_from region channel started_at due_at state verdict counted_days \
      working_seconds overrun_seconds overrun_days provisional
      """
    let dimensions = "process commitment version_from region channel entity_type report_tag outcome"
    let wanted = columns.replacing("FIGURES", with: figures).replacing("CLOCK", with: clock)
      .replacing("DIMENSIONS", with: dimensions).split(separator: " ").map(String.init)
    try await TestLedger.with { ledger async throws in
      let there = try await ledger.column(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'dashboard.\(view)'::regclass AND attnum > 0")
      #expect(wanted.filter { !there.contains($0) } == [])
    }
  }

  /// The names of regions follow the policy in force.
  @Test func namesOfRegions() async throws {
    try await TestLedger.with { ledger async throws in
      let names = "SELECT concat_ws(' ', code, name, name_en, parent_name) FROM dashboard.region"
      try await expectRows(ledger.column("SELECT count(*)::text FROM dashboard.region"), ["49"])
      try await expectRows(
        ledger.column("\(names) WHERE code LIKE '4690051%' ORDER BY code LIMIT 2"),
        ["469005100 文城镇 Wencheng Town 文昌市", "469005101 重兴镇 Chongxing Town 文昌市"])
      let changed = try ShippedRules.rulebook { policy, _ in
        policy.regions = [Region(code: "469005", name: "文昌", nameEN: "Wenchang"), Region(code: "46", name: "海南")]
      }
      try await ledger.apply(.policy, changed)
      try await expectRows(ledger.column("\(names) ORDER BY code"), ["46 海南", "469005 文昌 Wenchang"])
      try await ledger.apply(.policy, ShippedRules.rulebook { policy, _ in policy.regions = [] })
      try await expectRows(ledger.column(names), [])
    }
  }

  private func refused(_ ledger: TestLedger, _ statement: String) async {
    let error = await #expect(throws: PostgresError.self, "\(statement)") { try await ledger.execute(statement) }
    // Refused for want of rights, or because a view cannot be written to at all.
    let codes = ["42501", "55000"]
    #expect(error.map { codes.contains($0.code?.text ?? "") } ?? false, "\(statement): \(error?.description ?? "")")
  }

  /// Views speak for the moment that `bizclock.now` says.
  @Test func nowIsASetting() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.tell(
        ledger.leader(), [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 09:05"))
      func at(_ now: String, _ query: String) async throws -> [String] {
        try await ledger.execute("SELECT set_config('bizclock.now', '\(now)', false)")
        return try await ledger.column(query)
      }
      let clock = """
        SELECT concat_ws(' ', counted_days, working_seconds::int, elapsed_seconds::int, overrun_seconds::int, overrun_days)
        FROM dashboard.clock WHERE commitment = 'opening'
        """
      try await expectRows(at("2026-06-01 10:00+08", clock), ["0 3600 3600"])
      try await expectRows(at("2026-06-03 17:30+08", clock), ["2 68400 203400"])
      try await expectRows(at("2026-06-04 09:00+08", clock), ["3 70200 259200 55800 1"])
      let overdue = "SELECT commitment FROM dashboard.overdue ORDER BY 1"
      let soon = "SELECT commitment FROM dashboard.due_soon ORDER BY 1"
      try await expectRows(at("2026-06-02 17:30+08", overdue), [])
      try await expectRows(at("2026-06-02 17:30+08", soon), ["one_day", "opening"])
      try await expectRows(at("2026-06-02 17:30:00.000001+08", overdue), ["one_day"])
      try await expectRows(at("2026-06-04 09:00+08", overdue), ["one_day", "opening"])
      try await expectRows(at("", "SELECT (dashboard.now() = now())::text"), ["true"])
    }
  }

  /// Names of individuals are hidden unless the configuration says otherwise.
  @Test func namesOfIndividuals() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.tell(
        ledger.leader(),
        [
          ("A", "individual"), ("B", "enterprise"), ("C", nil), ("D", "Individual"), ("E", "个人"),
          ("F", "cooperative"),
        ].map { name, type in
          .told(name, "accepted", "2026-06-01 09:00") {
            $0.entityName = "name \(name)"
            $0.entityType = type
            // Of A it is a code, of the others the number of an identity card; that of D would pass for a code.
            $0.uscc =
              ["A": "91350100M000100Y43", "D": "469005195805019947", "E": "110101900307451"][name]
              ?? "110101199003074514"
          }
        })
      let names = "SELECT coalesce(entity_name, '-') FROM dashboard.event_log ORDER BY case_id"
      try await expectRows(ledger.column(names), ["-", "name B", "-", "-", "-", "name F"])
      try await expectRows(
        ledger.column("SELECT case_id || ' ' || coalesce(uscc, '-') FROM dashboard.event_log ORDER BY case_id"),
        ["A 91350100M000100Y43", "B 110101199003074514", "C -", "D -", "E -", "F 110101199003074514"])
      try await ledger.execute("UPDATE bizclock.setting SET value = 'true' WHERE name = 'show_individual_names'")
      try await expectRows(
        ledger.column(names), ["name A", "name B", "name C", "name D", "name E", "name F"])
    }
  }
}
