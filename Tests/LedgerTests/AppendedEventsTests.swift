import ServiceTime
import Testing

@testable import Ledger

/// What is handed from the appender to the projector of the same program: never anything but what the ledger says.
@Suite struct AppendedEventsTests {
  private static let stories: [[Event]] = (1...40).map { number in
    let id = "K\(number)"
    return [
      .told(id, "accepted", "2026-06-01 09:00"), .told(id, "suspended", "2026-06-01 15:00"),
      .told(id, "resumed", "2026-06-02 10:00"), .told(id, "completed", "2026-06-0\(3 + number % 6) 11:00"),
    ]
  }

  private static func run(_ events: [Event], from first: Int64, receivedAt: Instant = TestLedger.now) -> EventRun {
    EventRun(events: events, first: first, receivedAt: receivedAt, history: false)
  }

  /// Whole transactions, without a gap, within the limit and the capacity, and only while a leader takes them.
  @Test func whatIsKept() {
    let event = Event.told("K", "accepted", "2026-06-01 09:00")
    func run(_ positions: ClosedRange<Int64>) -> EventRun {
      AppendedEventsTests.run(positions.map { _ in event }, from: positions.lowerBound)
    }
    func next(_ appended: AppendedEvents, after position: Int64, limit: Int = 100) -> [Int64] {
      appended.next(after: position, limit: limit).flatMap { Array($0.first...$0.last) }
    }
    let appended = AppendedEvents(capacity: 10)
    appended.put(run(1...2))
    #expect(next(appended, after: 0).isEmpty)
    appended.open(true)
    appended.put(run(3...4))
    appended.put(run(8...9))
    appended.put(run(5...7))
    #expect(next(appended, after: 0).isEmpty, "1 and 2 are not there")
    #expect(next(appended, after: 2) == Array(3...9))
    #expect(next(appended, after: 2, limit: 5) == Array(3...7))
    #expect(next(appended, after: 2, limit: 1) == [3, 4], "a transaction is not cut")
    appended.put(run(10...13))
    #expect(next(appended, after: 2) == Array(3...9), "there is no room for four more")
    #expect(next(appended, after: 4) == Array(5...9), "the first two are dropped")
    appended.put(run(10...13))
    #expect(next(appended, after: 9) == Array(10...13))
    #expect(next(appended, after: 11).isEmpty, "a transaction is projected whole or not at all")
    appended.open(false)
    #expect(next(appended, after: 9).isEmpty)
  }

  /// Projected from the hand, from the ledger, or now this and now that: the same.
  @Test(arguments: [nil, 100_000, 60, 25])
  func theSameProjections(_ capacity: Int?) async throws {
    let events = AppendedEventsTests.stories.joined().sorted { $0.occurredAt < $1.occurredAt }
    func load(_ capacity: Int?) async throws -> (lines: [String], handed: Int) {
      try await TestLedger.with { ledger in
        let leader = try await ledger.leader { $0.batch = 30 }
        let appended = capacity.map { AppendedEvents(capacity: $0) }
        appended?.open(true)
        leader.appended = appended
        var handed = 0
        var rest = events[...]
        while !rest.isEmpty {
          // Another program appends as well, and is read.
          let mine = Array(rest.prefix(35))
          rest = rest.dropFirst(35)
          try await ledger.append(mine, batch: 12, handingTo: appended)
          try await ledger.append(Array(rest.prefix(5)))
          rest = rest.dropFirst(5)
          handed += try await ledger.connection.run {
            try leader.atHand(&$0)?.reduce(0) { $0 + $1.events.count } ?? 0
          }
          try await ledger.catchUp(leader)
        }
        #expect(try await ledger.verify().differenceCount == 0)
        return (try await ledger.dump(), handed)
      }
    }
    let (lines, handed) = try await load(capacity)
    #expect((handed > 0) == (capacity != nil))
    #expect(try await load(nil).lines == lines)
  }

  /// After a fail-over the ledger may have lost what was committed last, and have other events in its place.
  @Test func whatTheLedgerHasLost() async throws {
    try await TestLedger.with { ledger in
      let leader = try await ledger.leader()
      let appended = AppendedEvents()
      leader.appended = appended
      let lost = [Event.told("L", "accepted", "2026-06-01 09:00"), .told("L", "completed", "2026-06-01 10:00")]
      appended.open(true)
      appended.put(AppendedEventsTests.run(lost, from: 1))
      try await ledger.catchUp(leader)
      #expect(leader.term.position == 0)

      try await ledger.append([
        .told("K", "accepted", "2026-06-01 09:00"), .told("L", "completed", "2026-06-01 10:00"),
      ])
      // The same event at the same place, told at another time and after another one.
      let earlier = TestLedger.now + -1_000_000
      appended.put(AppendedEventsTests.run(lost, from: 1, receivedAt: earlier))
      try await ledger.catchUp(leader)
      #expect(leader.term.position == 2)
      #expect(try await ledger.verify().differenceCount == 0)
      #expect(try await ledger.column("SELECT DISTINCT case_id FROM bizclock.clock") == ["K"])
    }
  }
}
