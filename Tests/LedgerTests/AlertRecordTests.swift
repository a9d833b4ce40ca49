import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// Alerts are found, listed worst first, and acknowledged; an acknowledgement is a record that nothing takes away.
@Suite struct AlertRecordTests {
  @Test(
    arguments: [
      ("K1/opening/1/red/2", ["K1", "opening", "1", "red", "2"]),
      ("a/b//c/opening/12/red/1", ["a/b//c", "opening", "12", "red", "1"]),
      ("online_tax/202609/red/1", ["", "online_tax", "202609", "red", "1"]),
      ("/K/opening/1/red/1", ["/K", "opening", "1", "red", "1"]),
      ("1/2/3/4/5/6", ["1/2", "3", "4", "5", "6"]), ("K1/opening/1/red/0", nil), ("K1/opening/1/red", nil),
      ("K1/opening/x/red/1", nil),
      ("K1", nil), ("", nil), ("////", nil), ("/opening/1/red/1", nil), ("K1/opening/1//1", nil),
      ("K1//1/red/1", nil),
      ("K1/opening/99999999999/red/1", nil),
    ] as [(String, [String]?)])
  func idsAreReadFromTheirEnd(_ text: String, _ parts: [String]?) {
    let id = AlertID(text)
    #expect(id.map { [$0.caseID, $0.commitment, "\($0.round)", $0.level, "\($0.revision)"] } == parts)
    if let id { #expect(id.description == text) }
  }

  /// Two cases in two towns; the later one is resolved.
  private func overruns(_ ledger: TestLedger) async throws -> Projector {
    let leader = try await ledger.leader()
    try await ledger.tell(
      leader,
      [
        .told("A/1", "accepted", "2026-06-01 09:00") {
          $0.region = "469005100"
          $0.serviceWindow = "A03"
        }, .told("B", "accepted", "2026-06-02 09:00") { $0.region = "469006" },
      ], at: local("2026-06-02 09:05"))
    try await ledger.catchUp(leader, now: local("2026-06-09 18:00"))
    return leader
  }

  private func list(
    _ ledger: TestLedger, limit: Int = 100, _ change: @Sendable (inout Alerts.Selection) -> Void = { _ in }
  )
    async throws -> [String]
  {
    var selection = Alerts.Selection()
    selection.commitment = "opening"
    change(&selection)
    let chosen = selection
    return try await ledger.connection.run { session in
      let (alerts, all) = try Alerts.list(chosen, limit: limit, &session)
      #expect(alerts.count == min(limit, Int(all)))
      return alerts.map { "\($0.id)" }
    }
  }

  @Test func worstFirstAndByWhatIsAskedFor() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await overruns(ledger)
      let all = [
        "A/1/opening/1/escalated/1", "B/opening/1/escalated/1", "A/1/opening/1/red/1", "B/opening/1/red/1",
        "A/1/opening/1/yellow/1", "B/opening/1/yellow/1",
      ]
      #expect(try await list(ledger) == all)
      #expect(try await list(ledger, limit: 2) == Array(all.prefix(2)))
      #expect(try await list(ledger) { $0.level = "red" } == [all[2], all[3]])
      #expect(try await list(ledger) { $0.region = "469005" } == [all[0], all[2], all[4]])
      #expect(try await list(ledger) { $0.region = "46900" } == all)
      #expect(try await list(ledger) { $0.caseID = "B" } == [all[1], all[3], all[5]])
      #expect(try await list(ledger) { $0.since = local("2026-06-08 17:31") } == [all[1]])
      #expect(try await list(ledger) { $0.commitment = "one_day" }.count == 4)
      try await ledger.tell(leader, [.told("B", "completed", "2026-06-05 09:00")], at: local("2026-06-09 18:30"))
      // B ended before it was escalated, and is overrun no more.
      #expect(try await list(ledger) == [all[0], all[2], all[4]])
      #expect(try await list(ledger) { $0.all = true } == all)
      let (found, overrun) = try await ledger.connection.run { session -> ([Alerts.Alert], [Int64?]) in
        let ids = ["A/1/opening/1/red/1", "B/opening/1/red/1", "B/opening/1/escalated/1", "C/opening/1/red/1"]
        let found = try Alerts.find(ids.compactMap { AlertID($0) }, &session)
        return (found, found.map { $0.overrun(at: local("2026-06-09 17:30")) })
      }
      #expect(found.map { "\($0.id)" } == ["A/1/opening/1/red/1", "B/opening/1/escalated/1", "B/opening/1/red/1"])
      try #require(found.count == 3)
      let hour: Int64 = 3_600_000_000
      let dues = found.map(\.dueAt)
      #expect(overrun == [local("2026-06-09 17:30") - dues[0], nil, local("2026-06-05 09:00") - dues[2]])
      #expect(overrun[2].map { $0 > 0 && $0 < 24 * hour } ?? false)
      #expect(found[0].region == "469005100")
      #expect(found[0].serviceWindow == "A03")
    }
  }

  @Test func acknowledgedOnceUnlessReplaced() async throws {
    try await TestLedger.with { ledger async throws in
      _ = try await overruns(ledger)
      let id = try #require(AlertID("A/1/opening/1/red/1"))
      func acknowledge(_ by: String, _ reason: String, replacing: Bool = false) async throws -> Int {
        try await ledger.connection.run {
          try Alerts.acknowledge(
            [id, AlertID(caseID: "no", commitment: "opening", round: 1, level: "red", revision: 1)], by: by,
            reason: reason, replacing: replacing, now: TestLedger.now, on: &$0)
        }
      }
      #expect(try await acknowledge("Li", "the system was down") == 1)
      #expect(try await acknowledge("Wang", "no idea") == 0)
      let row = """
        SELECT concat_ws('|', acknowledged_at, acknowledged_by, reason) FROM dashboard.alert
        WHERE acknowledged_at IS NOT NULL
        """
      try await expectRows(ledger.column(row), ["2026-11-23 00:00:00+08|Li|the system was down"])
      #expect(try await acknowledge("Wang", "a storm", replacing: true) == 1)
      try await expectRows(ledger.column(row), ["2026-11-23 00:00:00+08|Wang|a storm"])
      #expect(
        try await list(ledger) {
          $0.unacknowledged = true; $0.caseID = "A/1"
        }
          == ["A/1/opening/1/escalated/1", "A/1/opening/1/yellow/1"])
      let report = try await ledger.connection.run {
        try CaseReport.read("A/1", ledger.rulebook, asOf: TestLedger.now, on: &$0)
      }
      let acknowledged = try #require(report).alerts.compactMap { alert in
        alert.acknowledgedBy.map { "\(alert.id) \($0) \(alert.reason ?? "")" }
      }
      #expect(acknowledged == ["A/1/opening/1/red/1 Wang a storm"])
    }
  }

  /// Withdrawn, raised again, judged by other rules and repaired: who took note of it and why stays.
  @Test func survivesWithdrawalAndRefolding() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await overruns(ledger)
      let id = try #require(AlertID("A/1/opening/1/red/1"))
      let done = try await ledger.connection.run {
        try Alerts.acknowledge(
          [id], by: "Li", reason: "a storm", replacing: false, now: TestLedger.now, on: &$0)
      }
      #expect(done == 1)
      func state() async throws -> [String] {
        try await ledger.column(
          """
          SELECT concat_ws(' ', acknowledged_by, reason, CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn' END,
            CASE WHEN amended_at IS NOT NULL THEN 'amended' END)
          FROM bizclock.alert WHERE case_id = 'A/1' AND commitment = 'opening' AND level = 'red' AND revision = 1
          """)
      }
      let pause = Event.told("A/1", "correction_requested", "2026-06-01 10:00")
      try await ledger.tell(leader, [pause], at: local("2026-06-09 19:00"))
      try await expectRows(state(), ["Li a storm withdrawn"])
      try await ledger.tell(leader, [.void(pause, "2026-06-01 11:00")], at: local("2026-06-09 19:30"))
      try await expectRows(state(), ["Li a storm amended"])
      let outcome = try await ledger.apply(.policy, ledger.rulebook, now: local("2026-06-09 20:00"))
      #expect(outcome.cases == 2)
      try await expectRows(state(), ["Li a storm amended"])
    }
  }
}
