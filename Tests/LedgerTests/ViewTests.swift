import Foundation
import LibPQ
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
      #expect(views.count >= 13)
      #expect(tables.count >= 15)
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
      // Of what it may call of ours nothing writes.
      try await expectRows(
        ledger.column(
          """
          SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname IN ('bizclock', 'dashboard') AND has_function_privilege(p.oid, 'EXECUTE')
            AND (p.provolatile = 'v' OR p.prosecdef)
          """), [])
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
        [("A", "individual"), ("B", "enterprise"), ("C", nil)].map { name, type in
          .told(name, "accepted", "2026-06-01 09:00") {
            $0.entityName = "name \(name)"
            $0.entityType = type
          }
        })
      let names = "SELECT coalesce(entity_name, '-') FROM dashboard.event_log ORDER BY case_id"
      try await expectRows(ledger.column(names), ["-", "name B", "-"])
      try await ledger.execute("UPDATE bizclock.setting SET value = 'true' WHERE name = 'show_individual_names'")
      try await expectRows(ledger.column(names), ["name A", "name B", "name C"])
    }
  }
}
