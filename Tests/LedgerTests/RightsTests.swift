import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Ledger

/// Who may do what in the database, by right and not only by custom.
@Suite struct RightsTests {
  /// What `bizclock_daemon` may do with each table: S select, I insert, U update of some column, D delete; nobody but
  /// the owner may truncate. `bizclock_dashboard`, and whoever has nothing, may do none of it.
  private static let tables: [String: String] = [
    "schema_migration": "S", "setting": "S", "event": "SI", "ledger_head": "SU", "feed": "SIU", "feed_source": "SI",
    "quarantine": "SIU",
    "exchange_position": "SIU", "exchange_row": "SIU",
    "rules": "S", "commitment_version": "S", "calendar": "S", "calendar_day": "S", "region": "S", "projector": "SU",
    "case_file": "SIU", "clock": "SIUD", "metric_series": "SI", "metric_cell": "SIUD", "share_cell": "SIUD",
    "alert": "SIU", "alert_history": "SI", "verdict_history": "SI", "progress": "S", "log_outbox": "SID",
  ]

  enum Role: String, CaseIterable {
    case daemon = "bizclock_daemon", dashboard = "bizclock_dashboard", nobody = "pg_monitor"
  }

  /// A database with what its own migration revoked: a clone of a template has no rights of its own on itself.
  private func migrated(_ body: @Sendable (TestLedger) async throws -> Void) async throws {
    try await TestLedger.with { ledger async throws in
      _ = try await ledger.connection.run { try Schema.migrate(&$0, now: TestLedger.now) }
      try await body(ledger)
    }
  }

  @Test(arguments: Role.allCases) func eachTableByEachVerb(_ role: Role) async throws {
    try await migrated { ledger in
      let names = try await ledger.column(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'bizclock'::regnamespace AND relkind IN ('r', 'p')"
      )
      #expect(Set(names) == Set(RightsTests.tables.keys), "a table that nobody decided on")
      for name in names {
        let columns = try await ledger.column(
          """
          SELECT attname::text FROM pg_attribute
          WHERE attrelid = 'bizclock.\(name)'::regclass AND attnum > 0 AND attgenerated = '' AND attidentity = ''
          """)
        try await ledger.execute("SET ROLE \(role.rawValue)")
        var may = ""
        if await works(ledger, "SELECT * FROM bizclock.\(name) LIMIT 0") { may += "S" }
        if await works(ledger, "INSERT INTO bizclock.\(name) (\(columns[0])) SELECT NULL WHERE false") {
          may += "I"
        }
        for column in columns
        where await works(ledger, "UPDATE bizclock.\(name) SET \(column) = NULL WHERE false") && !may.contains("U")
        {
          may += "U"
        }
        if await works(ledger, "DELETE FROM bizclock.\(name) WHERE false") { may += "D" }
        if await works(ledger, "TRUNCATE bizclock.\(name)") { may += "T" }
        try await ledger.execute("RESET ROLE")
        #expect(may == (role == .daemon ? RightsTests.tables[name] : ""), "\(role.rawValue) on \(name)")
      }
    }
  }

  /// Columns that say what came and who applied what are nobody's to change.
  @Test(arguments: [
    ("quarantine", "bytes"), ("quarantine", "received_at"), ("alert", "recorded_at"), ("alert", "case_id"),
    ("projector", "policy"), ("projector", "calendar"), ("clock", "case_id"), ("event", "type"), ("feed", "name"),
  ]) func columnsThatStay(_ table: String, _ column: String) async throws {
    try await migrated { ledger in
      try await ledger.execute("SET ROLE bizclock_daemon")
      let works = await works(ledger, "UPDATE bizclock.\(table) SET \(column) = NULL WHERE false")
      #expect(!works)
    }
  }

  @Test(arguments: [Role.daemon, .dashboard]) func noDDL(_ role: Role) async throws {
    try await migrated { ledger in
      try await ledger.execute("SET ROLE \(role.rawValue)")
      for statement in [
        "CREATE TABLE bizclock.own (a int)", "CREATE TABLE dashboard.own (a int)",
        "CREATE TABLE public.own (a int)",
        "CREATE SCHEMA own", "CREATE ROLE own", "CREATE VIEW dashboard.own AS SELECT 1",
        "CREATE FUNCTION bizclock.own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION public.own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE bizclock.event ADD COLUMN own int", "DROP TABLE bizclock.verdict_history",
        "DROP VIEW dashboard.clock", "CREATE INDEX ON bizclock.event (type)", "DROP SCHEMA dashboard CASCADE",
        "ALTER TABLE bizclock.event OWNER TO \(role.rawValue)",
        "CREATE TRIGGER own BEFORE INSERT ON bizclock.event EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE own AS ON INSERT TO bizclock.event DO INSTEAD NOTHING",
        "SET session_replication_role = replica",
        "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('/etc/passwd')",
      ] {
        let works = await works(ledger, statement)
        #expect(!works, "\(role.rawValue): \(statement)")
      }
      // Not an error, and of no effect.
      _ = await works(ledger, "GRANT DELETE ON bizclock.event TO \(role.rawValue)")
      try await ledger.execute("RESET ROLE")
      try await expectRows(
        ledger.column("SELECT has_table_privilege('\(role.rawValue)', 'bizclock.event', 'DELETE')::text"), ["false"]
      )
    }
  }

  /// Temporary objects are the daemon's tool; a reader has no place for a function of its own.
  @Test func temporaryObjects() async throws {
    try await migrated { ledger in
      try await ledger.execute("SET ROLE bizclock_dashboard")
      let tables = await works(ledger, "CREATE TEMP TABLE own (a int)")
      let functions = await works(
        ledger, "CREATE FUNCTION pg_temp.own(text) RETURNS bool COST 0.0001 LANGUAGE plpgsql AS 'BEGIN END'")
      #expect(!tables && !functions)
      try await ledger.execute("RESET ROLE")
      try await ledger.execute("SET ROLE bizclock_daemon")
      #expect(await works(ledger, "CREATE TEMP TABLE own (a int)"))
    }
  }

  @Test func functions() async throws {
    try await migrated { ledger in
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', p.oid::regprocedure, CASE WHEN p.prosecdef THEN 'definer' END,
            CASE WHEN p.provolatile = 'v' THEN 'volatile' END, ':',
            (SELECT string_agg(r, ', ' ORDER BY r) FROM unnest(ARRAY['bizclock_daemon', 'bizclock_dashboard', 'pg_monitor']) r
              WHERE has_function_privilege(r, p.oid, 'EXECUTE')))
          FROM pg_proc p WHERE p.pronamespace IN ('bizclock'::regnamespace, 'dashboard'::regnamespace)
            AND (p.prosecdef OR p.provolatile = 'v' OR NOT has_function_privilege('pg_monitor', p.oid, 'EXECUTE'))
          ORDER BY 1
          """),
        [
          "bizclock.dashboard_views() :", "bizclock.note_progress() definer volatile :",
          "bizclock.purge_quarantine(timestamp with time zone,integer) definer volatile : bizclock_daemon",
          "dashboard.on_time_as_of(timestamp with time zone,date,date) definer : bizclock_dashboard",
        ])
      // Whatever runs with its owner's rights looks names up where nobody else can put any, and temporary ones last.
      try await expectRows(
        ledger.column(
          """
          SELECT p.oid::regprocedure::text FROM pg_proc p
          WHERE p.prosecdef AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
            AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)
          """), [])
    }
  }

  @Test func theDaemonReadsNoView() async throws {
    try await migrated { ledger in
      let views = try await ledger.column(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'dashboard'::regnamespace AND relkind = 'v'")
      for role in Role.allCases {
        try await ledger.execute("SET ROLE \(role.rawValue)")
        for view in views {
          let works = await works(ledger, "SELECT count(*) FROM \(view)")
          #expect(works == (role == .dashboard), "\(role.rawValue) on \(view)")
        }
        try await ledger.execute("RESET ROLE")
      }
    }
  }

  /// A name that is hidden is hidden from whoever puts a function into WHERE, too: it is hidden in its column, not by
  /// leaving out rows, so that no order of evaluation brings it to light.
  @Test func hiddenNamesDoNotLeak() async throws {
    try await migrated { ledger in
      try await ledger.tell(
        ledger.leader(),
        [
          .told("K1", "accepted", "2026-06-01 09:00") {
            $0.entityName = "张三小吃店"
            $0.entityType = "individual"
          },
          .told("K2", "accepted", "2026-06-01 09:00") {
            $0.entityName = "海南某某有限公司"
            $0.entityType = "enterprise"
          },
        ])
      try await ledger.connection.run { session in
        try session.script(
          """
          CREATE FUNCTION public.peek(seen text) RETURNS boolean IMMUTABLE COST 0.0001 LANGUAGE plpgsql AS $$
          BEGIN
            IF seen LIKE '%张三%' THEN RAISE EXCEPTION 'seen: %', seen; END IF;
            RETURN true;
          END $$;
          GRANT EXECUTE ON FUNCTION public.peek(text) TO PUBLIC;
          """)
      }
      let views = try await ledger.column(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'dashboard'::regnamespace AND relkind = 'v'")
      try await ledger.execute("SET ROLE bizclock_dashboard")
      for view in views {
        _ = try await ledger.column("SELECT count(*)::text FROM \(view) t WHERE public.peek(t::text)")
      }
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', case_id, entity_name) FROM dashboard.event_log
          WHERE public.peek(entity_name) AND public.peek(coalesce(entity_name, uscc, case_id)) ORDER BY case_id
          """), ["K1", "K2 海南某某有限公司"])
      try await expectRows(
        ledger.column(
          "SELECT case_id FROM dashboard.event_log WHERE entity_name LIKE '%张三%' OR entity_name = '张三小吃店'"), [])
    }
  }

  /// The one way to delete from quarantine takes only what was settled before the moment, oldest first, so many.
  @Test func purgingQuarantine() async throws {
    try await migrated { ledger in
      try await ledger.execute(
        """
        INSERT INTO bizclock.quarantine (received_at, line, byte_offset, total_bytes, resolved_at, feed, origin, code,
          message, bytes, resolution)
        SELECT '2020-01-01Z', n, n, 1, CASE WHEN n > 2 THEN '2026-01-01Z'::timestamptz + n * interval '1 day' END, 'f',
          'o', 'bad_json', '', 'x', CASE WHEN n > 2 THEN 'discarded' END
        FROM generate_series(1, 7) n
        """)
      try await ledger.execute("SET ROLE bizclock_daemon")
      func purge(_ moment: String, _ limit: Int32) async throws -> Int {
        let moment = local(moment)
        return try await ledger.connection.run {
          try Quarantine.purge(settledBefore: moment, atMost: limit, on: &$0)
        }
      }
      #expect(try await purge("2026-01-04 00:00", 10) == 0)
      #expect(try await purge("2026-01-07 00:00", 2) == 2)
      let left = "SELECT string_agg(line::text, ',' ORDER BY line) FROM bizclock.quarantine"
      try await expectRows(ledger.column(left), ["1,2,5,6,7"])
      #expect(try await purge("2036-01-01 00:00", 10) == 3)
      try await expectRows(ledger.column(left), ["1,2"])
    }
  }

  /// What a former version granted, or somebody by mistake, is taken back by the next migration.
  @Test func migrateTakesBackWhatIsTooMuch() async throws {
    try await migrated { ledger in
      try await ledger.execute("GRANT DELETE, TRUNCATE, UPDATE (type) ON bizclock.event TO bizclock_daemon")
      try await ledger.execute("GRANT ALL ON SCHEMA bizclock TO PUBLIC")
      try await ledger.execute(
        "GRANT EXECUTE ON FUNCTION bizclock.purge_quarantine(timestamptz, integer) TO PUBLIC")
      _ = try await ledger.connection.run { try Schema.migrate(&$0, now: TestLedger.now) }
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', has_table_privilege('bizclock_daemon', 'bizclock.event', 'DELETE, TRUNCATE'),
            has_any_column_privilege('bizclock_daemon', 'bizclock.event', 'UPDATE'),
            has_schema_privilege('pg_monitor', 'bizclock', 'USAGE'),
            has_function_privilege('pg_monitor', 'bizclock.purge_quarantine(timestamptz, integer)', 'EXECUTE'))
          """), ["f f f f"])
    }
  }

  /// Whether a statement may be executed; false only for lack of rights. What it did is undone.
  private func works(_ ledger: TestLedger, _ statement: String) async -> Bool {
    do {
      try await ledger.connection.run { session in
        try session.begin()
        defer { session.rollbackQuietly() }
        try session.execute(statement)
      }
      return true
    } catch let error as PostgresError where error.code == .insufficientPrivilege {
      return false
    } catch {
      // Refused for another reason, after the rights were looked at.
      return (error as? PostgresError)?.kind == .server
    }
  }
}
