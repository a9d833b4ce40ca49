import Foundation
import Ledger
import LibPQ
import ServiceTime
import Settings
import Testing

@testable import Daemon

/// The shipped example of an exchange database, the whole way to verdicts.
@Suite struct ExchangeExampleTests {
  private static let verdicts = """
    SELECT case_id, commitment, coalesce(verdict, state), coalesce(counted_days::text, '-')
    FROM dashboard.clock ORDER BY 1, 2
    """

  @Test func itsVerdicts() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(try ExchangeDesk.text("data.sql"))
      try await desk.read()
      try await desk.project()
      #expect(try await desk.rows("SELECT count(*)::text FROM bizclock.quarantine") == [["0"]])
      let expected = [
        ["KB20260901-0001", "one_day", "on_time"], ["KB20260901-0001", "opening", "on_time"],
        ["KB20260901-0002", "one_day", "late"], ["KB20260901-0002", "opening", "late"],
        // Accepted on Wednesday 2nd, 3 days more: 1 is Tuesday 8th, and 2 Wednesday 9th.
        ["KB20260902-0003", "one_day", "late"], ["KB20260902-0003", "opening", "on_time"],
        // Suspended from Thursday 3rd to Tuesday 8th: Wednesday 9th is the first counted day.
        ["KB20260902-0004", "one_day", "on_time"], ["KB20260902-0004", "opening", "on_time"],
        // Corrected from Thursday to Friday: Monday 7th is the first.
        ["KB20260903-0005", "one_day", "on_time"], ["KB20260903-0005", "opening", "on_time"],
        // Neither the step nor the inspection has ended, for their times are equal.
        ["KB20260903-0006", "one_day", "paused"], ["KB20260903-0006", "opening", "paused"],
        ["ZX20260901-0007", "dereg_notice", "on_time"],
      ]
      #expect(try await desk.rows(Self.verdicts).map { Array($0.prefix(3)) } == expected)
      // Names of natural persons are hidden, numbers of identity cards were never read.
      #expect(
        try await desk.rows("SELECT entity_type, uscc FROM bizclock.event WHERE entity_name LIKE '王%' LIMIT 1")
          == [["individual", "null"]])

      // The inspection ends, its row is rewritten; the late case's licence was entered wrongly; the upstream purges.
      let now = ExchangeReaderTests.now
      try await desk.upstream(
        """
        UPDATE up_pro_special_procedure SET end_time = '2026-09-07 09:00', cd_operation = 'U', cd_time = \(now)
          WHERE row_guid = 's6';
        UPDATE up_pro_process SET event_end_time = '2026-09-08 10:00', cd_operation = 'U', cd_time = \(now)
          WHERE row_guid = 'p6';
        UPDATE up_pro_process SET event_end_time = '2026-09-02 10:45', cd_operation = 'U', cd_time = \(now)
          WHERE row_guid = 'p3';
        UPDATE up_pro_result SET result_date = '2026-09-03 09:15', cd_operation = 'U', cd_time = \(now)
          WHERE row_guid = 'r2';
        DELETE FROM up_pro_accept WHERE project_no LIKE 'ZX%';
        DELETE FROM up_pro_process WHERE project_no LIKE 'ZX%'
        """)
      for _ in 1...2 { try await desk.read() }
      try await desk.project()
      let after = try await desk.rows(Self.verdicts)
      #expect(after.filter { $0[0] == "KB20260901-0002" }.map { $0[2] } == ["on_time", "on_time"])
      #expect(after.filter { $0[0] == "KB20260903-0006" }.map { $0[2] } == ["on_time", "running"])
      #expect(after.filter { $0[0] == "ZX20260901-0007" }.map { $0[2] } == ["on_time"])
      let installation = Installation(
        configuration: Configuration(database: .conninfo(desk.conninfo)),
        database: DatabaseSource(conninfo: desk.conninfo), cluster: nil)
      let rulebook = try await installation.rulebook()
      let connection = try await Connection.connect(desk.conninfo)
      let report = try await connection.run { try Verifier.verify(rulebook, on: &$0) }
      await connection.close()
      #expect(report.differences == [])
    }
  }

  /// Extensions whose days no column tells are counted by the calendar.
  @Test func daysOfAnExtension() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(try ExchangeDesk.text("data.sql"))
      try await desk.upstream("ALTER TABLE up_pro_special_procedure DROP COLUMN extend_days")
      try await desk.read { $0.mapping["extend_days"] = nil }
      // From Wednesday to Monday: Thursday, Friday and Monday.
      #expect(
        try await desk.rows("SELECT extend_days::text FROM bizclock.event WHERE type = 'extended'") == [["3"]])
    }
  }

  /// In the tables of another office times are texts, in all spellings, and `cd_time` too.
  @Test func timesAsTexts() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(try ExchangeDesk.text("data.sql"))
      try await desk.read()
      let events = try await desk.events()
      for (table, columns) in [
        ("up_pro_accept", ["cd_time", "apply_date", "accept_date"]),
        ("up_pro_process", ["cd_time", "event_start_time", "event_end_time"]),
        ("up_pro_result", ["cd_time", "result_date"]),
        ("up_pro_special_procedure", ["cd_time", "special_time", "end_time"]),
      ] {
        let spellings = [
          "YYYYMMDDHH24MISS", "YYYYMMDD\"T\"HH24MISS", "YYYY-MM-DD HH24:MI:SS", "YYYY/MM/DD HH24:MI:SS",
        ]
        for (index, column) in columns.enumerated() {
          let spelling = spellings[index]
          try await desk.upstream(
            "ALTER TABLE \(table) ALTER \(column) TYPE varchar(30) USING to_char(\(column), '\(spelling)')")
        }
      }
      _ = try await desk.rows("DELETE FROM bizclock.exchange_row")
      _ = try await desk.rows("DELETE FROM bizclock.exchange_position")
      try await desk.read()
      // The same rows tell the same events, under the same ids.
      #expect(try await desk.events() == events)
      #expect(try await desk.total() == events.count)
      try await desk.upstream(
        """
        INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, result_type)
        VALUES ('r9', 'I', to_char(\(ExchangeReaderTests.now), 'YYYYMMDDHH24MISS'), 'C9', '2026/9/10 9:40', '1')
        """)
      try await desk.read()
      #expect(try await desk.events().count == events.count + 1)
    }
  }
}
