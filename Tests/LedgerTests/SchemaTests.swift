import Foundation
import LibPQ
import ServiceTime
import Shipped
import TestSupport
import Testing

@testable import Ledger

/// The schema comes to be once, goes forward only, and is what the snapshot in review says.
@Suite struct SchemaTests {
  private func column(_ connection: Connection, _ sql: String) async throws -> [String] {
    try await connection.run { session in
      let found = try session.execute(sql)
      var values: [String] = []
      for row in 0..<found.rowCount { values.append(try found.optionalText(row, 0) ?? "null") }
      return values
    }
  }

  /// All objects of the schema with what is said of them and who may read them.
  private static let objects = """
    SELECT concat_ws(' ', c.oid::regclass, c.relkind, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
      obj_description(c.oid, 'pg_class'), col_description(c.oid, a.attnum), c.relacl)
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace IN ('bizclock'::regnamespace, 'dashboard'::regnamespace)
    UNION ALL
    SELECT concat_ws(' ', p.oid::regprocedure, p.provolatile, pg_get_function_result(p.oid), p.proacl,
      obj_description(p.oid, 'pg_proc'))
    FROM pg_proc p WHERE p.pronamespace IN ('bizclock'::regnamespace, 'dashboard'::regnamespace)
    UNION ALL
    SELECT pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relnamespace = 'dashboard'::regnamespace AND c.relkind = 'v'
    UNION ALL
    SELECT to_jsonb(m)::text FROM bizclock.schema_migration m
    ORDER BY 1
    """

  @Test func migratingAgainChangesNothing() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.tell(ledger.leader(), [.told("K1", "accepted", "2026-06-01 09:00")])
      let objects = try await ledger.column(SchemaTests.objects)
      let state = try await ledger.state()
      #expect(objects.count > 300)
      for _ in 0..<2 {
        let report = try await ledger.connection.run { try Schema.migrate(&$0, now: TestLedger.now) }
        #expect(report == Schema.Report(before: Schema.newest, newest: Schema.newest))
        #expect(report.isCurrent)
      }
      try await expectRows(ledger.column(SchemaTests.objects), objects)
      try await expectRows(ledger.state(), state)
    }
  }

  @Test func anEmptyDatabase() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let connection = try await Connection.connect(conninfo)
      #expect(try await connection.run { try Schema.version(&$0) } == 0)
      #expect(try await connection.run { try ServiceStatus.read(&$0, now: TestLedger.now) == nil })
      let report = try await connection.run { try Schema.migrate(&$0, now: TestLedger.now) }
      #expect(report == Schema.Report(before: 0, newest: Schema.newest))
      #expect(!report.isCurrent)
      #expect(try await connection.run { try Schema.version(&$0) } == Schema.newest)
      #expect(try await connection.run { try Rules.inForce(&$0) == nil })
      await connection.close()
    }
  }

  @Test func aNewerSchemaIsRefused() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.execute(
        "INSERT INTO bizclock.schema_migration VALUES (\(Schema.newest + 1), 'x', 'x', now())")
      let fault = await #expect(throws: Schema.Fault.self) {
        try await ledger.connection.run { _ = try Schema.migrate(&$0, now: TestLedger.now) }
      }
      #expect(fault == .newer(Schema.newest + 1, than: Schema.newest))
      #expect(
        fault?.description
          == "the database has schema version \(Schema.newest + 1), this program knows \(Schema.newest); "
          + "install the newer bizclock")
      // The transaction is over: the session is of use.
      #expect(try await ledger.connection.run { !$0.isInTransaction })
    }
  }

  @Test(arguments: [
    "UPDATE bizclock.schema_migration SET digest = md5('x')",
    "DELETE FROM bizclock.schema_migration WHERE version = 1",
  ])
  func anAlteredMigrationIsRefused(_ change: String) async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.execute("INSERT INTO bizclock.schema_migration VALUES (0, 'zero', '', now())")
      try await ledger.execute(change)
      let deleted = change.hasPrefix("DELETE")
      let error = await #expect(throws: (any Error).self) {
        try await ledger.connection.run { _ = try Schema.migrate(&$0, now: TestLedger.now) }
      }
      // Forgotten rather than altered: its tables are there already.
      if deleted {
        #expect((error as? PostgresError)?.code == SQLState("42P07"))
      } else {
        #expect((error as? Schema.Fault) == .altered("0001_ledger.sql"))
      }
    }
  }

  /// Programs that start together: one migrates, the others find it done.
  @Test func severalAtOnce() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let befores = try await withThrowingTaskGroup(of: Int32.self) { group in
        for _ in 0..<4 {
          group.addTask {
            let connection = try await Connection.connect(conninfo)
            let report = try await connection.run { try Schema.migrate(&$0, now: TestLedger.now) }
            await connection.close()
            return report.before
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(befores.sorted() == [0] + Array(repeating: Schema.newest, count: 3))
      let connection = try await Connection.connect(conninfo)
      try await expectRows(
        column(connection, "SELECT count(*)::text FROM bizclock.schema_migration"), ["\(Schema.migrations.count)"])
      await connection.close()
    }
  }

  /// A schema that fails half-way leaves nothing.
  @Test func allOrNothing() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let connection = try await Connection.connect(conninfo)
      // Something of a user's is in the way of the views.
      try await connection.run { try $0.script("CREATE SCHEMA dashboard; CREATE TABLE dashboard.clock (a int)") }
      await #expect(throws: PostgresError.self) {
        try await connection.run { _ = try Schema.migrate(&$0, now: TestLedger.now) }
      }
      try await expectRows(column(connection, "SELECT to_regnamespace('bizclock')::text"), ["null"])
      await connection.close()
    }
  }

  /// Compiling a dashboard's query takes longer than running it: it is off, unless someone has decided otherwise.
  @Test func queriesAreNotCompiled() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      func migrated() async throws -> [String] {
        let connection = try await Connection.connect(conninfo)
        _ = try await connection.run { try Schema.migrate(&$0, now: TestLedger.now) }
        await connection.close()
        let next = try await Connection.connect(conninfo)
        let jit = try await column(next, "SELECT current_setting('jit')")
        await next.close()
        return jit
      }
      try await expectRows(migrated(), ["off"])
      let connection = try await Connection.connect(conninfo)
      let database = try await column(connection, "SELECT current_database()::text")[0]
      try await connection.run { _ = try $0.execute("ALTER DATABASE \(database) SET jit = on") }
      await connection.close()
      try await expectRows(migrated(), ["on"])
    }
  }

  /// Every migration of the folder is in the program, numbered without a gap, and byte for byte.
  @Test func migrationsAreShipped() throws {
    let files = try FileManager.default.contentsOfDirectory(
      atPath: Repository.root.appending(path: "sql").path(percentEncoded: false)
    ).filter { $0.hasSuffix(".sql") }.sorted()
    let numbered = files.filter { $0.first?.isNumber == true }
    #expect(Schema.migrations.map(\.name) == numbered)
    #expect(Schema.migrations.map(\.version) == (1...Int32(numbered.count)).map { $0 })
    for file in files { #expect(try ShippedFiles.text("sql/\(file)") == Repository.text("sql/\(file)")) }
  }

  /// A change of the schema shows in review.
  @Test func isWhatTheSnapshotSays() async throws {
    let path = "sql/schema-snapshot.txt"
    let query = try Repository.text("Tests/sql/schema-snapshot.sql")
    let found = try await TestLedger.with { try await $0.column(query) }.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["BIZCLOCK_RENEW_SNAPSHOT"] != nil {
      try found.write(to: Repository.root.appending(path: path), atomically: true, encoding: .utf8)
    }
    let kept = try Repository.text(path)
    let changes = found.split(separator: "\n").difference(from: kept.split(separator: "\n"))
    #expect(
      found == kept,
      """
      The schema is not what \(path) says: \(changes.prefix(6)). If that is meant, renew it and commit both:
      BIZCLOCK_RENEW_SNAPSHOT=1 swift test --filter SchemaTests
      """)
  }
}
