import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import Testing

@testable import Daemon

/// A local layer of a calendar counts the cases of its regions, whenever the region becomes known, and no others.
@Suite struct RegionTests {
  /// Tuesday 2026-09-15 is a holiday in Wenchang, whose calendar lies upon that of its province.
  private static let layers = """
        published_until: 2026-12-28
      - { id: hainan, base: cn, regions: ["46"], days: [] }
      - { id: wenchang, base: hainan, regions: ["469005"],
          days: [{ date: 2026-09-15, kind: holiday, name: 军坡节 }] }
    """

  private static func with(_ body: @Sendable (EmbeddedDaemon) async throws -> Void) async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      try await PolicyChange.apply(
        [.policy, .calendar], to: conninfo, at: "2026-09-14T07:00:00+08:00",
        replacing: "    published_until: 2026-12-28", with: layers)
      let office = try await DaemonTestBase.daemon(conninfo, spool, at: DaemonTestBase.start)
      do { try await body(office) } catch {
        await office.stop()
        throw error
      }
      await office.stop()
    }
  }

  private func clocks(_ office: EmbeddedDaemon) async throws -> [[String]] {
    try await office.query(
      """
      SELECT case_id, calendar, to_char(due_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI')
      FROM dashboard.clock WHERE commitment = 'opening' ORDER BY case_id
      """)
  }

  private func accepted(_ caseID: String, _ region: String?, _ at: String = "2026-09-14T07:59:00+08:00") -> String {
    DaemonTestBase.event(caseID, "accepted", at, more: region.map { ",\"region\":\"\($0)\"" } ?? "")
  }

  @Test func aLayersHolidayCountsForItsRegionsAlone() async throws {
    try await RegionTests.with { office in
      try office.put(
        "1.ndjson",
        [
          accepted("C0", nil), accepted("C1", "469005100"), accepted("C2", "469005"), accepted("C3", "469006"),
          accepted("C4", "4690"), accepted("C5", "110101"),
        ])
      try await office.projected(through: 6)
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(
        try await clocks(office) == [
          ["C0", "cn", "09-16 17:30"], ["C1", "wenchang", "09-17 17:30"],
          ["C2", "wenchang", "09-17 17:30"], ["C3", "hainan", "09-16 17:30"],
          ["C4", "hainan", "09-16 17:30"], ["C5", "cn", "09-16 17:30"],
        ])
      let red = office.alerts().filter { $0.contains("/opening/1/red/") }
      #expect(
        Set(red) == ["C0/opening/1/red/1", "C3/opening/1/red/1", "C4/opening/1/red/1", "C5/opening/1/red/1"])
      // The view's measures at now are by the clock's own calendar.
      #expect(
        try await TestQuery.rows(
          office.conninfo + " options='-c bizclock.now=2026-09-16T18:00:00+08:00'",
          """
          SELECT case_id, ((working_seconds / 3600)::numeric(4, 1))::text, counted_days::text,
            coalesce(overdue_working_days::text, '–')
          FROM dashboard.open_clock WHERE commitment = 'opening' AND case_id IN ('C1', 'C5') ORDER BY case_id
          """) == [["C1", "13.0", "1", "–"], ["C5", "19.5", "2", "0"]])
      try await office.advance(to: "2026-09-17T17:30:00+08:00")
      #expect(Set(office.alerts()).isSuperset(of: ["C1/opening/1/red/1", "C2/opening/1/red/1"]))
      try await verified(office)
      // Explained by the calendar that counts it.
      let folder = try OfficeFolder(conninfo: office.conninfo)
      defer { folder.remove() }
      let explained = try await ProgramRun.finished(["--config", folder.path + "/bizclock.yaml", "explain", "C1"])
      #expect(explained.output.contains("in force from 2019-01-01, calendar wenchang"), "\(explained.output)")
      #expect(explained.output.contains("2026-09-15  tue       –  holiday: 军坡节 (calendar wenchang)"))
    }
  }

  /// Told after the start: the clock moves to its layer, and alerts with it. And back.
  @Test func aRegionThatComesLateMovesTheClock() async throws {
    try await RegionTests.with { office in
      try office.put("1.ndjson", [accepted("C1", nil), accepted("C2", "469005100")])
      try await office.projected(through: 2)
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(office.alerts().contains("C1/opening/1/red/1"))
      #expect(office.alerts().contains("C2/opening/1/yellow/1"))
      #expect(!office.alerts().contains("C2/opening/1/red/1"))
      func region(_ caseID: String, _ region: String, _ at: String) -> String {
        DaemonTestBase.event(caseID, "step_started", at, more: ",\"region\":\"\(region)\"")
      }
      try office.put(
        "2.ndjson",
        [
          region("C1", "469005100", "2026-09-16T11:00:00+08:00"),
          region("C2", "110101", "2026-09-16T11:00:00+08:00"),
        ])
      try await office.projected(through: 4)
      try await office.settled(at: office.clock.now())
      #expect(
        try await clocks(office) == [
          ["C1", "wenchang", "09-17 17:30"], ["C2", "cn", "09-16 17:30"],
        ])
      // C1: due later, its yellow reached a day later; C2 the other way round.
      #expect(office.alerts(.alertWithdrawn) == ["C1/opening/1/red/1"])
      #expect(office.alerts(.alertAmended).contains("C1/opening/1/yellow/1"))
      #expect(office.alerts(.alertAmended).contains("C2/opening/1/yellow/1"))
      #expect(office.alerts().contains("C2/opening/1/red/1"))
      let yellow = try await office.query(
        """
        SELECT case_id, to_char(level_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD HH24:MI'), change_reason
        FROM dashboard.alert WHERE commitment = 'opening' AND level = 'yellow' ORDER BY case_id
        """)
      #expect(yellow == [["C1", "09-16 17:30", "late_data"], ["C2", "09-15 17:30", "late_data"]])
      try await office.advance(to: "2026-09-17T17:30:00+08:00")
      // Told again under its id.
      #expect(office.alerts().count { $0 == "C1/opening/1/red/1" } == 2)
      try await verified(office)
    }
  }

  /// A closure of a layer pauses the clocks of its regions and leaves the others alone; one of the base pauses all.
  @Test func aLayersClosureTouchesNoOtherRegion() async throws {
    try await RegionTests.with { office in
      try office.put(
        "1.ndjson", [accepted("C1", "469005100"), accepted("C3", "469006"), accepted("C5", nil)])
      try await office.projected(through: 3)
      try await office.advance(to: "2026-09-16T09:00:00+08:00")
      let before = try await office.query(
        "SELECT xmin::text, case_id FROM bizclock.clock WHERE calendar <> 'wenchang'")
      try await close(office, "wenchang", from: "2026-09-16T09:00:00+08:00")
      let states = "SELECT case_id, state FROM dashboard.clock WHERE commitment = 'opening' ORDER BY case_id"
      #expect(try await office.query(states) == [["C1", "paused"], ["C3", "running"], ["C5", "running"]])
      #expect(
        try await office.query("SELECT xmin::text, case_id FROM bizclock.clock WHERE calendar <> 'wenchang'")
          == before)
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(office.alerts().contains("C3/opening/1/red/1"))
      #expect(office.alerts().contains("C5/opening/1/red/1"))
      try await close(office, "cn", from: "2026-09-17T09:00:00+08:00")
      #expect(try await office.query(states) == [["C1", "paused"], ["C3", "running"], ["C5", "running"]])
      try await office.advance(to: "2026-09-17T09:00:00+08:00")
      #expect(try await office.query(states) == [["C1", "paused"], ["C3", "paused"], ["C5", "paused"]])
      try await verified(office)
    }
  }

  private func close(_ office: EmbeddedDaemon, _ calendar: String, from: String) async throws {
    let (from, now) = (Instant(rfc3339: from) ?? .earliest, office.clock.now())
    let connection = try await Connection.connect(office.conninfo)
    _ = try await connection.run { session in
      let desk = try ClosureDesk(&session)
      return try desk.apply(
        try desk.begin(calendar: calendar, name: "台风停工", from: from, to: nil), by: "test", reason: "typhoon",
        retrospectiveAfter: 86_400_000_000, now: now, on: &session)
    }
    await connection.close()
  }

  private func verified(_ office: EmbeddedDaemon) async throws {
    let connection = try await Connection.connect(office.conninfo)
    let report = try await connection.run { session in
      let rulebook = try #require(try RuleLoader.load(&session)?.1)
      return try Verifier.verify(rulebook, on: &session)
    }
    await connection.close()
    #expect(report.differences == [])
  }
}
