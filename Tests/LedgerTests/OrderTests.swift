import Foundation
import ServiceTime
import Settings
import Simulator
import Synchronization
import Testing

@testable import Ledger

/// Guarantee 1: every order, duplication and late delivery of the same events ends in the same projections.
@Suite struct OrderTests {
  /// How the same events reach the ledger.
  struct Delivery: Sendable, CustomTestStringConvertible {
    var batch: Int
    var cached: Int
    /// Shuffled, with one event in five told twice; nil is the order of the story.
    var seed: UInt64?
    var testDescription: String { "batch \(batch), cache \(cached)" + (seed.map { ", seed \($0)" } ?? "") }
  }

  private func load(_ events: [Event], _ delivery: Delivery) async throws -> [String] {
    var given = events
    if let seed = delivery.seed {
      var generator = SeededGenerator(seed: seed)
      given = (events + events.filter { _ in generator.next() % 5 == 0 }).shuffled(using: &generator)
    }
    let told = given
    return try await TestLedger.with { ledger async throws in
      let outcome = try await ledger.append(told, batch: delivery.batch)
      #expect(outcome.new == events.count)
      #expect(outcome.duplicate == told.count - events.count)
      #expect(outcome.quarantined == 0)
      let leader = try await ledger.leader { settings in
        settings.batch = delivery.batch
        settings.cachedCases = delivery.cached
      }
      try await ledger.catchUp(leader)
      let report = try await ledger.verify()
      #expect(report.differenceCount == 0, "\(report.differences.prefix(5))")
      #expect(report.events == events.count)
      return try await ledger.dump()
    }
  }

  private func differences(_ a: [String], _ b: [String]) -> [String] {
    a.difference(from: b).prefix(4).map { "\($0)" }
  }

  @Test func wholeVectors() async throws {
    let events = try OrderTests.vectors()
    let ordered = try await load(events, Delivery(batch: 5_000, cached: 10_000))
    #expect(ordered.count > 1_000)
    for delivery in [
      Delivery(batch: 97, cached: 60, seed: 1), Delivery(batch: 700, cached: 10_000, seed: 2),
    ] {
      let shuffled = try await load(events, delivery)
      #expect(shuffled == ordered, "\(differences(shuffled, ordered))")
    }
  }

  @Test func simulatedCases() async throws {
    let events = try OrderTests.simulated(cases: 300)
    #expect(events.count > 2_000)
    let ordered = try await load(events, Delivery(batch: 20_000, cached: 100_000))
    for delivery in [
      Delivery(batch: 20_000, cached: 0, seed: 3), Delivery(batch: 1_000, cached: 100_000, seed: 4),
      Delivery(batch: 113, cached: 40, seed: 5), Delivery(batch: 400, cached: 0),
    ] {
      let shuffled = try await load(events, delivery)
      #expect(shuffled == ordered, "\(delivery): \(differences(shuffled, ordered))")
    }
  }

  /// How many still append.
  private final class Left: Sendable {
    let count: Mutex<Int>
    init(_ count: Int) { self.count = Mutex(count) }
  }

  /// Several connections append at once, each a part in batches of its own, while a leader projects what there is.
  @Test func severalConnections() async throws {
    let events = try OrderTests.simulated(cases: 300)
    let ordered = try await load(events, Delivery(batch: 20_000, cached: 100_000))
    for (connections, appended, projected) in [(2, 500, 313), (3, 59, 20_000), (5, 20_000, 1_000)] {
      let dump = try await TestLedger.with { ledger async throws in
        let leader = try await ledger.leader { $0.batch = projected }
        let left = Left(connections)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for part in 0..<connections {
            group.addTask {
              defer { left.count.withLock { $0 -= 1 } }
              let connection = try await ledger.connect()
              let told = events.indices.filter { $0 % connections == part }.map { events[$0] }
              try await ledger.append(told, batch: appended, on: connection)
              await connection.close()
            }
          }
          group.addTask { while left.count.withLock({ $0 }) > 0 { try await ledger.catchUp(leader) } }
          try await group.waitForAll()
        }
        try await ledger.catchUp(leader)
        #expect(try await ledger.verify().differenceCount == 0)
        return try await ledger.dump()
      }
      #expect(dump == ordered, "\(connections) connections: \(differences(dump, ordered))")
    }
  }

  static func vectors() throws -> [Event] {
    let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "ServiceTimeTests/Fixtures/case-vectors.ndjson")
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").flatMap { line -> [Event] in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return (object?["events"] as? [[String: Any]] ?? []).map(Event.init(vector:))
    }
  }

  /// The events of simulated cases in the order in which they happened; mistakes and their voids are frequent.
  static func simulated(cases: Int, overruns: Int = Scenario.usual.overruns) throws -> [Event] {
    var scenario = Scenario.usual
    scenario.overruns = overruns
    scenario.mistakes = 150
    scenario.reopenings = 100
    scenario.secondCorrections = 300
    let calendar = try #require(try ShippedRules.rulebook().mainCalendar(process: "opening"))
    return Array(
      ChronologicalEvents(
        Simulator(
          seed: 7, cases: cases, from: CivilDate(year: 2026, month: 3, day: 2),
          to: CivilDate(year: 2026, month: 5, day: 29), calendar: calendar, scenario: scenario)))
  }
}
