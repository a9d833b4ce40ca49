import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// SIGHUP to the program: another configuration, or none, and the service manager is told.
@Suite(.serialized) struct HangupTests {
  /// A file with faults is refused with all of them; mended, it is taken over, and what needs a restart is named.
  @Test func aConfigurationIsTakenOverWholeOrNotAtAll() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      try await ServiceManager.overseeing(conninfo) { folder, manager, daemon in
        let file = folder.path + "/bizclock.yaml"
        let good = try String(contentsOfFile: file, encoding: .utf8)

        let started = manager.messages.count
        try (good.replacing("kind: spool", with: "kind: spoon") + "colour: red\n").write(
          toFile: file, atomically: true, encoding: .utf8)
        daemon.signal(SIGHUP)
        try await daemon.logged("configuration.refused")
        let refused = try #require(daemon.records.first { $0["event"] == "configuration.refused" })
        let words = refused["message", default: ""]
        #expect(words.contains("\(file):3: feeds[office].kind: "), "\(words)")
        #expect(words.contains("\(file):6: "), "\(words)")
        #expect(refused["faults"] == "2")
        #expect(refused["priority"] == "error")
        try await manager.told("the end of the reload", after: started) { $0 == "READY=1" }
        try await manager.told("the refusal", after: started) { status in
          status.contains("configuration refused, the one before goes on: 2 faults, the first: \(file):3: ")
        }
        // The old one goes on.
        let load = try Load(seed: 71, files: 3)
        try folder.put(load.files[0])
        try await folder.finished(Load(files: [load.files[0]]))

        let desk = folder.path + "/desk"
        try FileManager.default.createDirectory(atPath: desk, withIntermediateDirectories: true)
        let better = good.replacing(
          "format: ndjson }]",
          with: "format: ndjson }, { name: desk, source: desk, kind: spool, directory: \(desk) }]"
        ).replacing("\(conninfo)\"", with: "\(conninfo) password=topsecret\"")
        try (better + "http: { listen: \"127.0.0.1:9999\" }\n").write(
          toFile: file, atomically: true, encoding: .utf8)
        let days = folder.path + "/cn.csv"
        try (String(contentsOfFile: days, encoding: .utf8) + "2026-04-20,holiday,local\n").write(
          toFile: days, atomically: true, encoding: .utf8)
        let mended = manager.messages.count
        daemon.signal(SIGHUP)
        try await daemon.logged("configuration.loaded")
        let loaded = try #require(daemon.records.first { $0["event"] == "configuration.loaded" })
        #expect(loaded["message"] == "The configuration was read anew: feeds added: desk.")
        try await daemon.logged("policy.differs")
        let warning = daemon.records.first { $0["message"]?.hasPrefix("Changed in the configuration") ?? false }
        #expect(
          warning?["message"]
            == "Changed in the configuration, and not taken over by a reload: "
            + "database (systemctl restart bizclock).")
        #expect(warning?["priority"] == "warning")
        #expect(!daemon.lines.contains { $0.contains("topsecret") })
        try await manager.told("a status without refusal", after: mended) { status in
          status.hasPrefix("STATUS=leads") && status.contains("; 2 feeds") && !status.contains("refused")
        }
        let reload = manager.messages[mended...]
        let begun = try #require(reload.firstIndex { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
        #expect(reload[begun...].contains("READY=1"))
        try Data(load.files[1].bytes).write(to: URL(filePath: desk + "/1.ndjson"))
        try await HangupTests.taken("desk", conninfo)
        daemon.signal(SIGTERM)
        #expect(try await daemon.exit() == 0)
      }
    }
  }

  /// While the database is not there yet, twice at once, while it serves, and while it stops: none does harm, and
  /// what the file said at the last one holds.
  @Test func itIsHarmlessAtAnyMoment() async throws {
    let server = try OwnServer()
    defer { server.remove() }
    try await server.start()
    let folder = try OfficeFolder(conninfo: server.conninfo)
    defer { folder.remove() }
    try await folder.migrate()
    try server.kill()
    let manager = try ServiceManager()
    defer { manager.remove() }
    let file = folder.path + "/bizclock.yaml"
    let daemon = try DaemonProcess(["run", "--config", file], environment: ["NOTIFY_SOCKET": manager.path])
    try await daemon.logged("database.lost")
    // However long it takes: the manager is told why, and to be patient.
    try await manager.told("what it waits for") { $0.hasPrefix("STATUS=waiting for the database: ") }
    #expect(manager.messages.contains("EXTEND_TIMEOUT_USEC=300000000"))
    let desk = folder.path + "/desk"
    try FileManager.default.createDirectory(atPath: desk, withIntermediateDirectories: true)
    let good = try String(contentsOfFile: file, encoding: .utf8)
    try good.replacing(
      "format: ndjson }]",
      with: "format: ndjson }, { name: desk, source: desk, kind: spool, directory: \(desk) }]"
    ).write(toFile: file, atomically: true, encoding: .utf8)
    for _ in 0..<2 { daemon.signal(SIGHUP) }
    try await server.start()
    try await daemon.logged("ready")
    try await daemon.logged("configuration.loaded")
    let load = try Load(seed: 72, files: 1)
    try Data(load.files[0].bytes).write(to: URL(filePath: desk + "/1.ndjson"))
    try await HangupTests.taken("desk", server.conninfo)
    for _ in 0..<3 { daemon.signal(SIGHUP) }
    let before = manager.messages.count
    try await manager.told("the end of a reload", after: before) { $0 == "READY=1" }
    for signal in [SIGHUP, SIGTERM, SIGHUP, SIGHUP] { daemon.signal(signal) }
    #expect(try await daemon.exit() == 0)
    #expect(daemon.records.last?["event"] == "stopping")
    #expect(!daemon.records.contains { $0["event"] == "configuration.refused" })
  }

  /// Waits until a feed has brought something.
  private static func taken(_ feed: String, _ conninfo: String) async throws {
    try await TestDeadline.within(TestDeadline.patience, "what feed \(feed) brings") {
      let brought = "SELECT (count(*) > 0)::text FROM bizclock.feed WHERE received > 0 AND name = '\(feed)'"
      while try await TestQuery.rows(conninfo, brought) != [["true"]] { try Task.checkCancellation() }
    }
  }
}
