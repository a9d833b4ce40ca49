import Journal
import ServiceTime
import Testing

@testable import Daemon

/// The main job, end to end: events into the spool, overruns into the log on their instant, verdicts in SQL.
@Suite struct OverrunTests {
  /// Accepted on Monday, due on Wednesday at the close.
  @Test func anOverrunIsRaisedOnItsInstantAndOnce() async throws {
    try await DaemonTestBase.withDaemon { office in
      try office.put(
        "1.ndjson",
        [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00", more: #","region":"469005100""#)])
      try await office.projected(through: 1)
      // Not by polling: the timer is set to the midnight at which shares are looked at, then to the very instant of
      // the next level.
      #expect(office.clock.armed == Instant(rfc3339: "2026-09-15T00:00:00+08:00"))
      try await office.advance(to: "2026-09-15T00:00:00+08:00")
      #expect(office.clock.armed == Instant(rfc3339: "2026-09-15T16:12:00+08:00"))
      try await office.advance(to: "2026-09-15T17:29:59.999999+08:00")
      // The licence of one day: 90 % of the office time, on Tuesday at 16:12.
      #expect(office.alerts() == ["C1/one_day/1/yellow/1"])
      try await office.advance(to: "2026-09-15T17:30:00+08:00")
      #expect(Set(office.alerts().dropFirst()) == ["C1/one_day/1/red/1", "C1/opening/1/yellow/1"])
      try await office.advance(to: "2026-09-16T17:29:59.999999+08:00")
      #expect(!office.alerts().contains("C1/opening/1/red/1"))
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      let red = office.lines(.alertRaised).first { $0["alert_id"] == .text("C1/opening/1/red/1") }
      #expect(red?.priority == .error)
      #expect(
        red?.message == "Case C1: Business opening overran its limit, due 2026-09-16T17:30:00+08:00 (level red).")
      #expect(red?["due_at"] == .text("2026-09-16T17:30:00+08:00"))
      #expect(red?["level_at"] == .text("2026-09-16T17:30:00+08:00"))
      #expect(red?["region"] == .text("469005100"))
      #expect(red?["message_zh"] == .text("办件C1：企业开办超期，应于2026-09-16T17:30:00+08:00前办结（red）。"))

      try office.put("2.ndjson", [DaemonTestBase.event("C1", "completed", "2026-09-16T17:30:00.000001+08:00")])
      try await office.advance(to: "2026-09-16T17:31:00+08:00")
      try await office.projected(through: 2)
      #expect(office.alerts(.alertResolved).contains("C1/opening/1/red/1"))
      #expect(office.alerts().count == Set(office.alerts()).count)
      let clock = try await office.query(
        "SELECT verdict, overrun_seconds::text, overrun_days::text FROM dashboard.clock WHERE commitment = 'opening'"
      )
      #expect(clock == [["late", "0.000001", "0"]])
      let logged = try await office.query(
        "SELECT count(*)::text FROM dashboard.alert WHERE logged_at IS NULL OR level_at > recorded_at")
      #expect(logged == [["0"]])
    }
  }

  /// Equality is on time.
  @Test func aStopAtTheDueInstantIsOnTime() async throws {
    try await DaemonTestBase.withDaemon { office in
      try office.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00")])
      try await office.projected(through: 1)
      try await office.advance(to: "2026-09-16T17:29:00+08:00")
      try office.put("2.ndjson", [DaemonTestBase.event("C1", "completed", "2026-09-16T17:30:00+08:00")])
      try await office.projected(through: 2)
      try await office.advance(to: "2026-09-17T17:30:00+08:00")
      #expect(!office.alerts().contains("C1/opening/1/red/1"))
      let verdicts = try await office.query("SELECT verdict FROM dashboard.clock WHERE commitment = 'opening'")
      #expect(verdicts == [["on_time"]])
    }
  }

  /// A completion that arrives late takes the alert back, with the reason; a void raises it again.
  @Test func lateTruthIsTold() async throws {
    try await DaemonTestBase.withDaemon { office in
      try office.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00")])
      try await office.projected(through: 1)
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(office.alerts().contains("C1/opening/1/red/1"))
      try office.put(
        "2.ndjson", [DaemonTestBase.event("C1", "completed", "2026-09-16T11:00:00+08:00", id: "late")])
      try await office.projected(through: 2)
      try await office.advance(to: "2026-09-16T18:00:00+08:00")
      #expect(office.alerts(.alertWithdrawn) == ["C1/opening/1/red/1"])
      #expect(office.lines(.alertWithdrawn).first?["reason"] == .text("late_data"))
      let withdrawn = try await office.query(
        "SELECT level, change_reason FROM dashboard.alert WHERE withdrawn_at IS NOT NULL")
      #expect(withdrawn == [["red", "late_data"]])

      let void = DaemonTestBase.event(
        "C1", "voided", "2026-09-16T12:00:00+08:00", process: nil, more: #","voids":"late""#)
      try office.put("3.ndjson", [void])
      try await office.projected(through: 3)
      try await office.advance(to: "2026-09-16T18:01:00+08:00")
      // Told anew under the same id: whoever heard that it was withdrawn must hear this.
      #expect(office.alerts().count { $0 == "C1/opening/1/red/1" } == 2)
      let standing = try await office.query(
        "SELECT count(*)::text FROM dashboard.alert WHERE level = 'red' AND commitment = 'opening' AND withdrawn_at IS NULL"
      )
      #expect(standing == [["1"]])
      let history = try await office.query(
        "SELECT verdict, reason FROM bizclock.verdict_history WHERE commitment = 'opening'")
      #expect(history == [["on_time", "voided"]])
    }
  }

  /// A notice taken down on the day before its last is a breach too.
  @Test func aNoticeEndedEarlyIsPremature() async throws {
    try await DaemonTestBase.withDaemon { office in
      let published = DaemonTestBase.event(
        "D1", "notice_published", "2026-09-14T07:59:00+08:00", process: "deregistration")
      try office.put("1.ndjson", [published])
      try await office.projected(through: 1)
      try await office.advance(to: "2026-09-20T20:00:00+08:00")
      try office.put(
        "2.ndjson",
        [
          DaemonTestBase.event("D1", "notice_ended", "2026-09-20T12:00:00+08:00", process: nil),
          DaemonTestBase.event("D2", "notice_published", "2026-09-14T09:00:00+08:00", process: "deregistration"),
          DaemonTestBase.event(
            "D2", "notice_ended", "2026-09-20T12:00:00+08:00", process: nil,
            more: #","entity_type":"individual""#),
        ])
      try await office.projected(through: 4)
      let clocks = try await office.query("SELECT case_id, verdict, counted_days::text FROM dashboard.clock")
      #expect(clocks == [["D1", "premature", "6"]])
    }
  }

  /// What cannot be read goes to quarantine, whole; the rest of the file goes on, and the file is moved.
  @Test func badLinesGoToQuarantineAndTheRestGoesOn() async throws {
    try await DaemonTestBase.withDaemon { office in
      try office.put(
        "bad.ndjson",
        [
          DaemonTestBase.event("C1", "accepted", "2026-09-14T07:58:00+08:00"),
          "{\"case_id\":",
          DaemonTestBase.event("C2", "accepted", "2026-09-14T07:59:00+08:00", process: "opera"),
          DaemonTestBase.event("C3", "accepted", "2026-09-14T07:59:30+08:00"),
          DaemonTestBase.event(
            "C1", "accepted", "2026-09-14T07:57:00+08:00", id: "C1-accepted-2026-09-14T07:58:00+08:00"),
          DaemonTestBase.event("C4", "accepted", "2026-09-14T08:05:00.000001+08:00"),
        ])
      try await office.projected(through: 2)
      try await office.logged(.quarantineGrowing)
      let entries = try await office.query(
        "SELECT code, line::text, feed, origin, convert_from(bytes, 'UTF8') FROM bizclock.quarantine ORDER BY line")
      #expect(entries.map { $0[0] } == ["bad_json", "unknown_process", "conflict", "future_time"])
      #expect(entries.map { $0[1] } == ["2", "3", "5", "6"])
      #expect(entries.allSatisfy { $0[2] == "office" && $0[3] == "bad.ndjson" })
      #expect(entries[0][4] == "{\"case_id\":")
      #expect(office.lines(.quarantineGrowing).first?["quarantined"] == .integer(4))
    }
  }
}
