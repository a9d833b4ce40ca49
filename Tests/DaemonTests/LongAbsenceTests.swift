import Foundation
import Journal
import LibPQ
import ServiceTime
import Settings
import Simulator
import TestSupport
import Testing

@testable import Daemon

/// Guarantees 6 and 8 over long times: a week of holidays without a daemon, and ten years of history at once.
@Suite struct LongAbsenceTests {
  /// From the evening before the National Day holidays until the evening of the day on which everything was due: what
  /// was reached meanwhile is recorded with its true instant and paged once, whether its clock runs on or ended.
  @Test func aWeekOfHolidays() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let before = try await DaemonTestBase.daemon(conninfo, spool, at: "2026-09-30T08:00:00+08:00")
      try before.put(
        "1.ndjson",
        [
          // Due on Thursday 10-08 at the close, and on Friday 10-09.
          accepted("C1", "2026-09-29T10:00:00+08:00"), accepted("C2", "2026-09-30T07:50:00+08:00"),
          accepted("C3", "2026-09-29T11:00:00+08:00"), accepted("C4", "2026-09-29T12:00:00+08:00"),
          DaemonTestBase.event("C4", "suspended", "2026-09-29T14:40:00+08:00"),
          DaemonTestBase.event(
            "D1", "notice_published", "2026-09-24T10:00:00+08:00", process: "deregistration"),
        ])
      try await before.projected(through: 6)
      try await before.advance(to: "2026-09-30T20:00:00+08:00")
      let known = Set(before.alerts())
      await before.stop()
      #expect(known.contains("C1/opening/1/yellow/1"))
      #expect(!known.contains { $0.contains("/red/") && $0.contains("opening") })

      // C3 was finished late while nobody looked, C4's pause ended; both are told when the daemon is back.
      try before.put(
        "2.ndjson",
        [
          DaemonTestBase.event("C3", "completed", "2026-10-09T09:00:00+08:00"),
          DaemonTestBase.event("C4", "resumed", "2026-09-29T15:00:00+08:00"),
        ])
      let after = try await DaemonTestBase.daemon(conninfo, spool, at: "2026-10-09T20:00:00+08:00")
      try await after.projected(through: 8)
      try await after.settled(at: after.clock.now())
      let paged = after.alerts()
      #expect(paged.count == Set(paged).count)
      #expect(known.isDisjoint(with: paged))
      #expect(after.lines(.alertSummary).isEmpty)
      #expect(
        Set(paged) == [
          "C1/opening/1/red/1", "C2/opening/1/yellow/1", "C2/opening/1/red/1", "C2/one_day/1/yellow/1",
          "C2/one_day/1/red/1", "C3/opening/1/red/1", "C4/opening/1/yellow/1", "C4/opening/1/red/1",
          "C4/one_day/1/yellow/1", "C4/one_day/1/red/1", "D1/dereg_notice/1/yellow/1", "D1/dereg_notice/1/red/1",
        ])
      #expect(after.alerts(.alertResolved).contains("C3/opening/1/red/1"))
      let rows = try await after.query(
        """
        SELECT alert_id, to_char(level_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'),
          to_char(recorded_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), retrospective::text,
          (resolved_at IS NOT NULL)::text
        FROM dashboard.alert WHERE level = 'red' AND commitment <> 'one_day' ORDER BY alert_id
        """)
      #expect(
        rows == [
          ["C1/opening/1/red/1", "10-08 17:30", "10-09 20:00", "false", "false"],
          ["C2/opening/1/red/1", "10-09 17:30", "10-09 20:00", "false", "false"],
          ["C3/opening/1/red/1", "10-08 17:30", "10-09 20:00", "false", "true"],
          ["C4/opening/1/red/1", "10-08 17:30", "10-09 20:00", "false", "false"],
          ["D1/dereg_notice/1/red/1", "10-02 08:00", "10-09 20:00", "false", "false"],
        ])
      await after.stop()

      // Once more: nothing is told again.
      let again = try await DaemonTestBase.daemon(conninfo, spool, at: "2026-10-09T21:00:00+08:00")
      try await again.settled(at: again.clock.now())
      #expect(again.alerts().isEmpty && again.alerts(.alertResolved).isEmpty && again.lines(.alertSummary).isEmpty)
      #expect(
        try await again.query("SELECT count(*)::text FROM dashboard.alert WHERE logged_at IS NULL") == [["0"]])
      await again.stop()
    }
  }

  /// Ten years at once page nobody, however many files they come in; one line tells of them. A load that is repeated
  /// tells nothing, another one tells once. Then a live case's breach is paged as ever.
  @Test func tenYearsOfHistory() async throws {
    let (one, two) = (try LongAbsenceTests.history(seed: 11), try LongAbsenceTests.history(seed: 12))
    try await DaemonTestBase.withDaemon { office in
      var loaded = 0
      func load(_ events: [String], parts: Int, _ name: String) async throws {
        for part in 0..<parts {
          let lines = events[(part * events.count / parts)..<((part + 1) * events.count / parts)]
          try office.put("\(name)-\(part).ndjson", Array(lines))
        }
      }
      try await load(one, parts: 4, "one")
      loaded += one.count
      try await office.projected(through: Int64(loaded))
      try await summaries(office, 1)
      let recorded = try await office.query(
        """
        SELECT count(*)::text, bool_and(retrospective)::text, bool_and(logged_at IS NULL)::text,
          (count(DISTINCT date_trunc('year', level_at)) >= 10)::text FROM dashboard.alert
        """)
      let count = try #require(recorded.first?.first)
      #expect(recorded == [[count, "true", "true", "true"]])
      #expect(office.lines(.alertSummary).first?["retrospective"] == .integer(Int64(count) ?? -1))
      #expect((Int(count) ?? 0) > 100)

      try await load(one, parts: 1, "again")
      try office.put("live.ndjson", [accepted("L1", "2026-09-14T07:59:00+08:00")])
      loaded += 1
      try await office.projected(through: Int64(loaded))
      try await office.advance(to: "2026-09-15T16:00:00+08:00")
      #expect(office.alerts().isEmpty && office.lines(.alertSummary).count == 1)

      try await load(two, parts: 2, "two")
      loaded += two.count
      try await office.projected(through: Int64(loaded))
      try await summaries(office, 2)
      #expect(office.alerts().isEmpty)
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(
        office.alerts().sorted() == [
          "L1/one_day/1/red/1", "L1/one_day/1/yellow/1", "L1/opening/1/red/1", "L1/opening/1/yellow/1",
        ])
      #expect(office.lines(.alertSummary).count == 2)
      #expect(office.alerts(.alertResolved).isEmpty)
    }
  }

  /// Long after the level: what counts is when the start became known, not when the truth did.
  @Test func aLateFileOfAKnownCasePages() async throws {
    try await DaemonTestBase.withDaemon(at: "2026-09-30T16:00:00+08:00") { office in
      try office.put(
        "1.ndjson",
        [
          accepted("C1", "2026-09-30T10:00:00+08:00"),
          DaemonTestBase.event("C1", "correction_requested", "2026-09-30T11:00:00+08:00"),
        ])
      try await office.projected(through: 2)
      try await office.advance(to: "2026-10-12T09:00:00+08:00")
      #expect(office.alerts().isEmpty)
      // Received on the same day: the limit ran on, and out on 10-09. Nobody knew of C2 at all.
      try office.put(
        "2.ndjson",
        [
          DaemonTestBase.event("C1", "correction_received", "2026-09-30T15:00:00+08:00"),
          accepted("C2", "2026-09-30T10:00:00+08:00"),
        ])
      try await office.projected(through: 4)
      try await office.settled(at: office.clock.now())
      #expect(
        office.alerts().sorted() == [
          "C1/one_day/1/red/1", "C1/one_day/1/yellow/1", "C1/opening/1/red/1", "C1/opening/1/yellow/1",
        ])
      try await summaries(office, 1)
      #expect(office.lines(.alertSummary).first?["retrospective"] == .integer(4))
      let rows = try await office.query(
        """
        SELECT case_id, to_char(level_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), retrospective::text
        FROM dashboard.alert WHERE level = 'red' AND commitment = 'opening' ORDER BY case_id
        """)
      #expect(rows == [["C1", "10-09 17:30", "false"], ["C2", "10-09 17:30", "true"]])
      // What C2 reaches from now on is no history.
      try await office.advance(to: "2026-10-13T17:30:00+08:00")
      #expect(office.alerts().contains("C2/opening/1/escalated/1"))
    }
  }

  // MARK: - Parts

  private func accepted(_ caseID: String, _ at: String) -> String { DaemonTestBase.event(caseID, "accepted", at) }

  /// Waits for so many summaries.
  private func summaries(_ office: EmbeddedDaemon, _ count: Int) async throws {
    let log = office.log
    try await TestDeadline.within(TestDeadline.patience, "\(count) summaries") {
      var left = count
      for await record in log.stream() where record.event == .alertSummary {
        left -= 1
        if left == 0 { return }
      }
    }
  }

  /// Ten years of a small town's cases, up to two weeks before the daemon's start; nothing of them is still to be
  /// reached then.
  private static func history(seed: UInt64) throws -> [String] {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rulebook = try RuleLoader.compile(draft.policy, draft.calendars)
    let calendar = try #require(rulebook.mainCalendar(process: "opening"))
    let (first, last) = (CivilDate(year: 2016, month: 9, day: 1), CivilDate(year: 2026, month: 8, day: 31))
    let simulator = Simulator(seed: seed, cases: 300, from: first, to: last, calendar: calendar)
    var delivery = Delivery(simulator, zone: calendar.zone, seed: seed)
    var bytes: [UInt8] = []
    while let chunk = delivery.next() { bytes += chunk.bytes }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
