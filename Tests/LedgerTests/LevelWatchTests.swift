import ServiceTime
import Testing

@testable import Ledger

/// What is kept in memory for the time when the database is away is what the database would say.
@Suite struct LevelWatchTests {
  private static let morning = local("2026-06-02 09:05")
  private static func accepted(_ caseID: String, _ at: String = "2026-06-01 09:00") -> Event {
    .told(caseID, "accepted", at) {
      $0.region = "469005100201"
      $0.grid = "g1"
      $0.serviceWindow = "w1"
    }
  }

  private static func read(_ watch: LevelWatch, _ ledger: TestLedger, at now: Instant = morning) async throws {
    let taken = try await ledger.connection.run { session in
      try watch.read(&session, now: now, retrospectiveAfter: ProjectorSettings().retrospectiveAfter)
    }
    #expect(taken)
  }

  private static func texts(_ watch: LevelWatch) -> [String] {
    watch.due(at: Instant(microseconds: .max)).map { "\($0.id) \($0.levelAt.rfc3339(in: .utc))" }
  }

  /// All that the log line needs, of every level within a day; those raised and those later are left out.
  @Test func itHoldsWhatIsToCome() async throws {
    try await TestLedger.with { ledger async throws in
      let rules = try ShippedRules.rulebook { policy, _ in
        for index in policy.commitments.indices {
          for level in policy.commitments[index].levels.indices where policy.commitments[index].id == "one_day" {
            policy.commitments[index].levels[level].notify = .town
          }
        }
      }
      let leader = try await ledger.leader(rules)
      try await ledger.tell(leader, [LevelWatchTests.accepted("K1")], at: LevelWatchTests.morning)
      let watch = LevelWatch()
      watch.follow(leader)
      #expect(watch.wantsReading(now: LevelWatchTests.morning))
      try await LevelWatchTests.read(watch, ledger)
      #expect(!watch.wantsReading(now: LevelWatchTests.morning))
      // Escalated comes in a week.
      #expect(
        LevelWatchTests.texts(watch) == [
          "K1/one_day/1/yellow/1 2026-06-02T08:15:00Z", "K1/one_day/1/red/1 2026-06-02T09:30:00Z",
          "K1/opening/1/yellow/1 2026-06-02T09:30:00Z",
        ])
      #expect(
        watch.due(at: local("2026-06-02 17:30")).dropFirst().first
          == WatchedLevel(
            id: AlertID(caseID: "K1", commitment: "one_day", round: 1, level: "red", revision: 1), priority: .error,
            dueAt: local("2026-06-02 17:30"), levelAt: local("2026-06-02 17:30"), calendar: "cn", notify: .town,
            region: "469005100201", grid: "g1", serviceWindow: "w1"))
      #expect(watch.next(after: nil) == local("2026-06-02 16:15"))
      #expect(watch.due(at: local("2026-06-02 16:15") + -1).isEmpty)
      // Raised: no longer to come.
      #expect(watch.next(after: local("2026-06-02 16:15")) == local("2026-06-02 17:30"))
      #expect(watch.contents.count == 2)
      #expect(watch.next(after: local("2026-06-02 17:30")) == nil)
      // Half a day later there is more to look ahead to.
      #expect(!watch.wantsReading(now: LevelWatchTests.morning + LevelWatch.horizon / 2))
      #expect(watch.wantsReading(now: LevelWatchTests.morning + LevelWatch.horizon / 2 + 1))
    }
  }

  /// It follows what is projected, batch by batch: after each it holds what another one reads from the database.
  @Test func followingIsReading() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let watch = LevelWatch()
      watch.follow(leader)
      try await LevelWatchTests.read(watch, ledger)
      let seed = UInt64.random(in: 1...1_000_000)
      print("LevelWatchTests: seed \(seed)")
      var random = SeededGenerator(seed: seed)
      let types: [EventType] = [
        "accepted", "accepted", "accepted", "accepted", "correction_requested", "correction_received", "completed",
        "reopened", "withdrawn", "suspended", "resumed", "rejected",
      ]
      var seen = 0
      for batch in 0..<40 {
        var events: [Event] = []
        for number in 0..<Int.random(in: 1...30, using: &random) {
          let type = types.randomElement(using: &random) ?? "accepted"
          let hour = Int.random(in: 9...16, using: &random)
          let day = Int.random(in: 1...2, using: &random)
          events.append(
            .told(
              "K\(Int.random(in: 1...40, using: &random))", type,
              "2026-06-0\(day) \(hour < 10 ? "0" : "")\(hour):00",
              id: "\(batch) \(number)"))
        }
        try await ledger.tell(leader, events, at: LevelWatchTests.morning)
        let fresh = LevelWatch()
        fresh.follow(leader)
        try await LevelWatchTests.read(fresh, ledger)
        leader.watch = watch
        #expect(LevelWatchTests.texts(watch) == LevelWatchTests.texts(fresh), "seed \(seed), batch \(batch)")
        seen = max(seen, watch.contents.count)
      }
      #expect(seen > 5)
    }
  }

  /// What the leader projects while the list is read is in it.
  @Test func whatChangesDuringAReading() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let watch = LevelWatch()
      watch.follow(leader)
      try await ledger.tell(
        leader, ["K1", "K2", "K3"].map { LevelWatchTests.accepted($0) }, at: LevelWatchTests.morning)
      try await LevelWatchTests.read(watch, ledger)
      let stale = watch.contents
      let reading = try #require(watch.beginReading(until: stale.until))
      try await ledger.tell(
        leader,
        [
          .told("K1", "completed", "2026-06-01 10:00"), LevelWatchTests.accepted("K4"),
          .told("K2", "suspended", "2026-06-01 10:00"), .told("K2", "resumed", "2026-06-01 10:30"),
        ], at: LevelWatchTests.morning)
      #expect(watch.endReading(reading.number, stale))
      let cases = Set(watch.due(at: Instant(microseconds: .max)).map(\.id.caseID))
      #expect(cases == ["K2", "K3", "K4"])
      // One that was overtaken counts nothing.
      #expect(!watch.endReading(reading.number - 1, stale))
      // One that failed is to be done again.
      let another = try #require(watch.beginReading(until: stale.until))
      #expect(!watch.wantsReading(now: LevelWatchTests.morning))
      #expect(!watch.endReading(another.number, nil))
      #expect(watch.wantsReading(now: LevelWatchTests.morning))
      #expect(watch.contents.count == 9)

      // The first reading of all: nothing is held yet, and what changes meanwhile is not lost.
      let fresh = LevelWatch()
      fresh.follow(leader)
      let first = try #require(fresh.beginReading(until: stale.until))
      try await ledger.tell(
        leader, [LevelWatchTests.accepted("K5"), .told("K3", "completed", "2026-06-01 10:00")],
        at: LevelWatchTests.morning)
      #expect(fresh.contents.count == 0)
      #expect(fresh.endReading(first.number, stale))
      #expect(Set(fresh.due(at: Instant(microseconds: .max)).map(\.id.caseID)) == ["K1", "K2", "K5"])
    }
  }

  /// Bounded: the earliest levels, and of those at the last instant as many as there is room for.
  @Test(arguments: [(7, 7), (12, 12), (13, 13), (100, 30)]) func itHoldsNoMoreThanItMay(
    _ capacity: Int, _ held: Int
  ) async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let cases = (10..<20).map { "K\($0)" }
      try await ledger.tell(leader, cases.map { LevelWatchTests.accepted($0) }, at: LevelWatchTests.morning)
      let watch = LevelWatch(capacity: capacity)
      watch.follow(leader)
      try await LevelWatchTests.read(watch, ledger)
      #expect(watch.contents.count == held)
      let yellow = watch.due(at: local("2026-06-02 16:15")).count
      #expect(yellow == min(10, capacity))
      // Following adds no more than a quarter before it cuts.
      try await ledger.tell(
        leader, (20..<60).map { LevelWatchTests.accepted("K\($0)") }, at: LevelWatchTests.morning)
      #expect(watch.contents.count <= capacity + capacity / 4)
      #expect(watch.contents.count >= min(capacity, 50))
      let all = watch.due(at: Instant(microseconds: .max))
      #expect(all.allSatisfy { $0.levelAt <= watch.contents.until })
    }
  }

  /// An edge of a closure moves clocks that no event told of; another leader's clocks are not this one's to tell.
  @Test func whenItIsReadAnew() async throws {
    try await TestLedger.with { ledger async throws in
      let rules = try ShippedRules.rulebook { _, calendar in
        calendar.closures = [
          Closure(from: local("2026-06-02 10:00"), to: local("2026-06-02 12:00"), name: "typhoon")
        ]
      }
      let leader = try await ledger.leader(rules, now: LevelWatchTests.morning)
      try await ledger.tell(leader, [LevelWatchTests.accepted("K1")], at: LevelWatchTests.morning)
      let watch = LevelWatch()
      watch.follow(leader)
      try await LevelWatchTests.read(watch, ledger)
      #expect(!watch.wantsReading(now: LevelWatchTests.morning))
      let edge = local("2026-06-02 10:00")
      _ = try await ledger.raise(leader, at: edge)
      #expect(watch.wantsReading(now: edge))
      try await LevelWatchTests.read(watch, ledger, at: edge)
      watch.clear()
      #expect(watch.contents.count == 0)
      #expect(!watch.wantsReading(now: edge))
      try await ledger.tell(leader, [LevelWatchTests.accepted("K2")], at: edge)
      #expect(watch.contents.count == 0)
    }
  }

  /// A level that is history pages nobody, however the database is.
  @Test func historyIsLeftOut() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      // Accepted long ago, known today; two of its levels lie before, and nobody has raised them yet.
      try await ledger.append([LevelWatchTests.accepted("K1")], receivedAt: local("2026-06-05 09:00"))
      try await ledger.connection.run { _ = try leader.projectNext(&$0, now: LevelWatchTests.morning) }
      let watch = LevelWatch()
      watch.follow(leader)
      try await LevelWatchTests.read(watch, ledger, at: local("2026-06-08 09:00"))
      #expect(LevelWatchTests.texts(watch) == ["K1/opening/1/escalated/1 2026-06-08T09:30:00Z"])
    }
  }
}
