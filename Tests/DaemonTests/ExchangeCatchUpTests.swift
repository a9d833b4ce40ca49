import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// What an exchange database holds already, and what waits there after it was away: taken in without false alarms.
@Suite struct ExchangeCatchUpTests {
  private static let now = ExchangeReaderTests.now

  /// Cases that were accepted on Thursday and done on Friday, by the end of the Monday that they were due.
  private static let done = """
    INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, apply_date, accept_date)
    SELECT 'a' || n, 'I', \(now), 'C' || n, '11469005MB1A00001', '2026-09-10 09:00', '2026-09-10 10:00'
    FROM generate_series(1, 50) AS n;
    INSERT INTO up_pro_process
      (row_guid, cd_operation, cd_time, project_no, process_name, event_start_time, event_end_time)
    SELECT 'p' || n, 'I', \(now), 'C' || n, '营业执照', '2026-09-10 10:30', '2026-09-10 15:00'
    FROM generate_series(1, 50) AS n;
    INSERT INTO up_pro_special_procedure
      (row_guid, cd_operation, cd_time, project_no, special_type, special_time, end_time)
    SELECT 's' || n, 'I', \(now), 'C' || n, '2', '2026-09-10 11:00', '2026-09-10 12:00'
    FROM generate_series(1, 50) AS n;
    INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, result_type)
    SELECT 'r' || n, 'I', \(now), 'C' || n, '2026-09-11 10:00', '1' FROM generate_series(1, 50) AS n
    """

  private func daemon(
    _ desk: ExchangeDesk, _ body: @Sendable (EmbeddedDaemon) async throws -> Void
  ) async throws {
    let office = try await EmbeddedDaemon(
      conninfo: desk.conninfo, spool: "", at: desk.clock.now(),
      configuration: Configuration(database: .conninfo(desk.conninfo), feeds: [desk.feed]))
    do { try await body(office) } catch {
      await office.stop()
      throw error
    }
    await office.stop()
  }

  /// How a case ended, and what stops its clock, is known before it has one.
  @Test func theOrder() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(Self.done)
      try await desk.read()
      #expect(
        try await desk.rows("SELECT type FROM bizclock.event GROUP BY type ORDER BY min(position)").map { $0[0] }
          == ["completed", "suspended", "resumed", "step_started", "step_completed", "submitted", "accepted"])
    }
  }

  /// Though the leader projects and raises between the pages, nobody is paged for a case that was done in time.
  @Test func nobodyIsPaged() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(Self.done)
      try await desk.shut("up_pro_process")
      try await daemon(desk) { office in
        try await desk.waitsAtTheGate()
        let head = try await desk.rows("SELECT position::text FROM bizclock.ledger_head")[0][0]
        try await office.projected(through: Int64(head) ?? 0)
        try await office.settled(at: desk.clock.now())
        try await desk.open()
        try await office.projected(through: 350)
        try await office.settled(at: desk.clock.now())
        #expect(office.lines(.alertRaised).isEmpty && office.lines(.alertWithdrawn).isEmpty)
        #expect(try await desk.rows("SELECT count(*)::text FROM bizclock.alert") == [["0"]])
        #expect(
          try await desk.rows(
            "SELECT verdict, count(*)::text FROM dashboard.clock WHERE commitment = 'opening' GROUP BY 1")
            == [["on_time", "50"]])
      }
    }
  }

  /// Where the ends of cases cannot be read, none begins for a while; all is made up for later.
  @Test func acceptancesWait() async throws {
    try await ExchangeDesk.with { desk in
      var reader = try desk.reader()
      _ = try await reader.round()
      try await desk.upstream(Self.done)
      try await desk.upstream("REVOKE SELECT ON up_pro_result FROM bizclock_exchange")
      await #expect(throws: ExchangeTrouble.self) { _ = try await reader.round() }
      let types = "SELECT DISTINCT type FROM bizclock.event ORDER BY 1"
      #expect(
        try await desk.rows(types) == [["resumed"], ["step_completed"], ["step_started"], ["suspended"]])
      try await desk.upstream("GRANT SELECT ON up_pro_result TO bizclock_exchange")
      _ = try await reader.round()
      await reader.close()
      #expect(try await desk.total() == 350)
    }
  }

  /// A table that nobody may ever read keeps no case from being seen to overrun.
  @Test func acceptancesDoNotWaitForEver() async throws {
    try await ExchangeDesk.with { desk in
      var reader = try desk.reader()
      _ = try await reader.round()
      try await desk.upstream("REVOKE SELECT ON up_pro_result FROM bizclock_exchange")
      try await desk.upstream(Self.done)
      let accepted = "SELECT count(*)::text FROM bizclock.event WHERE type = 'accepted'"
      for round in 1...ExchangeReader.mostTroubledRounds {
        #expect(try await desk.rows(accepted) == [["0"]], "\(round)")
        await #expect(throws: ExchangeTrouble.self) { _ = try await reader.round() }
      }
      #expect(try await desk.rows(accepted) == [["50"]])
      await reader.close()
    }
  }

  /// The daemon is ready before it has read all that is there: the service manager waits for no first load.
  @Test func readyBeforeAllIsRead() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.shut("up_pro_result")
      try await daemon(desk) { office in
        try await desk.waitsAtTheGate()
        // A reading is given up after half a minute, which would be an answer too.
        try await TestDeadline.within(.seconds(20), "ready") { try await office.logged(.ready) }
        #expect(office.lines(.feedStalled).isEmpty && !office.daemon.state.snapshot.feedsRead.contains("exchange"))
        try await desk.open()
      }
    }
  }
}
