import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// Guarantees 2 and 5 with two servers: what was told to be accepted is on both.
@Suite(.serialized, .alone) struct FailoverTests {
  /// The primary is killed under load and the standby promoted: nothing accepted is lost, nothing is there twice, and
  /// work goes on within 5 s. Later the former primary is back as a server that takes no writes.
  @Test(arguments: 0..<Thorough.rounds) func thePrimaryKilledUnderLoad(_ round: Int) async throws {
    let seed = UInt64.random(in: 1...1_000_000)
    let context = "round \(round), seed \(seed)"
    var random = SeededGenerator(seed: seed)
    let load = try Load(seed: seed, files: 14)
    let direct = String(decoding: try Load(seed: seed &+ 1_000_000, files: 1).files[0].bytes, as: UTF8.self)
    let pair = try await FailoverPair(tcp: round % 2 == 0)
    defer { pair.remove() }
    let daemon = try pair.office.start()
    try await daemon.logged("ready")
    let early = Int.random(in: 3...8, using: &random)
    for file in load.files.prefix(early) { try pair.office.put(file) }
    async let ingest = ProgramRun.finished(
      ["ingest", "-", "--config", pair.office.path + "/bizclock.yaml"], input: direct)
    let enough = Int.random(in: 1...early, using: &random)
    try await TestDeadline.within(TestDeadline.patience, "\(enough) files, \(context)") {
      while pair.done.count < enough {
        try Task.checkCancellation()
        await Task.yield()
      }
    }
    try pair.primary.kill()
    let accepted = pair.done
    // While there is no server, files go on coming in.
    try pair.office.put(load.files[early])
    try pair.standby.promote()
    let promoted = ContinuousClock.now
    for file in load.files where accepted.contains(file.name) {
      let ids = String(decoding: file.bytes, as: UTF8.self).split(separator: "\n").compactMap(FailoverTests.key)
      let there = try await FailoverTests.count(ids, pair.standby)
      #expect(there == Set(ids).count, "\(context): accepted, but not there: \(file.name)")
    }
    try await pair.office.moved(load.files[early].name)
    let took = ContinuousClock.now - promoted
    print("FailoverTests: \(context), \(accepted.count) files accepted before, taken in again after \(took)")
    #expect(took < .seconds(5), "\(context)")

    let office = pair.office.seen(at: pair.standby.conninfo)
    for file in load.files.dropFirst(early + 1).dropLast() { try pair.office.put(file) }
    var loaded = try await ingest
    if loaded.status == 69 {
      // It had not begun when the primary was killed, and said so.
      loaded = try await ProgramRun.finished(
        ["ingest", "-", "--config", pair.office.path + "/bizclock.yaml"], input: direct)
    }
    #expect(loaded.status == 65, "\(context): \(loaded.errors)")
    try await office.finished(Load(files: Array(load.files.dropLast())))

    // The former primary takes reads only; though it is named first, nobody works there.
    try pair.primary.configure(["synchronous_standby_names=''"])
    try pair.primary.follow(nil, as: "first")
    try pair.primary.start()
    _ = try await TestQuery.rows(
      pair.standby.conninfo,
      "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE application_name LIKE 'bizclock %' AND backend_type = 'client backend'"
    )
    try pair.office.put(load.files[load.files.count - 1])
    try await office.finished(load)
    try await SameAsUndisturbed.check(load, office, [daemon], ingesting: direct, context)
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() == 0)
  }

  /// A commit that waits for a standby which is away is no acknowledgement, not even when an administrator ends the
  /// wait; it is told in words, and goes through when the standby is back.
  @Test func aStandbyThatIsAwayIsWaitedFor() async throws {
    let pair = try await FailoverPair(tcp: false)
    defer { pair.remove() }
    let daemon = try pair.office.start()
    try await daemon.logged("ready")
    let load = try Load(seed: 5, files: 2)
    try pair.office.put(load.files[0])
    try await pair.office.finished(Load(files: [load.files[0]]))
    try pair.standby.stop()
    try pair.office.put(load.files[1])
    try await daemon.logged(containing: "Commits wait for a synchronous standby")
    let primary = pair.primary.conninfo
    let waiting = """
      SELECT pid::text, pg_cancel_backend(pid)::text FROM pg_stat_activity
      WHERE application_name = 'bizclock append' AND wait_event = 'SyncRep'
      """
    try await TestDeadline.within(TestDeadline.patience, "a commit to wait, and to be cancelled") {
      while try await TestQuery.rows(primary, waiting).isEmpty { try Task.checkCancellation() }
    }
    try await daemon.logged(containing: "committed on this server alone")
    // The batch is asked again, and waits again.
    try await TestDeadline.within(TestDeadline.patience, "another commit to wait") {
      let count =
        "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'bizclock append' AND wait_event = 'SyncRep'"
      while try await TestQuery.rows(primary, count) != [["1"]] { try Task.checkCancellation() }
    }
    #expect(!pair.done.contains(load.files[1].name))
    try pair.standby.start()
    try await pair.office.finished(load)
    try await SameAsUndisturbed.check(load, pair.office, [daemon])
    daemon.signal(SIGTERM)
    #expect(try await daemon.exit() == 0)
  }

  // MARK: - Parts

  private static func key(_ line: Substring) -> [String]? {
    let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    guard let event = object?["event_id"] as? String, let caseID = object?["case_id"] as? String else { return nil }
    return [caseID, event]
  }

  private static func count(_ ids: [[String]], _ node: PostgresNode) async throws -> Int {
    let connection = try await Connection.connect(node.conninfo)
    let count = try await connection.run { session in
      try session.execute(
        """
        SELECT count(DISTINCT (case_id, event_id)) FROM bizclock.event
        JOIN unnest($1::text[], $2::text[]) AS k (c, e) ON case_id = k.c AND event_id = k.e
        """, [.textArray(ids.map { $0[0] }), .textArray(ids.map { $0[1] })]
      ).int8(0, 0)
    }
    await connection.close()
    return Int(count)
  }
}
