import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// Guarantees 1, 2 and 5 with several daemons at work.
@Suite(.serialized, .alone) struct SeveralDaemonsTests {
  /// Three daemons take in; whoever leads is killed under load, again and again.
  @Test func leadersKilledOneAfterTheOther() async throws {
    let seed = UInt64.random(in: 1...1_000_000)
    let rounds = 3 * Thorough.rounds
    let load = try Load(seed: seed, files: 3 * (rounds + 1))
    try await TestCluster.shared.withDatabase { conninfo in
      let folders = try (0..<3).map { _ in try OfficeFolder(conninfo: conninfo) }
      defer { for folder in folders { folder.remove() } }
      try await folders[0].migrate()
      var daemons: [DaemonProcess] = []
      for folder in folders { daemons.append(try folder.start()) }
      var all = daemons
      for daemon in daemons { try await daemon.logged("ready") }
      for round in 0...rounds {
        for (folder, file) in zip(folders, load.files.dropFirst(3 * round)) { try folder.put(file) }
        if round == rounds { break }
        // The others are in the middle of theirs then.
        try await folders[round % 3].moved(load.files[3 * round + round % 3].name)
        let before = try await SeveralDaemonsTests.term(conninfo)
        let victim = try #require(daemons.firstIndex { before[1].hasSuffix("pid \($0.pid)") })
        daemons[victim].signal(SIGKILL)
        let begun = ContinuousClock.now
        try await TestDeadline.within(.seconds(30), "another leader, seed \(seed)") {
          while try await SeveralDaemonsTests.term(conninfo)[0] == before[0] { try Task.checkCancellation() }
        }
        let took = ContinuousClock.now - begun
        print("SeveralDaemonsTests: seed \(seed): replaced after \(took)")
        #expect(took < .seconds(5))
        #expect(try await daemons[victim].exit() == 128 + SIGKILL)
        daemons[victim] = try folders[victim].start()
        all.append(daemons[victim])
      }
      for (number, folder) in folders.enumerated() {
        try await folder.finished(
          Load(files: load.files.indices.filter { $0 % 3 == number }.map { load.files[$0] }))
      }
      try await SameAsUndisturbed.check(load, folders[0], all, "seed \(seed)")
      for daemon in daemons {
        daemon.signal(SIGTERM)
        #expect(try await daemon.exit() == 0)
      }
    }
  }

  /// Two daemons with one spool directory, as on a shared folder: each file goes to `done/` once, what both have read is
  /// in the ledger once, bad lines are in quarantine once, and nobody complains.
  @Test func oneSpoolDirectoryForTwo() async throws {
    let load = try Load(seed: 71, files: 24)
    try await TestCluster.shared.withDatabase { conninfo in
      let folder = try OfficeFolder(conninfo: conninfo)
      defer { folder.remove() }
      try await folder.migrate()
      let daemons = [try folder.start(), try folder.start()]
      for daemon in daemons { try await daemon.logged("ready") }
      for file in load.files { try folder.put(file) }
      try await folder.finished(load)
      let done = try FileManager.default.contentsOfDirectory(atPath: folder.spool + "/done").sorted()
      #expect(done == load.files.map(\.name).sorted())
      let known: Set = [
        "ready", "leader.elected", "alert.raised", "alert.resolved", "alert.withdrawn", "alert.amended",
        "alert.summary", "quarantine.growing", "calendar.horizon",
      ]
      for record in daemons.flatMap(\.records) where record["priority"] != "info" {
        // They share the state directory here, which is told.
        let isOfTheState = record["message"]?.contains("give each a state_directory of its own") ?? false
        #expect(isOfTheState || known.contains(record["event"] ?? ""), "\(record)")
      }
      try await SameAsUndisturbed.check(load, folder, daemons)
      for daemon in daemons {
        daemon.signal(SIGTERM)
        #expect(try await daemon.exit() == 0)
      }
    }
  }

  private static func term(_ conninfo: String) async throws -> [String] {
    try await TestQuery.rows(conninfo, "SELECT epoch::text, holder FROM bizclock.projector")[0]
  }
}
