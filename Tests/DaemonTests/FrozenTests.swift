import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// Guarantees 2 and 5 with daemons that neither work nor die.
@Suite(.serialized, .alone) struct FrozenTests {
  /// A leader stopped while it waits: the other leads within 5 s, and what the first does on waking counts nothing.
  @Test func aFrozenLeaderIsReplaced() async throws {
    try await TwoOffices.with { first, second, conninfo in
      let epoch = try await TestQuery.rows(conninfo, "SELECT epoch::text FROM bizclock.projector")
      first.daemon.signal(SIGSTOP)
      let begun = ContinuousClock.now
      try await second.daemon.logged("leader.elected", within: .seconds(15))
      let took = ContinuousClock.now - begun
      print("FrozenTests: replaced after \(took)")
      #expect(took < .seconds(5))
      let load = try Load(seed: 11, files: 3)
      for file in load.files { try second.folder.put(file) }
      try await second.folder.finished(load)
      let before = try await second.folder.result()
      let holder = try await TestQuery.rows(conninfo, "SELECT epoch::text, holder FROM bizclock.projector")
      #expect(holder[0][0] != epoch[0][0])
      #expect(holder[0][1].hasSuffix("pid \(second.daemon.pid)"))
      first.daemon.signal(SIGCONT)
      // It finds its session gone, says so, and stands by again.
      try await first.daemon.logged("database.back")
      #expect(try await TestQuery.rows(conninfo, "SELECT epoch::text, holder FROM bizclock.projector") == holder)
      #expect(try await second.folder.result() == before)
      #expect(first.daemon.records.allSatisfy { $0["event"] != "alert.raised" })
    }
  }

  /// A leader stopped inside the COPY of its projecting transaction: no time-out of the server ends that session, whoever
  /// stands by does.
  @Test func aLeaderFrozenInsideACopyIsReplaced() async throws {
    try await TwoOffices.with { first, second, conninfo in
      let load = try Load(seed: 13, files: 2)
      let barrier = try await Barrier("bizclock.case_file", conninfo)
      try first.folder.put(load.files[0])
      try await barrier.reached()
      first.daemon.signal(SIGSTOP)
      await barrier.open()
      let begun = ContinuousClock.now
      try await second.daemon.logged("leader.elected", within: .seconds(15))
      let took = ContinuousClock.now - begun
      print("FrozenTests: inside a COPY, replaced after \(took)")
      #expect(took < .seconds(5))
      try second.folder.put(load.files[1])
      try await second.folder.finished(Load(files: [load.files[1]]))
      first.daemon.signal(SIGCONT)
      try await first.folder.finished(Load(files: [load.files[0]]))
      try await SameAsUndisturbed.check(load, first.folder, [first.daemon, second.daemon])
    }
  }

  /// A daemon stopped inside an append holds the append lock: the other's append goes through within 5 s, and when
  /// the first wakes it takes its file in as if nothing had happened.
  @Test func aDaemonFrozenInsideAnAppendHoldsNobodyUp() async throws {
    try await TwoOffices.with { first, second, conninfo in
      let load = try Load(seed: 12, files: 2)
      let barrier = try await Barrier("bizclock.feed", conninfo)
      try first.folder.put(load.files[0])
      try await barrier.reached()
      first.daemon.signal(SIGSTOP)
      await barrier.open()
      let begun = ContinuousClock.now
      let committed = Task { try await second.folder.appended() }
      try second.folder.put(load.files[1])
      try await committed.value
      let took = ContinuousClock.now - begun
      print("FrozenTests: appended after \(took)")
      #expect(took < .seconds(5))
      first.daemon.signal(SIGCONT)
      try await first.folder.finished(Load(files: [load.files[0]]))
      try await second.folder.finished(Load(files: [load.files[1]]))
      let events = try await TestQuery.rows(
        conninfo,
        "SELECT (count(*) = max(position))::text, count(DISTINCT (case_id, source, event_id))::text FROM bizclock.event"
      )
      let expected = try await TestCluster.shared.withDatabase { conninfo in
        let folder = try OfficeFolder(conninfo: conninfo)
        defer { folder.remove() }
        try await folder.migrate()
        let daemon = try folder.start()
        for file in load.files { try folder.put(file) }
        try await folder.finished(load)
        daemon.signal(SIGTERM)
        #expect(try await daemon.exit() == 0)
        return try await TestQuery.rows(conninfo, "SELECT count(*)::text FROM bizclock.event")
      }
      #expect(events == [["true", expected[0][0]]])
    }
  }
}
