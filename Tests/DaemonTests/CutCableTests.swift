import Foundation
import TestSupport
import Testing

@testable import Daemon

/// A daemon whose network is gone, in a real one: no end of a connection is told to anybody.
@Suite(
  .serialized, .alone, .enabled(if: CutCable.isPossible, "no network namespace can be made here: that takes root"))
struct CutCableTests {
  /// Alone, and cut off inside its append and its projecting: the server finds out by itself within seconds and lets go
  /// of every lock; when the cable is back, all is taken in once.
  @Test(arguments: ["bizclock.event", "bizclock.case_file"]) func theServerLetsGo(_ table: String) async throws {
    let cable = try #require(CutCable())
    defer { cable.remove() }
    let node = try PostgresNode(settings: ["listen_addresses='127.0.0.1,\(cable.address)'"])
    defer { node.remove() }
    let hba = "local all all trust\nhost all all 198.18.0.0/15 trust\n"
    try hba.write(toFile: node.data + "/pg_hba.conf", atomically: false, encoding: .utf8)
    try node.start()
    try node.createDatabase()
    let folder = try OfficeFolder(
      conninfo: node.conninfo, daemon: "host=\(cable.address) port=\(node.port) user=bizclock dbname=bizclock")
    defer { folder.remove() }
    try await folder.migrate()
    let daemon = try folder.start(inside: cable.namespace)
    try await daemon.logged("ready")
    let load = try Load(seed: 61, files: 3)
    let barrier = try await Barrier(table, node.conninfo)
    for file in load.files { try folder.put(file) }
    try await barrier.reached()
    #expect(cable.cut())
    let begun = ContinuousClock.now
    await barrier.open()
    let sessions =
      "SELECT count(*)::text FROM pg_stat_activity WHERE application_name IN ('bizclock append', 'bizclock leader')"
    try await TestDeadline.within(TestDeadline.patience, "the server to let go") {
      while try await TestQuery.rows(node.conninfo, sessions + " AND state <> 'idle'") != [["0"]] {
        try Task.checkCancellation()
      }
    }
    let took = ContinuousClock.now - begun
    print("CutCableTests: \(table): let go after \(took)")
    #expect(took < .seconds(6))
    #expect(cable.join())
    let joined = ContinuousClock.now
    try await folder.finished(load)
    print("CutCableTests: \(table): all taken in \(ContinuousClock.now - joined) after the cable was back")
    try await SameAsUndisturbed.check(load, folder, [daemon])
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() == 0)
  }
}
