import ServiceTime
import Testing

@testable import Ledger

/// Who was told to be an individual is named nowhere, whatever the type was corrected to.
@Suite struct NamesTests {
  private static let person = Event.told("K1", "submitted", "2026-06-01 09:00") {
    $0.entityType = "individual"
    $0.entityName = "张三"
  }
  private static let corrected = Event.told("K1", "accepted", "2026-06-01 10:00") { $0.entityType = "enterprise" }
  private static let company = Event.told("K2", "accepted", "2026-06-01 09:00") {
    $0.entityType = "enterprise"
    $0.entityName = "海南某公司"
  }

  private static let rest = [Event.told("K1", "step_started", "2026-06-01 11:00") { $0.step = "licence" }, company]

  /// What was known at a moment is told without the name that is not to be told by now.
  @Test func asOfAMomentBeforeItWasSaid() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      var named = NamesTests.person
      named.entityType = "enterprise"
      let (then, later) = (local("2026-06-01 12:00"), local("2026-06-02 12:00"))
      try await ledger.tell(leader, [named], at: then)
      func name() async throws -> String? {
        try await ledger.connection.run {
          try #require(
            try CaseReport.read("K1", ledger.rulebook, asOf: then, knownAt: then, on: &$0)
          ).entityName
        }
      }
      #expect(try await name() == "张三")
      try await ledger.tell(
        leader, [.told("K1", "accepted", "2026-06-01 10:00") { $0.entityType = "individual" }], at: later)
      #expect(try await name() == nil)
    }
  }

  /// In any order of arrival, in one batch or several, and though the event that said so never happened.
  @Test(arguments: [
    [[person, corrected] + rest], [[person], [corrected], rest], [[corrected], rest, [person]],
    [[person], [.void(person, "2026-06-01 09:30"), corrected] + rest],
  ])
  func formerIndividuals(_ batches: [[Event]]) async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      for batch in batches { try await ledger.tell(leader, batch) }
      try await expectRows(
        ledger.column(
          "SELECT DISTINCT case_id || ' ' || coalesce(entity_name, '-') FROM dashboard.event_log ORDER BY 1"),
        ["K1 -", "K2 海南某公司"])
      let report = try await ledger.connection.run {
        try CaseReport.read("K1", ledger.rulebook, asOf: TestLedger.now, on: &$0)
      }
      #expect(try #require(report).entityName == nil)
      #expect(try await ledger.verify().differenceCount == 0)
      try await ledger.execute(
        "UPDATE bizclock.case_file SET may_be_individual = NOT may_be_individual WHERE case_id = 'K2'")
      #expect(try await ledger.verify().differenceCount == 1)
    }
  }
}
