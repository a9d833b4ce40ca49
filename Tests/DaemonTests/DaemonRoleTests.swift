import Foundation
import Testing

@testable import Daemon

/// The whole daemon and its commands under a role of their own, which is neither superuser nor owner.
@Suite(.alone) struct DaemonRoleTests {
  @Test func theDaemonNeedsNoMore() async throws {
    let server = try RoledServer()
    defer { server.remove() }
    try await server.start()
    let folder = try OfficeFolder(conninfo: server.daemon)
    defer { folder.remove() }
    func run(_ arguments: String..., as conninfo: String? = nil) async throws -> ProgramRun {
      try await RoledServer.bizclock(arguments, folder, as: conninfo)
    }
    func refused(_ run: ProgramRun, _ words: String) {
      #expect(run.status == 77, "\(run.output)\(run.errors)")
      #expect(run.errors.contains(words), "\(run.errors)")
    }

    // Nothing there yet: only the owner may make it.
    refused(try await run("migrate"), "This needs the owner's role")
    let migrated = try await run("migrate", as: server.owner)
    #expect(migrated.status == 0, "\(migrated.errors)")
    #expect(!migrated.errors.contains("bizclock_dashboard"))

    let daemon = try folder.start()
    try await daemon.logged("ready")
    let load = try Load(seed: 91, files: 3)
    for file in load.files { try folder.put(file) }
    try await folder.finished(load)
    #expect(daemon.records.contains { $0["event"] == "alert.raised" })
    #expect(daemon.records.contains { $0["event"] == "quarantine.growing" })
    #expect(
      !daemon.lines.contains { $0.contains("42501") || $0.contains("lacks a right") }, "\(daemon.lines.suffix(3))")

    // What an operator does beside it.
    for arguments in [
      ["status"], ["verify"], ["alerts", "list"], ["quarantine", "list"],
      ["report", "--from", "2026-01-01", "--to", "2026-12-31"],
      ["report", "--from", "2026-01-01", "--to", "2026-12-31", "--as-of", "2026-01-01T00:00:00+08:00"],
    ] {
      let run = try await RoledServer.bizclock(arguments, folder)
      #expect(run.status == 0, "\(arguments): \(run.errors)")
    }
    let alert = try #require(
      try await TestQuery.rows(
        server.owner, "SELECT alert_id FROM dashboard.alert WHERE withdrawn_at IS NULL ORDER BY 1 LIMIT 1"
      ).first?.first)
    let acknowledged = try await run("alerts", "ack", alert, "--by", "王", "--reason", "材料不齐")
    #expect(acknowledged.status == 0, "\(acknowledged.errors)")
    let explained = try await run("explain", String(alert.prefix { $0 != "/" }))
    #expect(explained.status == 0, "\(explained.errors)")
    let again = try await run("quarantine", "retry", "--all")
    #expect([0, 65].contains(again.status), "\(again.errors)")
    let discarded = try await run(
      "quarantine", "discard", "--feed", "office", "--yes", "--reason", "test", "--by", "王")
    #expect(discarded.status == 0, "\(discarded.errors)")
    let line = folder.path + "/one.ndjson"
    try
      #"{"event_id":"x","case_id":"by hand","type":"accepted","process":"opening","occurred_at":"2026-06-01T09:00:00+08:00"}"#
      .write(toFile: line, atomically: true, encoding: .utf8)
    let ingested = try await run("ingest", line)
    #expect(ingested.status == 0, "\(ingested.errors)")

    // What is not its to do, in words.
    let words = "This needs the owner's role, the one that ran bizclock migrate"
    refused(try await run("migrate"), words)
    let policy = try String(contentsOfFile: folder.path + "/policy.yaml", encoding: .utf8)
    try policy.replacing("Licence in one day", with: "A licence in one day").write(
      toFile: folder.path + "/policy.yaml", atomically: true, encoding: .utf8)
    refused(try await run("policy", "apply", folder.path + "/policy.yaml", "--reason", "x"), words)
    refused(
      try await run(
        "calendar", "closure", "begin", "--calendar", "cn", "--name", "台风", "--from", "2026-09-05T18:00",
        "--reason", "x"),
      words)
    // Nothing of it is in force, and the owner may.
    #expect(try await TestQuery.rows(server.owner, "SELECT count(*)::text FROM bizclock.rules") == [["2"]])
    let applied = try await run(
      "policy", "apply", folder.path + "/policy.yaml", "--reason", "x", as: server.owner)
    #expect(applied.status == 0, "\(applied.errors)")

    // Whoever is neither.
    refused(try await run("status", as: server.dashboard), "GRANT bizclock_daemon TO this role")
    #expect(
      try await TestQuery.rows(server.dashboard, "SELECT (count(*) > 100)::text FROM dashboard.event_log") == [
        ["true"]
      ])

    // The daemon went on by the new rules, and goes as it should.
    let more = try Load(seed: 92, files: 1)
    let last = Load.File(name: "later.ndjson", bytes: more.files[0].bytes)
    try folder.put(last)
    try await folder.finished(Load(files: load.files + [last]))
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() == 0)
    let verified = try await run("verify")
    #expect(verified.status == 0, "\(verified.output)")
  }

  /// A projection spoilt by hand is repaired by the owner.
  @Test func theOwnerRepairs() async throws {
    let server = try RoledServer()
    defer { server.remove() }
    try await server.start()
    let folder = try OfficeFolder(conninfo: server.owner)
    defer { folder.remove() }
    try await folder.migrate()
    let load = try Load(seed: 93, files: 1)
    let file = folder.path + "/load.ndjson"
    try Data(load.files[0].bytes).write(to: URL(filePath: file))
    _ = try await RoledServer.bizclock(["ingest", file], folder, as: server.daemon)
    _ = try await TestQuery.rows(
      server.owner,
      "INSERT INTO bizclock.case_file (case_id, events, may_be_individual) VALUES ('stray', 1, false) RETURNING case_id"
    )
    let daemon = try await RoledServer.bizclock(["rebuild"], folder, as: server.daemon)
    #expect(daemon.status == 77, "\(daemon.output)\(daemon.errors)")
    let owner = try await RoledServer.bizclock(["rebuild"], folder)
    #expect(owner.status == 0, "\(owner.output)\(owner.errors)")
  }
}
