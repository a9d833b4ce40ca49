import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// How the daemon starts, waits and leaves.
@Suite(.serialized) struct LifeTests {
  /// No database: it waits, says so once, and serves when the database is there; the same when it goes away.
  @Test func itWaitsForTheDatabase() async throws {
    let server = try OwnServer()
    defer { server.remove() }
    try await server.start()
    let folder = try OfficeFolder(conninfo: server.conninfo)
    defer { folder.remove() }
    try await folder.migrate()
    try server.kill()

    let daemon = try folder.start()
    try await daemon.logged("database.lost")
    #expect(daemon.records.first { $0["event"] == "database.lost" }?["priority"] == "error")
    try await server.start()
    try await daemon.logged("ready")
    // Each reason once.
    let lost = daemon.records.filter { $0["event"] == "database.lost" }.map { $0["message"] }
    #expect(lost.count == Set(lost).count)
    #expect(daemon.records.count { $0["event"] == "database.back" } == 1)
    let load = try Load(seed: 21, files: 2)
    for file in load.files { try folder.put(file) }
    try await folder.finished(load)
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() == 0)
    #expect(daemon.records.last?["event"] == "stopping")
  }

  /// A first start that was interrupted while it made the private database: the next begins anew.
  @Test func anInterruptedFirstStartIsBegunAnew() async throws {
    let server = try OwnServer()
    defer { server.remove() }
    try FileManager.default.createDirectory(
      atPath: server.directory + "/data.new/base", withIntermediateDirectories: true)
    try "15\n".write(toFile: server.directory + "/data.new/PG_VERSION", atomically: true, encoding: .utf8)
    try await server.start()
    #expect(try await TestQuery.rows(server.conninfo, "SELECT current_user::text") == [["bizclock"]])
  }

  /// The draft beside the configuration is told of where it is not what is in force; a closure that was declared is
  /// no part of it.
  @Test func aDraftThatDiffersIsTold() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let folder = try OfficeFolder(conninfo: conninfo)
      defer { folder.remove() }
      try await folder.migrate()
      let declared = try await ProgramRun.finished([
        "--config", folder.path + "/bizclock.yaml", "calendar", "closure", "begin", "--calendar", "cn", "--name",
        "台风停工",
        "--from", "2024-09-05T18:00", "--to", "2024-09-08T08:00", "--reason", "typhoon",
      ])
      #expect(declared.status == 0, "\(declared.errors)")
      let days = folder.path + "/cn.csv"
      let text = try String(contentsOfFile: days, encoding: .utf8)
      for (draft, isTold) in [(text, false), (text + "2026-04-20,holiday,local\n", true)] {
        try draft.write(toFile: days, atomically: true, encoding: .utf8)
        let daemon = try folder.start()
        try await daemon.logged("ready")
        // Each reload looks at the draft of the one before first.
        for number in 1...2 {
          daemon.signal(SIGHUP)
          try await TestDeadline.within(TestDeadline.patience, "reload \(number)") {
            while daemon.records.count(where: { $0["event"] == "configuration.loaded" }) < number {
              try Task.checkCancellation()
              await Task.yield()
            }
          }
        }
        #expect(daemon.records.contains { $0["event"] == "policy.differs" } == isTold)
        daemon.signal(SIGTERM)
        #expect(try await daemon.exit() == 0)
      }
    }
  }

  /// SIGTERM inside an append: the batch in hand is committed, the rest is left for the next start, and the status is 0.
  @Test func itFinishesTheBatchInHand() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      try await ServiceManager.overseeing(conninfo) { folder, manager, daemon in
        let load = try Load(seed: 22, files: 12)
        let barrier = try await Barrier("bizclock.feed", conninfo)
        for file in load.files { try folder.put(file) }
        try await barrier.reached()
        daemon.signal(SIGTERM)
        try await manager.told("that it stops") { $0.hasPrefix("STOPPING=1") }
        await barrier.open()
        #expect(try await daemon.exit() == 0)
        // The services are told one after the other: the feed may have begun another file before it is.
        let taken = try FileManager.default.contentsOfDirectory(atPath: folder.spool + "/done")
        #expect((1...4).contains(taken.count), "\(taken)")
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.spool).filter {
          $0.hasSuffix(".ndjson")
        }
        #expect(left.count == 12 - taken.count)
        // Some lines come twice, and the first of each file is bad.
        var lines: Set<Substring> = []
        for name in taken {
          let text = try String(contentsOfFile: folder.spool + "/done/" + name, encoding: .utf8)
          lines.formUnion(text.split(separator: "\n").dropFirst())
        }
        #expect(lines.count > 50)
        let events = try await TestQuery.rows(conninfo, "SELECT count(*)::text FROM bizclock.event")
        #expect(events == [[String(lines.count)]])
      }
    }
  }

  /// A wrong configuration: every fault with its line, and exit status 78.
  @Test func aWrongConfigurationListsAllItsFaults() async throws {
    let path = "/tmp/bizclock-wrong-\(UUID().uuidString.prefix(8)).yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try """
    database: private
    colour: red
    feeds:
      - { name: office, source: office, kind: spoon, directory: /tmp }
      - { name: office, kind: spool, directory: /tmp }
    alerts: { retrospective_after: 24 lightyears }

    """.write(toFile: path, atomically: true, encoding: .utf8)
    let program = try DaemonProcess(["run", "--config", path])
    #expect(try await program.exit() == 78)
    let places = program.lines.compactMap { $0.split(separator: ":").dropFirst().first.flatMap { Int($0) } }
    #expect(Set(places).isSuperset(of: [2, 4, 5, 6]), "\(program.lines)")
  }

  /// A database without a schema, or nobody there: words, and a status that says which.
  @Test func commandsSayWhatIsWrongWithTheDatabase() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let folder = try OfficeFolder(conninfo: conninfo)
      defer { folder.remove() }
      let configuration = folder.path + "/bizclock.yaml"
      let bare = try DaemonProcess(["verify", "--config", configuration])
      #expect(try await bare.exit() == 78)
      #expect(bare.lines.contains { $0.contains("bizclock migrate") }, "\(bare.lines)")
      let nobody = try DaemonProcess(
        ["status", "--config", configuration],
        environment: ["BIZCLOCK_DATABASE": "host=/tmp/nobody-is-here dbname=x connect_timeout=2"])
      #expect(try await nobody.exit() == 69)
    }
  }
}
