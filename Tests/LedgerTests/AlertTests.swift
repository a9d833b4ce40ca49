import ServiceTime
import Testing

@testable import Ledger

/// Alerts follow the truth: withdrawn, amended, raised again, reached again; one row whatever happens.
@Suite struct AlertTests {
  private static let accepted = Event.told("K1", "accepted", "2026-06-01 09:00")
  private static let morning = local("2026-06-01 09:05")
  /// A correction over Tuesday and Wednesday: the levels move two days.
  private static let requested = Event.told("K1", "correction_requested", "2026-06-02 10:00")
  private static let received = Event.told("K1", "correction_received", "2026-06-03 10:00")

  @Test func withdrawnAndRaisedAgain() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [AlertTests.accepted], at: AlertTests.morning)
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30"])

      // It was paused all along.
      try await ledger.tell(leader, [AlertTests.requested], at: local("2026-06-02 18:00"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30 withdrawn late_data"])
      #expect(try await ledger.raise(leader, at: local("2026-06-02 18:00")).next == nil)
      try await ledger.tell(leader, [AlertTests.received], at: local("2026-06-03 10:01"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30 withdrawn late_data"])

      // On its instant, after that of one_day, it is raised again: the same alert, and it pages.
      #expect(try await ledger.raise(leader, at: local("2026-06-04 17:29")).raised == 1)
      #expect(try await ledger.raise(leader, at: local("2026-06-04 17:30")).raised == 2)
      try await expectRows(ledger.alerts(), ["yellow 1 06-04 17:30 amended late_data"])
      try await expectRows(ledger.lines(), ["raised yellow 1", "withdrawn yellow 1", "raised yellow 1"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// The same while nobody raised levels: it pages all the same.
  @Test func raisedAgainByLateData() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [AlertTests.accepted], at: AlertTests.morning)
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30"))
      try await ledger.tell(leader, [AlertTests.requested], at: local("2026-06-02 18:00"))
      try await ledger.tell(
        leader, [AlertTests.received, .told("K1", "completed", "2026-06-05 09:00")], at: local("2026-06-05 09:01"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-04 17:30 resolved amended late_data"])
      try await expectRows(
        ledger.lines(),
        ["raised yellow 1", "withdrawn yellow 1", "raised yellow 1", "resolved yellow 1"])
      try await expectRows(
        ledger.column("SELECT count(*)::text FROM bizclock.alert WHERE commitment = 'opening'"), ["1"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Reached, but at another instant: told as amended, with the reason, and once.
  @Test func amended() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [AlertTests.accepted], at: AlertTests.morning)
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30"))
      try await ledger.tell(leader, [AlertTests.requested, AlertTests.received], at: local("2026-06-05 09:00"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-04 17:30 amended late_data"])
      try await ledger.tell(leader, [.told("K1", "inspected", "2026-06-01 11:00")], at: local("2026-06-05 10:00"))
      try await expectRows(ledger.lines(), ["raised yellow 1", "amended yellow 1"])
      // Taken back by a void: amended once more, for the reason that it was voided.
      try await ledger.tell(
        leader, [.void(AlertTests.requested, "2026-06-05 11:00")], at: local("2026-06-05 11:01"))
      try await expectRows(
        ledger.alerts(), ["yellow 1 06-02 17:30 amended voided", "red 1 06-03 17:30"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// A reopened clock reaches its levels again, as the next revision; a void of the reopening takes that back.
  @Test func revisions() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      let reopened = Event.told("K1", "reopened", "2026-06-04 09:00")
      try await ledger.tell(leader, [AlertTests.accepted], at: AlertTests.morning)
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30"))
      try await ledger.tell(leader, [.told("K1", "completed", "2026-06-03 10:00")], at: local("2026-06-03 10:00"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30 resolved"])
      // Stop to reopening is a pause: the second day is Friday.
      try await ledger.tell(leader, [reopened], at: local("2026-06-04 09:00"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30"])
      #expect(try await ledger.raise(leader, at: local("2026-06-04 09:00")).next != nil)
      _ = try await ledger.raise(leader, at: local("2026-06-05 17:30"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30", "red 1 06-05 17:30"])
      // Extended before it was due, and paused after: the red card is to come, the yellow one came again.
      try await ledger.tell(
        leader,
        [
          .told("K1", "suspended", "2026-06-08 09:00"), .told("K1", "resumed", "2026-06-09 09:00"),
          .told("K1", "extended", "2026-06-05 17:00") { $0.extendDays = 1 },
        ], at: local("2026-06-09 09:00"))
      try await expectRows(
        ledger.alerts(), ["yellow 1 06-02 17:30", "red 1 06-05 17:30 withdrawn late_data", "yellow 2 06-05 17:30"])
      _ = try await ledger.raise(leader, at: local("2026-06-10 17:30"))
      #expect(try await ledger.verify().differenceCount == 0)
      try await ledger.tell(leader, [.void(reopened, "2026-06-11 09:00")], at: local("2026-06-11 09:00"))
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', level, revision) FROM bizclock.alert WHERE withdrawn_at IS NULL AND commitment = 'opening'"
        ),
        ["yellow 1"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// A clock that never was takes its alerts back.
  @Test func ofAVanishedClock() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [AlertTests.accepted], at: local("2026-06-03 18:00"))
      try await ledger.tell(
        leader, [.void(AlertTests.accepted, "2026-06-03 18:10")], at: local("2026-06-03 18:11"))
      try await expectRows(
        ledger.alerts(),
        ["yellow 1 06-02 17:30 withdrawn retrospective voided", "red 1 06-03 17:30 withdrawn voided"])
      try await expectRows(
        ledger.lines(), ["raised red 1", #"summary {"retrospective": 3}"#, "withdrawn red 1"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Down when it began and ended: recorded with its true instant and the time of detection, and paged.
  @Test func beganAndEndedWhileDown() async throws {
    try await TestLedger.with { ledger async throws in
      let first = try await ledger.leader()
      try await ledger.tell(first, [AlertTests.accepted], at: AlertTests.morning)
      let second = try await ledger.leader()
      try await ledger.append([.told("K1", "completed", "2026-06-04 10:00")], receivedAt: local("2026-06-04 10:01"))
      try await ledger.catchUp(second, now: local("2026-06-20 08:00"))
      try await expectRows(ledger.alerts(), ["yellow 1 06-02 17:30 resolved", "red 1 06-03 17:30 resolved"])
      try await expectRows(
        ledger.column("SELECT DISTINCT to_char(recorded_at, 'MM-DD HH24:MI') FROM bizclock.alert"),
        ["06-20 08:00"])
      try await expectRows(
        ledger.lines(), ["raised yellow 1", "resolved yellow 1", "raised red 1", "resolved red 1"])
    }
  }

  /// What was noted by hand stays whatever becomes of the alert.
  @Test func acknowledgementsStay() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [AlertTests.accepted], at: local("2026-06-03 18:00"))
      try await ledger.execute(
        "UPDATE bizclock.alert SET acknowledged_at = now(), acknowledged_by = 'me', reason = 'because', logged_at = now()"
      )
      try await ledger.tell(leader, [AlertTests.requested], at: local("2026-06-03 18:10"))
      try await ledger.tell(leader, [AlertTests.received], at: local("2026-06-08 18:10"))
      try await expectRows(
        ledger.column(
          """
          SELECT DISTINCT concat_ws(' ', acknowledged_by, reason, acknowledged_at IS NULL, logged_at IS NULL)
          FROM bizclock.alert
          """), ["me because f f"])
    }
  }
}
