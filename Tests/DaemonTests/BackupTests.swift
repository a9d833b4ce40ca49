import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// What a backup gives back, and what nothing can.
@Suite(.serialized, .alone) struct BackupTests {
  /// A server with an office on it: migrated by its owner, the daemon as its own role.
  private struct Office {
    let server: RoledServer
    let folder: OfficeFolder

    init(archiving: Bool = false) throws {
      server = try RoledServer(archiving: archiving)
      folder = try OfficeFolder(conninfo: server.daemon)
    }

    func remove() {
      server.remove()
      folder.remove()
    }

    func run(_ arguments: String..., as conninfo: String? = nil) async throws -> ProgramRun {
      let run = try await RoledServer.bizclock(arguments, folder, as: conninfo)
      #expect(run.status == 0, "\(arguments): \(run.output)\(run.errors)")
      return run
    }

    /// Runs the daemon until everything put in is finished; its log.
    @discardableResult
    func work(_ files: [Load.File], all: Load) async throws -> DaemonProcess {
      let daemon = try folder.start()
      try await daemon.logged("ready")
      for file in files { try folder.put(file) }
      try await folder.finished(all)
      daemon.signal(SIGTERM)
      #expect(try await daemon.exit() == 0)
      return daemon
    }

    /// All that is projected.
    func projected() async throws -> [String] {
      let connection = try await Connection.connect(server.owner)
      let lines = try await connection.run { try ProjectionDump.read(&$0) }
      await connection.close()
      return lines
    }

    /// All that is recorded and cannot be derived.
    func records() async throws -> [String] {
      try await TestQuery.rows(
        server.owner,
        """
        SELECT to_jsonb(a)::text FROM bizclock.alert a UNION ALL SELECT to_jsonb(h)::text FROM bizclock.verdict_history h
        UNION ALL SELECT to_jsonb(q)::text FROM bizclock.quarantine q UNION ALL SELECT to_jsonb(r)::text FROM bizclock.rules r
        UNION ALL SELECT to_jsonb(f)::text FROM bizclock.feed f
        UNION ALL SELECT to_jsonb(p)::text FROM bizclock.alert_history p ORDER BY 1
        """
      ).map { $0[0] }
    }

    func query(_ sql: String) async throws -> String {
      try await TestQuery.rows(server.owner, sql).map { $0.joined(separator: " ") }.joined(separator: ",")
    }
  }

  private func raised(_ daemon: DaemonProcess) -> [String] {
    daemon.records.filter { $0["event"] == "alert.raised" }.compactMap { $0["alert_id"] }
  }

  /// A file of pg_dump, restored by an owner without further rights into another cluster: nothing differs, and what
  /// was told is not told again.
  @Test func aDumpOfTheWhole() async throws {
    let (old, new) = (try Office(), try Office())
    defer {
      old.remove()
      new.remove()
    }
    let load = try Load(seed: 95, files: 4)
    try await old.server.start()
    _ = try await old.run("migrate", as: old.server.owner)
    let before = try await old.work(Array(load.files.prefix(3)), all: Load(files: Array(load.files.prefix(3))))
    #expect(raised(before).count > 5)
    _ = try await old.run(
      "alerts", "ack", try #require(raised(before).first), "--by", "王", "--reason", "材料不齐")
    let file = old.folder.path + "/office.dump"
    try await old.server.run(["pg_dump", "-Fc", "-f", file, "-d", old.server.owner])

    try await new.server.start()
    try await new.server.run(["pg_restore", "--exit-on-error", "-d", new.server.owner, file])
    #expect(try await new.records() == old.records())
    #expect(try await new.projected() == old.projected())
    _ = try await new.run("verify")
    // What belongs to the database itself and not to what is in it comes with the next migration.
    let settings = """
      SELECT coalesce((SELECT setconfig::text FROM pg_db_role_setting WHERE setdatabase = d.oid AND setrole = 0), ''),
        has_database_privilege('analyst', d.oid, 'TEMPORARY')::text FROM pg_database d WHERE datname = 'office'
      """
    #expect(try await new.query(settings) == " true")
    _ = try await new.run("migrate", as: new.server.owner)
    #expect(try await new.query(settings) == "{jit=off} false")
    #expect(try await new.records() == old.records())

    let after = try await new.work([load.files[3]], all: Load(files: [load.files[3]]))
    _ = try await new.run("verify")
    // As if it had gone on: what was told is not told again.
    let went = try await old.work([load.files[3]], all: load)
    #expect(raised(after).sorted() == raised(went).sorted())
    #expect(raised(after).count < raised(before).count / 2)
    #expect(try await new.projected() == old.projected())
  }

  /// A base backup brought up to a moment: what was taken in since is lost to the database, and comes back, once, when
  /// the files of done/ are put in again.
  @Test func backToAMoment() async throws {
    let (old, new) = (try Office(archiving: true), try Office())
    defer {
      old.remove()
      new.remove()
    }
    let load = try Load(seed: 96, files: 4)
    let early = Load(files: Array(load.files.prefix(2)))
    try await old.server.start()
    _ = try await old.run("migrate", as: old.server.owner)
    try await old.server.run(["mkdir", new.server.directory], asServer: true)
    try await old.server.run(
      [
        "pg_basebackup", "-D", new.server.directory + "/data", "-X", "none", "-c", "fast", "--no-sync", "-d",
        old.server.superuser,
      ], asServer: true)
    try await old.work(early.files, all: early)
    let there = try await old.projected()
    _ = try await TestQuery.rows(old.server.superuser, "SELECT pg_create_restore_point('friday')::text")
    try await old.work(Array(load.files.suffix(2)), all: load)
    let whole = try await old.projected()
    _ = try await TestQuery.rows(old.server.superuser, "SELECT pg_switch_wal()::text")
    try old.server.stop()

    let data = new.server.directory + "/data"
    try await old.server.run(["touch", data + "/recovery.signal"], asServer: true)
    let recovery = """
      restore_command = 'cp \(old.server.archive)/%f %p'
      recovery_target_name = 'friday'
      recovery_target_action = promote

      """
    let configuration = data + "/postgresql.auto.conf"
    try (String(contentsOfFile: configuration, encoding: .utf8) + recovery)
      .write(toFile: configuration, atomically: false, encoding: .utf8)
    try await new.server.start(makingDatabase: false)
    try await TestDeadline.within(TestDeadline.patience, "the end of recovery") {
      while try await TestQuery.rows(new.server.superuser, "SELECT pg_is_in_recovery()::text") != [["false"]] {
        try Task.checkCancellation()
      }
    }
    _ = try await new.run("verify")
    #expect(try await new.projected() == there)
    #expect(there.count < whole.count)

    // All of done/, what the database still knows too.
    let done = old.folder.spool + "/done"
    let files = try FileManager.default.contentsOfDirectory(atPath: done).sorted().map {
      Load.File(name: $0, bytes: Array(try Data(contentsOf: URL(filePath: "\(done)/\($0)"))))
    }
    #expect(files.count == 4)
    try await new.work(files, all: Load(files: files))
    #expect(try await new.projected() == whole)
    _ = try await new.run("verify")
    // Two of the four lines in quarantine were there: an open entry is kept once.
    #expect(try await new.query("SELECT count(*)::text FROM bizclock.quarantine") == "4")
  }

  /// Events alone, with the rules of the files: projections and the alerts that stand come back; what was recorded of
  /// them does not, and they are told again.
  @Test func theLedgerAlone() async throws {
    let (old, new) = (try Office(), try Office())
    defer {
      old.remove()
      new.remove()
    }
    let load = try Load(seed: 97, files: 3)
    try await old.server.start()
    _ = try await old.run("migrate", as: old.server.owner)
    let before = try await old.work(load.files, all: load)
    _ = try await old.run(
      "alerts", "ack", try #require(raised(before).first), "--by", "王", "--reason", "材料不齐")
    let file = old.folder.path + "/event.copy"
    try await old.server.run(["psql", "-d", old.server.owner, "-c", "\\copy bizclock.event TO '\(file)'"])

    try await new.server.start()
    _ = try await new.run("migrate", as: new.server.owner)
    try await new.server.run([
      "psql", "-v", "ON_ERROR_STOP=1", "-d", new.server.owner, "-c", "\\copy bizclock.event FROM '\(file)'", "-c",
      "UPDATE bizclock.ledger_head SET position = (SELECT max(position) FROM bizclock.event)",
    ])
    let after = try await new.work([], all: Load(files: []))
    #expect(try await new.projected() == old.projected())
    _ = try await new.run("verify")
    // The same alerts, all told again, or waiting to be when the daemon was stopped.
    let waiting = try await TestQuery.rows(
      new.server.owner,
      """
      SELECT concat_ws('/', case_id, commitment, round, level, revision) FROM bizclock.log_outbox
      WHERE event = 'alert.raised'
      """)
    let standing = try await TestQuery.rows(
      new.server.owner, "SELECT alert_id FROM dashboard.alert WHERE NOT retrospective")
    #expect(Set(raised(after) + waiting.map { $0[0] }) == Set(standing.map { $0[0] }))
    #expect(!standing.isEmpty)
    let lost = """
      SELECT count(acknowledged_at)::text, (SELECT count(*) FROM bizclock.verdict_history)::text,
        (SELECT count(*) FROM bizclock.quarantine)::text, (SELECT count(*) FROM bizclock.feed WHERE received > 0)::text
      FROM bizclock.alert
      """
    #expect(try await new.query(lost) == "0 0 0 0")
    let kept = try await old.query(lost)
    #expect(kept.hasPrefix("1 ") && kept.hasSuffix(" 3 1"), "\(kept)")
  }
}
