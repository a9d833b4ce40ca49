import ServiceTime
import Testing

@testable import Ledger

/// What commands tell of the service and of one case.
@Suite struct StatusTests {
  private static let events: [Event] = [
    .told("K1", "accepted", "2026-06-01 09:00"), .told("K1", "completed", "2026-06-03 18:00"),
    .told("K2", "accepted", "2026-06-02 09:00"), .told("K2", "correction_requested", "2026-06-02 10:00"),
  ]

  @Test func ofTheService() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, StatusTests.events, at: local("2026-06-02 11:00"))
      try await ledger.append([.told("K3", "accepted", "2026-06-01 09:00")], receivedAt: local("2026-06-02 11:00"))
      let now = local("2026-06-02 17:30") + 2_000_000
      let status = try await ledger.connection.run { session -> ServiceStatus? in
        while case .projected = try leader.projectNext(&session, now: local("2026-06-02 11:00")) {}
        _ = try leader.raiseLevels(&session, now: now)
        return try ServiceStatus.read(&session, now: now)
      }
      let read = try #require(status)
      #expect([read.head, read.position] == [5, 5])
      #expect(read.led)
      #expect(read.holder == "test")
      #expect([read.running, read.paused, read.overdue] == [2, 2, 1])
      #expect(read.nextLevel == local("2026-06-03 17:30"))
      #expect(read.feeds.map(\.received) == [5])
      #expect(read.schema == Schema.newest)
      #expect(try await ledger.connection.run { try ServiceStatus.progress(&$0).position } == 5)
    }
  }

  /// The glance agrees with the whole status, before what was appended is projected and after.
  @Test func atAGlance() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, StatusTests.events, at: local("2026-06-02 11:00"))
      try await ledger.append([.told("K3", "accepted", "2026-06-01 09:00")], receivedAt: local("2026-06-02 11:00"))
      let now = local("2026-06-02 17:30") + 2_000_000
      for behind in [Int64(1), 0] {
        let (pulse, open, status) = try await ledger.connection.run { session in
          if behind == 0 {
            while case .projected = try leader.projectNext(&session, now: local("2026-06-02 11:00")) {}
            _ = try leader.raiseLevels(&session, now: now)
          }
          return (
            try ServiceFigures.pulse(&session), try ServiceFigures.openClocks(&session),
            try ServiceStatus.read(&session, now: now)
          )
        }
        let whole = try #require(status)
        #expect(pulse?.behind == behind)
        #expect(pulse?.nextLevel == whole.nextLevel)
        #expect(open == whole.running + whole.paused)
        #expect(open == (behind == 0 ? 4 : 2))
      }
    }
  }

  @Test func ofACase() async throws {
    try await TestLedger.with { ledger in
      let leader = try await ledger.leader()
      let void = Event.void(StatusTests.events[1], "2026-06-03 18:10")
      try await ledger.tell(leader, StatusTests.events + [void], at: local("2026-06-03 18:20"))
      let now = local("2026-06-03 18:20")
      let report = try await ledger.connection.run { session -> CaseReport? in
        #expect(try CaseReport.read("K9", ledger.rulebook, asOf: now, on: &session) == nil)
        return try CaseReport.read("K1", ledger.rulebook, asOf: now, on: &session)
      }
      let read = try #require(report)
      #expect(
        read.events.map { "\($0.stored.event.type) \($0.happened)" } == [
          "accepted true", "completed false", "voided false",
        ])
      #expect(read.clocks.map(\.commitment) == ["opening", "one_day"])
      #expect(read.clocks.allSatisfy { $0.state == .running })
      #expect(
        read.alerts.map(\.id) == [
          "K1/one_day/1/yellow/1", "K1/one_day/1/red/1", "K1/opening/1/yellow/1", "K1/opening/1/red/1",
        ])
      #expect(read.clocks[0].reckoner(ledger.rulebook, asOf: TestLedger.now)?.due?.at == local("2026-06-03 17:30"))
    }
  }
}
