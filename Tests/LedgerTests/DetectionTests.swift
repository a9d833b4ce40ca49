import ServiceTime
import Testing

@testable import Ledger

/// Detection lag tells how quick the timer is; late data do not make it look slow, a busy projector does.
@Suite struct DetectionTests {
  /// Level, when the data came that told of it, and what counts as its lag in milliseconds.
  private func lags(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', level, coalesce(to_char(data_at, 'MM-DD HH24:MI:SS'), '-'),
        (extract(epoch FROM recorded_at - greatest(level_at, data_at)) * 1000)::int)
      FROM bizclock.alert WHERE commitment = 'opening' AND NOT retrospective ORDER BY case_id, level_at
      """)
  }

  private func view(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', to_char(hour, 'MM-DD HH24:MI'), level, alerts, p50_ms::float8, max_ms::float8, by_late_data)
      FROM dashboard.detection_lag ORDER BY hour, level
      """)
  }

  private func status(_ ledger: TestLedger, at now: Instant) async throws -> [Double] {
    let status = try await ledger.connection.run { try ServiceStatus.read(&$0, now: now) }
    return [status?.lag?.p50 ?? -1, status?.lag?.p99 ?? -1]
  }

  @Test func byTheTimer() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 09:05"))
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30") + 3_000)
      try await expectRows(lags(ledger), ["yellow - 3"])
      // Of one_day yellow came earlier in the afternoon (90 % of its office time), red at the close.
      try await ledger.execute("DELETE FROM bizclock.alert WHERE level_at < '2026-06-02 17:30+08'")
      try await expectRows(view(ledger), ["06-02 17:00 red 1 3 3 0", "06-02 17:00 yellow 1 3 3 0"])
      #expect(try await status(ledger, at: local("2026-06-02 18:00")) == [3, 3])
    }
  }

  /// Told while the database was away, and not reached: how long the database was away is no lag.
  @Test func neverReached() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(
        leader, [.told("K1", "accepted", "2026-06-01 09:00"), .told("K1", "completed", "2026-06-01 10:00")],
        at: local("2026-06-01 11:00"))
      let level = WatchedLevel(
        id: AlertID(caseID: "K1", commitment: "opening", round: 1, level: "red", revision: 1), priority: .error,
        dueAt: local("2026-06-03 17:30"), levelAt: local("2026-06-03 17:30"), calendar: "cn")
      let settled = try await ledger.connection.run {
        try UnrecordedAlerts.settle(
          [ToldAlert(level: level, toldAt: local("2026-06-03 17:30"))], now: local("2026-06-03 19:30"), &$0)
      }
      #expect(settled.withdrawn == 1)
      try await expectRows(view(ledger), [])
      #expect(try await status(ledger, at: local("2026-06-03 20:00")) == [-1, -1])
    }
  }

  /// The whole case is told half an hour after its red level, and projected 2 s later.
  @Test func byLateData() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.append(
        [.told("K1", "accepted", "2026-06-01 09:00")], receivedAt: local("2026-06-03 18:00"))
      try await ledger.catchUp(leader, now: local("2026-06-03 18:00") + 2_000_000)
      try await expectRows(lags(ledger), ["red 06-03 18:00:00 2000"])
      try await expectRows(view(ledger), ["06-03 18:00 red 1 2000 2000 1"])
      #expect(try await status(ledger, at: local("2026-06-03 19:00")) == [2_000, 2_000])
    }
  }

  /// The start was known; that the pause had ended is told too late.
  @Test func byALateEndOfAPause() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(
        leader,
        [
          .told("K1", "accepted", "2026-06-01 09:00"), .told("K1", "correction_requested", "2026-06-01 10:00"),
        ], at: local("2026-06-01 10:05"))
      _ = try await ledger.raise(leader, at: local("2026-06-05 08:00"))
      try await ledger.append(
        [.told("K1", "correction_received", "2026-06-01 11:00")], receivedAt: local("2026-06-05 09:00"))
      try await ledger.append([.told("K1", "inspected", "2026-06-05 09:00")], receivedAt: local("2026-06-05 09:01"))
      try await ledger.catchUp(leader, now: local("2026-06-05 09:01") + 50_000)
      try await expectRows(lags(ledger), ["yellow 06-05 09:01:00 50", "red 06-05 09:01:00 50"])
    }
  }

  /// What was foreseen is late if it is raised late, also when an event of the case happens to be what raises it.
  @Test func byABusyProjector() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 09:05"))
      try await ledger.tell(leader, [.told("K1", "inspected", "2026-06-02 17:40")], at: local("2026-06-02 17:45"))
      try await expectRows(lags(ledger), ["yellow - 900000"])
      // Told in time, but projected after the level.
      try await ledger.append(
        [.told("K2", "accepted", "2026-06-01 09:00")], receivedAt: local("2026-06-02 17:00"))
      try await ledger.catchUp(leader, now: local("2026-06-02 17:50"))
      try await expectRows(lags(ledger), ["yellow - 900000", "yellow - 1200000"])
    }
  }

  /// A change of rules tells of levels long past: there was nothing to detect.
  @Test func byAChangeOfRules() async throws {
    let stricter = try ShippedRules.rulebook { policy, _ in
      policy.commitments[0].versions[1].limit = .workingDays(1)
    }
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: local("2026-06-01 09:05"))
      _ = try await ledger.raise(leader, at: local("2026-06-01 18:00"))
      try await ledger.apply(.policy, stricter, now: local("2026-06-02 19:00"))
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', level, data_at = recorded_at) FROM bizclock.alert
          WHERE commitment = 'opening' AND NOT retrospective ORDER BY level_at
          """), ["yellow t", "red t"])
      try await ledger.execute("DELETE FROM bizclock.alert WHERE commitment = 'one_day'")
      try await expectRows(view(ledger), [])
      #expect(try await status(ledger, at: local("2026-06-02 20:00")) == [-1, -1])
    }
  }
}
