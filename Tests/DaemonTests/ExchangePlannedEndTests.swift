import Feeds
import Ledger
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// Rows that plan an end: their start is told now, and their end when it has come.
@Suite struct ExchangePlannedEndTests {
  /// Rows that were written long ago, which no later reading finds again by its overlap, and one of now.
  private func with(_ rows: String, _ body: @Sendable (ExchangeDesk) async throws -> Void) async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(
        """
        INSERT INTO up_pro_special_procedure
          (row_guid, cd_operation, cd_time, project_no, special_type, special_time, end_time)
        SELECT guid, 'I', \(ExchangeReaderTests.now) - interval '1 day', 'C1', '2', timestamp '2026-09-14 09:00',
          planned::timestamp
        FROM (VALUES \(rows)) AS r (guid, planned)
        UNION ALL SELECT 'now', 'I', \(ExchangeReaderTests.now), 'C9', '2', '2026-09-14 09:00', '2026-09-14 10:00'
        """)
      // The second reads what the first had not: the rest of the overlap.
      for _ in 1...2 { try await desk.read() }
      try await body(desk)
    }
  }

  private func at(_ time: String, _ desk: ExchangeDesk) async throws -> [String] {
    desk.clock.advance(to: try #require(Instant(rfc3339: time)))
    // As a daemon that was started anew.
    try await desk.read()
    return try await desk.events().filter { $0.hasPrefix("C1") }
  }

  private let waiting = "SELECT row_guid FROM bizclock.exchange_row WHERE planned_end IS NOT NULL ORDER BY 1"

  /// Told on time, once, whoever reads; nothing of it goes to quarantine.
  @Test func itComes() async throws {
    try await with("('s', '2026-09-15 17:00')") { desk in
      let first = try await desk.events().filter { $0.hasPrefix("C1") }
      #expect(first == ["C1 suspended 09-14 09:00"])
      #expect(try await at("2026-09-15T16:54:00+08:00", desk).count == 1)
      let told = ["C1 suspended 09-14 09:00", "C1 resumed 09-15 17:00"]
      #expect(try await at("2026-09-15T17:00:00+08:00", desk) == told)
      #expect(try await desk.rows(waiting) == [])
      #expect(try await at("2026-09-17T10:00:00+08:00", desk) == told)
      #expect(try await desk.total() == 4)
      #expect(try await desk.rows("SELECT count(*)::text FROM bizclock.quarantine") == [["0"]])
      #expect(desk.said.allSatisfy { !$0.contains("not there any more") })
    }
  }

  /// A plan that was changed meanwhile holds as it is then: sooner, later, or for good.
  @Test(arguments: [
    ("2026-09-15 16:00", "2026-09-15T16:00:00+08:00"), ("2026-09-15 18:00", "2026-09-15T18:00:00+08:00"),
  ]) func itIsChanged(_ end: String, _ instant: String) async throws {
    try await with("('s', '2026-09-15 17:00')") { desk in
      try await desk.upstream(
        """
        UPDATE up_pro_special_procedure SET end_time = '\(end)', cd_time = \(ExchangeReaderTests.now)
        WHERE row_guid = 's'
        """)
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.total() == 3)
      // Out of the overlap's reach again.
      try await desk.upstream(
        "UPDATE up_pro_special_procedure SET cd_time = cd_time - interval '1 day' WHERE row_guid = 's'")
      _ = try await desk.rows(
        "UPDATE bizclock.exchange_row SET version_us = version_us - 86400000000 WHERE row_guid = 's'")
      let told = ["C1 suspended 09-14 09:00", "C1 resumed 09-15 \(end.suffix(5))"]
      #expect(try await at(instant, desk) == told)
      #expect(try await desk.rows(waiting) == [])
      #expect(try await desk.total() == 4)
    }
  }

  /// A row that is purged before its planned end is told of, once: nobody knows whether it came.
  @Test func itIsPurged() async throws {
    try await with("('s', '2026-09-15 17:00'), ('t', '2026-09-15 17:00')") { desk in
      try await desk.upstream("DELETE FROM up_pro_special_procedure WHERE row_guid = 's'")
      for time in ["2026-09-15T17:00:00+08:00", "2026-09-15T17:01:00+08:00"] {
        #expect(try await at(time, desk).count { $0.contains("resumed") } == 1)
      }
      #expect(try await desk.rows(waiting) == [])
      #expect(
        desk.said.filter { $0.contains("not there any more") } == [
          "the ends that 1 rows of up_pro_special_procedure planned have come, but the rows are not there any more, "
            + "row_guid s for one: what they began has not ended here; have them written again."
        ])
    }
  }

  /// More than a page at one instant; one whose row_guid not every connection can name waits for the night.
  @Test func manyAtOnce() async throws {
    let rows = (1...1_200).map { "('g\($0)', '2026-09-15 17:00')" }.joined(separator: ", ")
    try await with(rows + ", ('甲', '2026-09-15 17:00')") { desk in
      let planned = try await desk.rows(waiting)
      #expect(planned.count == 1_200)
      #expect(try await at("2026-09-15T17:00:00+08:00", desk).count { $0.contains("resumed") } == 1_200)
      #expect(try await at("2026-09-16T02:30:00+08:00", desk).count { $0.contains("resumed") } == 1_201)
    }
  }

  /// Steps of its handling plan ends too; taken out of quarantine by hand, a row has its plan as well.
  @Test func aStepThatWasInQuarantine() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(
        """
        ALTER TABLE up_pro_process ADD grid text;
        INSERT INTO up_pro_process
          (row_guid, cd_operation, cd_time, project_no, process_name, event_start_time, event_end_time, grid)
        SELECT guid, 'I', \(ExchangeReaderTests.now) - age::interval, 'C1', name, '2026-09-14 09:00', '2026-09-15 17:00', 'x'
        FROM (VALUES ('p', '营业执照', '1 day'), ('now', '公章', '0')) AS r (guid, name, age)
        """)
      let spoilt: @Sendable (inout FeedSettings) -> Void = { $0.mapping["region"] = FieldMapping(column: "grid") }
      for _ in 1...2 { try await desk.read(spoilt) }
      #expect(try await desk.total() == 0)
      let report = try await desk.retry()
      #expect(report.settled == 2)
      #expect(
        try await desk.events() == ["C1 step_started seal 09-14 09:00", "C1 step_started licence 09-14 09:00"])
      #expect(try await at("2026-09-15T17:00:00+08:00", desk).count { $0.contains("step_completed") } == 2)
    }
  }
}
