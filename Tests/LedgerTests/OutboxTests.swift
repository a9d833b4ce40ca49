import ServiceTime
import Testing

@testable import Ledger

/// A log line waits until it was written; after that it is gone, and its alert knows when.
@Suite struct OutboxTests {
  private static let morning = local("2026-06-01 09:05")
  private static let accepted = Event.told("K1", "accepted", "2026-06-01 09:00") { event in
    event.region = "469005100"
    event.grid = "乐\"东"
    event.serviceWindow = "w1"
  }

  private func pending(_ ledger: TestLedger, limit: Int = 100, summaries: Bool = true) async throws -> [PendingLine]
  {
    try await ledger.connection.run { try Outbox.pending(&$0, limit: limit, summaries: summaries) }
  }

  private func write(_ ledger: TestLedger, _ lines: [PendingLine], at now: String) async throws {
    try await ledger.connection.run { try Outbox.written(lines, at: local(now), &$0) }
  }

  @Test func survivesUntilWritten() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [OutboxTests.accepted], at: OutboxTests.morning)
      #expect(try await ledger.raise(leader, at: local("2026-06-02 17:30")).raised == 3)
      // Read by a program that dies: it is there for the next.
      let first = try await pending(ledger)
      let lines = try await pending(ledger)
      #expect(lines.map(\.id) == first.map(\.id))
      #expect(
        lines.map { $0.subject?.description } == [
          "K1/one_day/1/yellow/1", "K1/one_day/1/red/1", "K1/opening/1/yellow/1",
        ])
      #expect(lines.map(\.event) == ["alert.raised", "alert.raised", "alert.raised"])
      try await expectRows(
        ledger.column("SELECT count(*)::text FROM bizclock.alert WHERE logged_at IS NOT NULL"), ["0"])

      try await write(ledger, Array(lines.prefix(2)), at: "2026-06-02 17:31")
      #expect(try await pending(ledger).map(\.id) == [lines[2].id])
      // Written twice after a crash: logged when it was first.
      try await write(ledger, Array(lines), at: "2026-06-02 17:32")
      #expect(try await pending(ledger).isEmpty)
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', commitment, level, to_char(logged_at, 'HH24:MI')) FROM bizclock.alert ORDER BY 1"),
        ["one_day red 17:31", "one_day yellow 17:31", "opening yellow 17:32"])
    }
  }

  /// What a line tells, whether the projection gave rise to it or the raising of levels.
  @Test func tellsTheSameEitherWay() async throws {
    func line(projected: Bool) async throws -> PendingLine? {
      try await TestLedger.with { ledger async throws in
        let leader = try await ledger.leader()
        let due = local("2026-06-03 17:30")
        if projected {
          try await ledger.tell(leader, [OutboxTests.accepted], at: due)
        } else {
          try await ledger.tell(leader, [OutboxTests.accepted], at: OutboxTests.morning)
          try await ledger.catchUp(leader, now: due)
        }
        return try await pending(ledger).first { $0.subject?.description == "K1/opening/1/red/1" }
      }
    }
    let raised = try #require(try await line(projected: false))
    let projected = try #require(try await line(projected: true))
    let due = local("2026-06-03 17:30").microseconds
    #expect(raised.numbers == ["due_at": due, "level_at": due, "recorded_at": due])
    #expect(
      raised.texts == [
        "priority": "error", "calendar": "cn", "region": "469005100", "grid": "乐\"东", "service_window": "w1",
      ])
    #expect(projected.texts == raised.texts)
    #expect(projected.numbers == raised.numbers)
    #expect(projected.event == raised.event)
  }

  /// Of a clock that has ended since, both lines say when.
  @Test func resolvedLinesTellWhen() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let stop = local("2026-06-03 17:33")
      try await ledger.tell(leader, [OutboxTests.accepted], at: local("2026-06-02 17:30"))
      try await ledger.clearLines()
      try await ledger.tell(leader, [.told("K1", "completed", "2026-06-03 17:33")], at: local("2026-06-03 17:29"))
      try await ledger.catchUp(leader, now: local("2026-06-03 17:30"))
      let lines = try await pending(ledger).filter { $0.subject?.commitment == "opening" }
      #expect(lines.map(\.event) == ["alert.resolved", "alert.raised", "alert.resolved"])
      #expect(lines.allSatisfy { $0.numbers["resolved_at"] == stop.microseconds })
    }
  }

  /// A load of several transactions: summaries wait for its end, and are read together.
  @Test func summariesWait() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader { $0.batch = 2 }
      let events = (0..<3).flatMap { number in
        [
          Event.told("K\(number)", "accepted", "2026-06-01 09:00"),
          .told("K\(number)", "completed", "2026-06-04 10:00"),
        ]
      }
      try await ledger.tell(
        leader, events + [.told("K9", "accepted", "2026-06-02 09:00")], at: local("2026-06-05 09:00"))
      let single = try await pending(ledger, summaries: false)
      #expect(single.allSatisfy { $0.subject != nil })
      let all = try await pending(ledger)
      let summaries = all.filter { $0.subject == nil }
      #expect(summaries.count == 4)
      #expect(all.count == single.count + 4)
      // 4 levels of each finished case and 3 of the open one, of which its last is within a day.
      #expect(summaries.compactMap { $0.numbers["retrospective"] }.reduce(0, +) == 15)
      #expect(summaries.allSatisfy { $0.event == "alert.summary" && $0.texts.isEmpty })
      try await write(ledger, all, at: "2026-06-05 09:01")
      #expect(try await pending(ledger).isEmpty)
    }
  }

  @Test func theOldestFirst() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let events = (0..<5).map { Event.told("K\($0)", "accepted", "2026-06-01 09:0\($0)") }
      try await ledger.tell(leader, events.reversed(), at: OutboxTests.morning)
      try await ledger.catchUp(leader, now: local("2026-06-02 17:00"))
      let lines = try await pending(ledger, limit: 3)
      #expect(lines.map { $0.subject?.caseID } == ["K0", "K1", "K2"])
      try await write(ledger, lines, at: "2026-06-02 17:00")
      #expect(try await pending(ledger, limit: 3).map { $0.subject?.caseID } == ["K3", "K4"])
    }
  }

  /// Texts of any kind come out of the queue as they went in.
  @Test func anyText() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let texts = ["a\"b\\c", "\u{1}\n\t", "乐\u{F914}🏢", "1", "null", "{}"]
      for (number, text) in texts.enumerated() {
        try await ledger.tell(
          leader, [.told("K\(number)", "accepted", "2026-06-02 09:00") { $0.serviceWindow = text }],
          at: local("2026-06-04 17:30"))
      }
      let windows = try await pending(ledger).filter {
        $0.subject?.level == "red" && $0.subject?.commitment == "opening"
      }
      #expect(windows.map { Array(($0.texts["service_window"] ?? "").utf8) } == texts.map { Array($0.utf8) })
    }
  }
}
