import Foundation
import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// The whole vectors through the ledger, in any order, give what the fold gives; and verify finds nothing.
@Suite struct ProjectionTests {
  static func vectorEvents() throws -> [Event] {
    let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "ServiceTimeTests/Fixtures/case-vectors.ndjson")
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").flatMap { line -> [Event] in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return (object?["events"] as? [[String: Any]] ?? []).map(Event.init(vector:))
    }
  }

  @Test func vectorsInAnyOrder() async throws {
    let events = try ProjectionTests.vectorEvents()
    var dumps: [[String]] = []
    for (batch, seed) in [(5_000, UInt64(0)), (97, 1), (700, 2)] {
      var given = events
      if seed > 0 {
        var generator = SeededGenerator(seed: seed)
        given = (events + events.filter { _ in generator.next() % 5 == 0 }).shuffled(using: &generator)
      }
      let ordered = given
      let dump = try await LedgerTestBase.withDatabase { connection, rulebook in
        let outcome = try await LedgerTestBase.append(ordered, batch: batch, on: connection)
        #expect(outcome.new == events.count)
        #expect(outcome.duplicate == ordered.count - events.count)
        #expect(outcome.quarantined == 0)
        try await LedgerTestBase.project(connection, rulebook, batch: batch, cached: batch == 97 ? 60 : 10_000)
        let report = try await connection.run { try Verifier.verify(rulebook, on: &$0) }
        #expect(report.differenceCount == 0, "\(report.differences.prefix(5))")
        #expect(report.events == events.count)
        return try await LedgerTestBase.dump(connection)
      }
      dumps.append(dump)
    }
    #expect(dumps[0].count > 1_000)
    #expect(dumps[0] == dumps[1])
    #expect(dumps[0] == dumps[2])
  }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
