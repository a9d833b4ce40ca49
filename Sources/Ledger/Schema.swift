import LibPQ
import ServiceTime
import Shipped

/// The schema of the database: numbered migrations, forward only, then the views and rights, made anew each time.
public enum Schema {
  /// A numbered migration.
  struct Migration: Sendable {
    var version: Int32
    var name: String
    var sql: String
  }

  /// What `migrate` found or did.
  public struct Report: Sendable, Equatable {
    /// The version before; 0 for an empty database.
    public var before: Int32
    /// The newest version this program has.
    public var newest: Int32
    /// Whether anything was, or is, to be done.
    public var isCurrent: Bool { before == newest }
  }

  /// What makes migrating impossible.
  public enum Fault: Error, CustomStringConvertible, Equatable {
    case newer(Int32, than: Int32)
    case altered(String)
    case oldServer(Int)

    public var description: String {
      switch self {
      case .newer(let there, let ours):
        "the database has schema version \(there), this program knows \(ours); install the newer bizclock"
      case .altered(let name):
        "the migration \(name) was applied with another text: by a version before the first release, or by another program; export the events, "
          + "make a new database, run bizclock migrate there, and load them"
      case .oldServer(let version):
        "the server is PostgreSQL \(version / 10_000); bizclock needs 15 or newer"
      }
    }
  }

  static let migrations: [Migration] = ShippedFiles.paths.compactMap { path in
    guard path.hasPrefix("sql/"), let sql = ShippedFiles.text(path) else { return nil }
    let file = String(path.dropFirst("sql/".count))
    guard let number = Int32(file.prefix { $0.isNumber }) else { return nil }
    return Migration(version: number, name: file, sql: sql)
  }.sorted { $0.version < $1.version }

  /// The newest version this program has.
  public static var newest: Int32 { migrations.last?.version ?? 0 }

  /// The version of a database; 0 if it has no schema.
  public static func version(_ session: inout Session) throws(PostgresError) -> Int32 {
    let there = try session.execute("SELECT to_regclass('bizclock.schema_migration') IS NOT NULL")
    guard try there.bool(0, 0) else { return 0 }
    let found = try session.execute("SELECT coalesce(max(version), 0) FROM bizclock.schema_migration")
    return try found.int4(0, 0)
  }

  /// The version of a database that has the schema, as a subquery.
  static let newestThere = "(SELECT max(version) FROM bizclock.schema_migration)"

  /// Refuses a database that another version of this program has migrated since: asked by whoever has been connected
  /// for long.
  public static func checkUnchanged(_ session: inout Session) throws {
    let there = try session.execute("SELECT \(newestThere)").int4(0, 0)
    if there > newest { throw Fault.newer(there, than: newest) }
  }

  /// Brings the schema up to this program's, with its views and rights, in one transaction.
  public static func migrate(_ session: inout Session, now: Instant) throws -> Report {
    try migrate(&session, now: now, migrations)
  }

  /// As above, with migrations of one's own.
  static func migrate(_ session: inout Session, now: Instant, _ migrations: [Migration]) throws -> Report {
    let newest = migrations.last?.version ?? 0
    let server = try session.execute("SELECT current_setting('server_version_num')::int4").int4(0, 0)
    guard server >= 150_000 else { throw Fault.oldServer(Int(server)) }
    do {
      try session.begin()
      // Two programs that migrate at once come one after the other.
      try session.execute("SELECT pg_catalog.pg_advisory_xact_lock(7092443437862188395)")
      let before = try version(&session)
      guard before <= newest else { throw Fault.newer(before, than: newest) }
      // Who works by the former schema stops: the leader is deposed, and an append sees the new version.
      if before > 0, before < newest {
        try session.script("LOCK TABLE bizclock.ledger_head, bizclock.projector IN ACCESS EXCLUSIVE MODE")
        try session.execute("UPDATE bizclock.projector SET epoch = epoch + 1")
      }
      try session.script(
        """
        CREATE SCHEMA IF NOT EXISTS bizclock;
        CREATE TABLE IF NOT EXISTS bizclock.schema_migration (
          version integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL, applied_at timestamptz NOT NULL);
        COMMENT ON TABLE bizclock.schema_migration IS 'Which migrations have been applied.';
        """)
      for migration in migrations {
        if migration.version <= before {
          let same = try session.execute(
            "SELECT digest = md5($2) FROM bizclock.schema_migration WHERE version = $1",
            [.int4(migration.version), .text(migration.sql)])
          guard same.rowCount == 1, try same.bool(0, 0) else { throw Fault.altered(migration.name) }
          continue
        }
        try session.script(migration.sql)
        try session.execute(
          "INSERT INTO bizclock.schema_migration (version, name, digest, applied_at) VALUES ($1, $2, md5($3), $4)",
          [
            .int4(migration.version), .text(migration.name), .text(migration.sql),
            .timestamptz(now.microseconds),
          ])
      }
      for file in ["sql/views.sql", "sql/roles.sql"] {
        if let sql = ShippedFiles.text(file) { try session.script(sql) }
      }
      try session.commit()
      return Report(before: before, newest: newest)
    } catch {
      session.rollbackQuietly()
      throw error
    }
  }
}
