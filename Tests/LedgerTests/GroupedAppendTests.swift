import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Ledger

/// Deliveries that share a commit are told apart: each gets the figures that it would have got alone.
@Suite struct GroupedAppendTests {
  private static func event(_ id: Int, region: String?) -> Event {
    var event = Event.told("K\(id / 3)", "accepted", "2026-06-01 09:00")
    event.eventID = Identifier("e\(id)")
    event.region = region
    return event
  }

  /// Random deliveries with repetitions and contradictions, in random groups, against one after the other.
  @Test func eachGetsItsOwnFigures() async throws {
    var generator = SeededGenerator(seed: 5)
    let deliveries = (0..<60).map { _ in
      (0..<Int.random(in: 0...12, using: &generator)).map { _ in
        GroupedAppendTests.event(
          Int.random(in: 0..<150, using: &generator),
          region: Int.random(in: 0..<5, using: &generator) == 0 ? "46" : nil)
      }
    }
    let sizes = (0..<60).map { _ in Int.random(in: 1...9, using: &generator) }
    let alone = try await TestLedger.with { ledger in
      var outcomes: [AppendOutcome] = []
      for events in deliveries { outcomes.append(try await ledger.append(events)) }
      return outcomes
    }
    try await TestLedger.with { ledger in
      var rest = deliveries[...]
      var grouped: [AppendOutcome] = []
      for size in sizes where !rest.isEmpty {
        let group = Array(rest.prefix(size))
        rest = rest.dropFirst(size)
        grouped += try await ledger.append(group)
      }
      try #require(rest.isEmpty)
      for (index, (a, b)) in zip(alone, grouped).enumerated() {
        #expect(
          a.new == b.new && a.duplicate == b.duplicate && a.quarantined == b.quarantined,
          "delivery \(index): \(a), in a group \(b)")
      }
      #expect(grouped.reduce(0) { $0 + $1.duplicate } > 0 && grouped.reduce(0) { $0 + $1.quarantined } > 0)
    }
  }
}

extension TestLedger {
  /// Appends deliveries in one batch; what became of each.
  fileprivate func append(_ deliveries: [[Event]]) async throws -> [AppendOutcome] {
    var parts: [Range<Int>] = []
    for events in deliveries {
      let start = parts.last?.upperBound ?? 0
      parts.append(start..<start + events.count)
    }
    let batch = AppendBatch(
      feed: "test", source: "test", events: deliveries.flatMap { $0 }, receivedAt: TestLedger.now)
    let places = parts
    return try await connection.run { session in
      var appender = Appender()
      return try appender.append(batch, parts: places, on: &session).parts
    }
  }
}
