import ServiceTime
import Testing

@testable import Ledger

/// What was known of an alert at any past moment, whatever became of it since.
@Suite struct AlertHistoryTests {
  private func yellow(_ ledger: TestLedger, knownAt moment: String) async throws -> String? {
    let report = try await ledger.connection.run {
      try CaseReport.read("K1", ledger.rulebook, asOf: local(moment), knownAt: local(moment), on: &$0)
    }
    func time(_ instant: Instant?) -> String { instant.map { "\($0)".dropFirst(5).prefix(11).description } ?? "-" }
    let alert = report?.alerts.first { $0.commitment == "opening" && $0.level == "yellow" }
    return alert.map {
      "\(time($0.levelAt)) due \(time($0.dueAt)) withdrawn \(time($0.withdrawnAt)) amended \(time($0.amendedAt)) "
        + "resolved \(time($0.resolvedAt)) \($0.changeReason?.rawValue ?? "-")"
    }
  }

  /// Raised on its instant, taken back by what came late, raised anew on another instant, resolved.
  @Test func raisedWithdrawnAndRaisedAnew() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 09:05"))
      try await ledger.catchUp(leader, now: local("2026-06-02 17:30:05"))
      // In the ledger some minutes before it is projected.
      try await ledger.append(
        [.told("K1", "correction_requested", "2026-06-02 10:00")], receivedAt: local("2026-06-02 17:50"))
      try await ledger.catchUp(leader, now: local("2026-06-02 18:00"))
      try await ledger.tell(
        leader, [.told("K1", "correction_received", "2026-06-03 09:00")], at: local("2026-06-03 10:00"))
      try await ledger.catchUp(leader, now: local("2026-06-04 17:30:05"))
      try await ledger.tell(leader, [.told("K1", "completed", "2026-06-05 10:00")], at: local("2026-06-05 11:00"))

      let raised = "06-02T09:30 due 06-03T09:30 withdrawn - amended - resolved - -"
      let withdrawn = "06-02T09:30 due 06-03T09:30 withdrawn 06-02T10:00 amended - resolved - late_data"
      let anew = "06-04T09:30 due 06-05T09:30 withdrawn - amended 06-04T09:30 resolved"
      for (moment, told) in [
        ("2026-06-02 17:29", nil), ("2026-06-02 17:40", raised), ("2026-06-02 17:55", raised),
        ("2026-06-02 18:01", withdrawn), ("2026-06-04 17:29", withdrawn),
        ("2026-06-04 17:31", "\(anew) - late_data"), ("2026-06-05 11:01", "\(anew) 06-05T02:00 late_data"),
      ] as [(String, String?)] {
        #expect(try await yellow(ledger, knownAt: moment) == told, "\(moment)")
      }
      // Two rows of this alert: none for what stayed as it was.
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', level, to_char(known_until, 'MM-DD HH24:MI'), withdrawn_at IS NOT NULL)
          FROM bizclock.alert_history WHERE commitment = 'opening' ORDER BY known_until
          """), ["yellow 06-02 18:00 f", "yellow 06-04 17:30 t"])
    }
  }
}
