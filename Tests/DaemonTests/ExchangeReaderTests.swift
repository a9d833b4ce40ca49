import Feeds
import Foundation
import Ledger
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// Rows of an exchange database on their way: what is read when, what a rewrite does, and that nothing counts twice.
@Suite struct ExchangeReaderTests {
  /// The wall of those who write, in the zone that the feed names.
  static let now = "(clock_timestamp() AT TIME ZONE 'Asia/Shanghai')"

  // MARK: The cursor

  /// A transaction that commits after a later one has been read: within the overlap it is found, and by no more than
  /// the next reading.
  @Test func whoCommitsLateIsFound() async throws {
    try await ExchangeDesk.with { desk in
      let writer = try await Connection.connect(desk.upstream)
      try await writer.run { session in
        try session.begin()
        try session.execute(
          """
          INSERT INTO public.up_pro_accept
            (row_guid, cd_operation, cd_time, project_no, task_code, apply_date, accept_date)
          VALUES ('late', 'I', \(Self.now) - interval '5 minutes', 'C1', '11469005MB1A00001', '2026-09-14 09:00',
            '2026-09-14 09:00')
          """)
      }
      try await desk.accept("early", "C2", "2026-09-14 09:10", written: Self.now)
      try await desk.read()
      #expect(try await desk.events() == ["C2 accepted 09-14 09:10", "C2 submitted 09-14 09:10"])
      try await writer.run { try $0.commit() }
      await writer.close()
      try await desk.read()
      #expect(try await desk.total() == 4)
      // Older than the overlap it is for the night.
      try await desk.accept("old", "C3", "2026-09-14 09:20", written: "\(Self.now) - interval '11 minutes'")
      try await desk.read()
      #expect(try await desk.total() == 4)
      try await desk.read { $0.exchange.overlap = 720_000_000 }
      #expect(try await desk.total() == 6)
    }
  }

  /// Page by page, and a restart after each: nothing twice, nothing missed.
  @Test func restartsInTheMiddle() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(
        """
        INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, apply_date, accept_date)
        SELECT 'g' || n, 'I', timestamp '2026-09-01 08:00' + (n / 700) * interval '1 hour', 'C' || n,
          '11469005MB1A00001', '2026-09-14 08:30', '2026-09-14 09:00'
        FROM generate_series(1, 3500) AS n
        """)
      var rounds = 0
      while try await desk.total() < 7_000 {
        rounds += 1
        try #require(rounds < 20)
        // The daemon is told to end while its first page is being committed: it ends behind it.
        let stop = Doorbell()
        let barrier = try await Barrier("bizclock.exchange_row", desk.conninfo)
        async let reading: Void = {
          var reader = try desk.reader(stop: stop)
          _ = try? await reader.round()
          await reader.close()
          await reader.intake.close()
        }()
        try await barrier.reached()
        stop.silence()
        await barrier.open()
        try await reading
      }
      #expect(rounds >= 3)
      try await desk.read()
      #expect(try await desk.total() == 7_000)
      #expect(
        try await desk.rows("SELECT received::text, duplicates::text, quarantined::text FROM bizclock.feed")
          == [["7000", "0", "0"]])
    }
  }

  /// Killed while a page is on its way, and started again: what was not committed is read again, the rest is known.
  @Test func killedInTheMiddle() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(
        """
        INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, apply_date, accept_date)
        SELECT 'g' || n, 'I', timestamp '2026-09-01 08:00' + n * interval '1 second', 'C' || n, '11469005MB1A00001',
          '2026-09-14 08:30', '2026-09-14 09:00'
        FROM generate_series(1, 2500) AS n
        """)
      let folder = try OfficeFolder(conninfo: desk.conninfo)
      defer { folder.remove() }
      try ExchangeDesk.text("bizclock.yaml")
        .replacing("database: private", with: "database: \"\(desk.conninfo)\"")
        .replacing("state_directory: state", with: "state_directory: \(folder.path)/state")
        .replacing(ExchangeDesk.place, with: ExchangeDesk.asReader(desk.upstream))
        .write(toFile: folder.path + "/bizclock.yaml", atomically: true, encoding: .utf8)
      for _ in 1...3 {
        let barrier = try await Barrier("bizclock.exchange_row", desk.conninfo)
        let daemon = try folder.start()
        try await barrier.reached()
        daemon.signal(SIGKILL)
        _ = try await daemon.exit()
        await barrier.open()
      }
      let daemon = try folder.start()
      try await TestDeadline.within(TestDeadline.patience, "all rows") {
        while try await desk.total() < 5_000 { try Task.checkCancellation() }
      }
      daemon.signal(SIGTERM)
      #expect(try await daemon.exit() == 0)
      #expect(
        try await desk.rows("SELECT received::text, duplicates::text, quarantined::text FROM bizclock.feed")
          == [["5000", "0", "0"]])
    }
  }

  /// A row from the future is taken in once, and told once; those who write after it at their right time are read.
  @Test func aRowFromTheFuture() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.accept("future", "C1", "2026-09-14 09:00", written: "timestamp '2099-01-01'")
      var reader = try desk.reader()
      _ = try await reader.round()
      try await desk.accept("today", "C2", "2026-09-14 09:10", written: Self.now)
      _ = try await reader.round()
      _ = try await reader.round()
      #expect(try await desk.total() == 4)
      #expect(desk.said.count { $0.contains("up_pro_accept has rows whose cd_time lies in the future") } == 1)
      // Its time is put right: it says the same.
      try await desk.upstream("UPDATE up_pro_accept SET cd_time = \(Self.now) WHERE row_guid = 'future'")
      _ = try await reader.round()
      #expect(try await desk.total() == 4)
      await reader.close()
    }
  }

  /// The exchange's clock was ahead and is set right: who writes now is read at once.
  @Test func aClockThatWasSetBack() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.accept("a", "C1", "2026-09-14 09:00", written: Self.now)
      try await desk.read()
      _ = try await desk.rows("UPDATE bizclock.exchange_position SET read_us = read_us + 3600000000")
      try await desk.accept("b", "C2", "2026-09-14 09:00", written: Self.now)
      try await desk.read()
      #expect(try await desk.total() == 4)
    }
  }

  /// Several rows of one row_guid, as a table has them to which every change is added: the latest counts, whatever is
  /// read again.
  @Test func aTableOfChanges() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream("ALTER TABLE up_pro_accept DROP CONSTRAINT up_pro_accept_pkey")
      try await desk.accept("a", "C1", "2026-09-14 09:00", written: "\(Self.now) - interval '3 minutes'")
      try await desk.read()
      try await desk.accept(
        "a", "C1", "2026-09-14 09:30", written: "\(Self.now) - interval '2 minutes'", operation: "U")
      try await desk.read()
      try await desk.accept("a", "C1", "2026-09-14 09:30", written: Self.now, operation: "D")
      // More than a page lies between the two.
      try await desk.upstream(
        """
        INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, apply_date)
        SELECT 'g' || n, 'I', \(Self.now) - interval '150 seconds', 'G' || n, '11469005MB1A00001', '2026-09-14 08:30'
        FROM generate_series(1, 1200) AS n
        """)
      for _ in 1...3 { try await desk.read() }
      #expect(
        try await desk.events().filter { $0.hasPrefix("C1") } == [
          "C1 accepted 09-14 09:30", "C1 submitted 09-14 09:30",
        ])
      #expect(try await desk.total() == 1_206)
      desk.clock.advance(by: 86_400_000_000)
      try await desk.read()
      #expect(try await desk.total() == 1_206)
    }
  }

  // MARK: Views

  /// An office that shares the exchange with others reads views of its own, as the example's page shows them.
  @Test func viewsOfAnOffice() async throws {
    try await ExchangeDesk.with { desk in
      let page = try ExchangeDesk.text("README.md")
      let views = try #require(page.firstRange(of: "CREATE SCHEMA office;"))
      let end = try #require(page[views.lowerBound...].firstRange(of: "```"))
      try await desk.upstream(String(page[views.lowerBound..<end.lowerBound]))
      try await desk.accept("ours", "C1", "2026-09-14 09:00", written: Self.now)
      try await desk.upstream(
        """
        INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, apply_date)
        VALUES ('other', 'I', \(Self.now), 'C2', '11469005MB1A09999', '2026-09-14 09:00');
        INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, result_type)
        VALUES ('1', 'I', \(Self.now), 'C1', '2026-09-14 10:00', '1'),
          ('2', 'I', \(Self.now), 'C2', '2026-09-14 10:00', 'x')
        """)
      for _ in 1...2 { try await desk.read { $0.schema = "office" } }
      #expect(
        try await desk.events() == [
          "C1 accepted 09-14 09:00", "C1 submitted 09-14 09:00", "C1 completed 09-14 10:00",
        ])
      #expect(try await desk.rows("SELECT count(*)::text FROM bizclock.quarantine") == [["0"]])
    }
  }

  // MARK: Rewrites

  /// A rewritten row voids what no longer holds and tells the rest; back to what it said, it is told once more.
  @Test func rewrites() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.accept("a", "C1", "2026-09-14 09:00", written: Self.now)
      try await desk.read()
      let later = "accept_date = '2026-09-14 10:00', cd_operation = 'U', cd_time = \(Self.now)"
      try await desk.upstream("UPDATE up_pro_accept SET \(later)")
      try await desk.read()
      // What still holds was not touched: one void, one event.
      #expect(try await desk.total() == 4)
      #expect(try await desk.events() == ["C1 submitted 09-14 09:00", "C1 accepted 09-14 10:00"])
      for times in 2...3 {
        try await desk.upstream("UPDATE up_pro_accept SET accept_date = '2026-09-14 09:00', cd_time = \(Self.now)")
        for _ in 1...2 { try await desk.read() }
        #expect(try await desk.events().contains("C1 accepted 09-14 09:00"))
        #expect(
          try await desk.rows("SELECT count(*)::text FROM bizclock.event WHERE event_id LIKE '%~\(times)'") == [
            ["1"]
          ])
        try await desk.upstream(
          "UPDATE up_pro_accept SET accept_date = '2026-09-14 11:0\(times)', cd_time = \(Self.now)")
        try await desk.read()
      }
      #expect(try await desk.events().count == 2)
      #expect(try await desk.rows("SELECT count(*)::text FROM bizclock.quarantine") == [["0"]])
    }
  }

  /// A row that is another case's now.
  @Test func anotherCase() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.accept("a", "C1", "2026-09-14 09:00", written: Self.now)
      try await desk.read()
      try await desk.upstream("UPDATE up_pro_accept SET project_no = 'C2', cd_time = \(Self.now)")
      try await desk.read()
      #expect(try await desk.events() == ["C2 accepted 09-14 09:00", "C2 submitted 09-14 09:00"])
      try await desk.upstream("UPDATE up_pro_accept SET project_no = 'C1', cd_time = \(Self.now)")
      try await desk.read()
      #expect(try await desk.events() == ["C1 accepted 09-14 09:00", "C1 submitted 09-14 09:00"])
    }
  }

  /// Deleted, marked as deleted or purged: nothing changes.
  @Test func purged() async throws {
    try await ExchangeDesk.with { desk in
      for number in 1...3 {
        try await desk.accept("\(number)", "C\(number)", "2026-09-14 09:00", written: Self.now)
      }
      try await desk.read()
      let events = try await desk.events()
      try await desk.upstream(
        "UPDATE up_pro_accept SET cd_operation = 'D', cd_time = \(Self.now) WHERE row_guid = '1'")
      try await desk.upstream("DELETE FROM up_pro_accept WHERE row_guid = '2'")
      try await desk.read()
      try await desk.upstream("TRUNCATE up_pro_accept")
      desk.clock.advance(by: 86_400_000_000)
      try await desk.read()
      #expect(try await desk.events() == events)
      #expect(try await desk.total() == 6)
    }
  }

  // MARK: The night

  /// What was written without a new cd_time, or long ago, is found at night, once, and said.
  @Test func theComparison() async throws {
    try await ExchangeDesk.with(at: "2026-09-15T10:00:00+08:00") { desk in
      for number in 1...3 {
        try await desk.accept(
          "\(number)", "C\(number)", "2026-09-14 09:00", written: "\(Self.now) - interval '1 day'")
      }
      try await desk.upstream(
        """
        INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, apply_date, accept_date)
        SELECT 'g' || n, 'I', \(Self.now) - interval '1 day', 'G' || n, '11469005MB1A00001', '2026-09-14 08:30',
          '2026-09-14 09:00'
        FROM generate_series(1, 2500) AS n
        """)
      try await desk.read()
      try await desk.accept("now", "C9", "2026-09-14 09:00", written: Self.now)
      try await desk.read()
      #expect(try await desk.total() == 5_008)
      try await desk.upstream("UPDATE up_pro_accept SET accept_date = '2026-09-14 10:00' WHERE row_guid = '2'")
      try await desk.accept("old", "C8", "2026-09-14 09:00", written: "\(Self.now) - interval '1 day'")
      desk.clock.advance(to: try #require(Instant(rfc3339: "2026-09-16T02:29:59+08:00")))
      try await desk.read()
      #expect(try await desk.total() == 5_008)
      desk.clock.advance(to: try #require(Instant(rfc3339: "2026-09-16T02:30:00+08:00")))
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.total() == 5_012)
      #expect(try await desk.events().contains("C2 accepted 09-14 10:00"))
      #expect(desk.said.count { $0.contains("comparison of up_pro_accept found 2 rows") } == 1)
    }
  }

  /// Ended in the middle, it goes on where it was.
  @Test func theComparisonGoesOn() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(
        """
        INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, apply_date, accept_date)
        SELECT 'g' || n, 'I', \(Self.now) - interval '1 day', 'G' || n, '11469005MB1A00001', '2026-09-14 08:30',
          '2026-09-14 09:00'
        FROM generate_series(1, 2500) AS n
        """)
      try await desk.read()
      // What is compared lies behind what is read.
      try await desk.accept("now", "C9", "2026-09-14 09:00", written: Self.now)
      try await desk.read()
      desk.clock.advance(by: 86_400_000_000)
      _ = try await desk.rows(
        "UPDATE bizclock.exchange_position SET compared_after = 'g5' WHERE upstream_table = 'up_pro_accept'")
      try await desk.upstream(
        "UPDATE up_pro_accept SET accept_date = '2026-09-14 10:00' WHERE row_guid IN ('g4', 'g6')")
      try await desk.read()
      // What lies before its place waits for the next night.
      #expect(try await desk.events().filter { $0.hasSuffix("10:00") } == ["G6 accepted 09-14 10:00"])
      desk.clock.advance(by: 86_400_000_000)
      try await desk.read()
      #expect(try await desk.events().filter { $0.hasSuffix("10:00") }.count == 2)
    }
  }

  /// Settings that understand more make the rows that stand there say more.
  @Test func otherSettings() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.accept("a", "C1", "2026-09-14 09:00", written: "\(Self.now) - interval '1 day'")
      try await desk.accept("now", "C9", "2026-09-14 09:00", written: Self.now)
      try await desk.read { $0.exchange.tasks = [:] }
      try await desk.read()
      let process = "SELECT DISTINCT process FROM bizclock.event WHERE case_id = 'C1' ORDER BY 1"
      #expect(try await desk.rows(process) == [["null"]])
      desk.clock.advance(by: 86_400_000_000)
      try await desk.read()
      try await desk.project()
      #expect(
        try await desk.rows("SELECT commitment FROM dashboard.clock WHERE case_id = 'C1' ORDER BY 1")
          == [["one_day"], ["opening"]])
    }
  }
}
