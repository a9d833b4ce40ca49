import Foundation
import TestSupport
import Testing

@testable import Daemon

/// Guarantee 2 with a database whose disk is full: work waits, that is said in words, and it goes on by itself when
/// there is room again.
@Suite(
  .alone,
  .serialized, .enabled(if: PostgresNode.canMount, "no small file system can be mounted here: that takes root"))
struct DiskFullTests {
  @Test func noRoomForData() async throws {
    try await TroubledOffice.with(small: "data") { office in
      let load = try Load(seed: 51, files: 4)
      try office.folder.put(load.files[0])
      try await office.folder.moved(load.files[0].name)
      try office.node.fill("data")
      for file in load.files.dropFirst() { try office.folder.put(file) }
      try await office.daemon.logged(containing: "The database's disk is full")
      office.node.clear("data")
      try await office.folder.finished(load)
      #expect(office.count("disk is full") <= 4)
      try await SameAsUndisturbed.check(load, office.folder, [office.daemon])
    }
  }

  /// Without room for its log of changes the server ends, and does not start before there is some.
  @Test func noRoomForTheLogOfChanges() async throws {
    try await TroubledOffice.with(settings: ["min_wal_size=2MB", "max_wal_size=2MB"], small: "wal") { office in
      let load = try Load(seed: 52, files: 4)
      try office.folder.put(load.files[0])
      try await office.folder.moved(load.files[0].name)
      try office.node.fill("wal")
      for file in load.files.dropFirst() { try office.folder.put(file) }
      // The load may fit into what was there already.
      let (node, daemon) = (office.node, office.daemon)
      try await TestDeadline.within(TestDeadline.patience, "the server to find no room") {
        while !node.log.contains("No space left on device") {
          try Task.checkCancellation()
          _ = try? await TestQuery.rows(node.conninfo, "SELECT pg_switch_wal()::text")
        }
      }
      try await daemon.logged("database.lost")
      node.clear("wal")
      // As the system's service manager would.
      if !node.isServing { try node.restart() }
      try await office.folder.finished(load)
      try await SameAsUndisturbed.check(load, office.folder, [office.daemon])
    }
  }
}
