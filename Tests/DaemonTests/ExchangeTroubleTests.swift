import Feeds
import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// An exchange database that is wrong, away, slow, or holds what cannot be understood.
@Suite struct ExchangeTroubleTests {
  // MARK: Schema and rights

  static let faults: [(change: String, words: [String])] = [
    (
      "REVOKE SELECT ON up_pro_result FROM bizclock_exchange",
      [
        "may not read row_guid of public.up_pro_result",
        #"GRANT SELECT ON "public".up_pro_result TO "bizclock_exchange";"#,
      ]
    ),
    ("DROP TABLE up_pro_process", ["has no table public.up_pro_process"]),
    (
      "ALTER TABLE up_pro_accept RENAME accept_date TO accepted",
      ["the table public.up_pro_accept of the exchange database has no column accept_date"]
    ),
    (
      "ALTER TABLE up_pro_accept DROP COLUMN channel",
      ["has a column channel, which the feed's mapping or keep names"]
    ),
    (
      "ALTER TABLE up_pro_accept ALTER cd_time TYPE bigint USING 1",
      ["cd_time of public.up_pro_accept", "is of type bigint"]
    ),
    ("ALTER SCHEMA public RENAME TO other", ["has no schema public"]),
    (
      "REVOKE USAGE ON SCHEMA public FROM public, bizclock_exchange",
      [#"GRANT USAGE ON SCHEMA "public" TO "bizclock_exchange";"#]
    ),
  ]

  @Test(arguments: faults.indices) func whatIsMissing(_ index: Int) async throws {
    let (change, words) = Self.faults[index]
    try await ExchangeDesk.with { desk in
      try await desk.upstream(change)
      do {
        try await desk.read()
        Issue.record("nothing was said of: \(change)")
      } catch let error as ExchangeTrouble {
        for word in words { #expect(error.description.contains(word), "\(error)") }
      }
    }
  }

  /// Reading needs no right but SELECT, and asks for none.
  @Test func itOnlyReads() async throws {
    try await ExchangeDesk.with { desk in
      let source = try await ExchangeSource.connect(
        try #require(ExchangeUpstream(desk.feed)).conninfo,
        feed: try FeedDescription(desk.feed, processes: []), exchange: ExchangeDescription(desk.feed))
      await #expect(throws: PostgresError.self) {
        try await source.connection.run { try $0.execute("CREATE TABLE public.own (a int)") }
      }
      await source.close()
    }
  }

  // MARK: Rows

  /// What cannot be understood goes to quarantine with its place, those beside it get in; corrected at its source it is
  /// settled.
  @Test func badRows() async throws {
    try await ExchangeDesk.with { desk in
      let now = ExchangeReaderTests.now
      try await desk.accept("good", "C1", "2026-09-14 09:00", written: now)
      try await desk.accept("future", "C2", "2026-09-15 11:00", written: now)
      try await desk.upstream(
        """
        INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, result_type) VALUES
          ('code', 'I', \(now), 'C1', '2026-09-14 10:00', '9'), ('case', 'I', \(now), ' ', '2026-09-14 10:00', '1'),
          ('fine', 'I', \(now), 'C1', '2026-09-14 11:00', '1');
        INSERT INTO up_pro_special_procedure
          (row_guid, cd_operation, cd_time, project_no, special_type, special_time, end_time)
        VALUES ('type', 'I', \(now), 'C1', '7', '2026-09-14 10:00', '2026-09-14 10:00')
        """)
      for _ in 1...3 { try await desk.read() }
      #expect(
        try await desk.events()
          == ["C1 submitted 09-14 09:00", "C1 accepted 09-14 09:00", "C1 completed 09-14 11:00"]
          .sorted { $0.suffix(5) == $1.suffix(5) ? $0 < $1 : $0.suffix(5) < $1.suffix(5) })
      let open = "SELECT origin, code, field FROM bizclock.quarantine WHERE resolved_at IS NULL ORDER BY 1"
      #expect(
        try await desk.rows(open) == [
          ["up_pro_accept future", "future_time", "apply_date"],
          ["up_pro_result case", "missing_field", "project_no"],
          ["up_pro_result code", "bad_field", "result_type"],
          ["up_pro_special_procedure type", "bad_field", "special_type"],
        ])
      // Discarded, it does not come again; corrected, it is settled; with time, what lay ahead comes to pass.
      _ = try await desk.rows(
        "UPDATE bizclock.quarantine SET resolved_at = now(), resolution = 'discarded' WHERE origin LIKE '% type'")
      try await desk.upstream(
        "UPDATE up_pro_result SET result_type = '2', cd_time = \(now) WHERE row_guid = 'code'")
      desk.clock.advance(by: 7_200_000_000)
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.rows(open) == [["up_pro_result case", "missing_field", "project_no"]])
      #expect(try await desk.events().contains("C1 rejected 09-14 10:00"))
      #expect(try await desk.events().contains("C2 accepted 09-15 11:00"))
      #expect(
        try await desk.rows("SELECT resolution, resolved_by FROM bizclock.quarantine WHERE origin LIKE '% code'")
          == [["discarded", "feed exchange"]])
    }
  }

  /// A row_guid that fits no index keeps none of its page out.
  @Test func aRowGuidWithoutEnd() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.accept("good", "C1", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      try await desk.accept("long", "C2", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      try await desk.upstream(
        """
        ALTER TABLE up_pro_accept DROP CONSTRAINT up_pro_accept_pkey;
        DROP INDEX up_pro_accept_cd_time_row_guid_idx;
        ALTER TABLE up_pro_accept ALTER row_guid TYPE text;
        UPDATE up_pro_accept SET row_guid =
          (SELECT translate(string_agg(md5(n::text), ''), '0123456789abcdef', '甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳')
          FROM generate_series(1, 60) AS n) WHERE row_guid = 'long'
        """)
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.total() == 2)
      #expect(try await desk.rows("SELECT code, field FROM bizclock.quarantine") == [["bad_field", "row_guid"]])
    }
  }

  /// What was said before stands while a rewrite cannot be understood.
  @Test func aBadRewrite() async throws {
    try await ExchangeDesk.with { desk in
      let now = ExchangeReaderTests.now
      try await desk.accept("a", "C1", "2026-09-14 09:00", written: now)
      try await desk.read()
      try await desk.upstream("UPDATE up_pro_accept SET accept_date = '2027-09-14 09:00', cd_time = \(now)")
      try await desk.read()
      #expect(try await desk.events().count == 2)
      try await desk.upstream("UPDATE up_pro_accept SET accept_date = '2026-09-14 09:30', cd_time = \(now)")
      try await desk.read()
      #expect(try await desk.events() == ["C1 submitted 09-14 09:00", "C1 accepted 09-14 09:30"])
      #expect(
        try await desk.rows("SELECT count(*)::text FROM bizclock.quarantine WHERE resolved_at IS NULL") == [["0"]])
    }
  }

  // MARK: Slow and away

  /// A slow exchange is given up in time, asked for less, and told once; the office's other feeds go on, and it ends
  /// when it is told to.
  @Test func slow() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(
        """
        ALTER TABLE up_pro_accept RENAME TO accepted;
        CREATE VIEW up_pro_accept AS SELECT a.* FROM accepted a, (SELECT pg_sleep(600)) AS slow;
        GRANT SELECT ON up_pro_accept TO bizclock_exchange
        """)
      let spool = FileManager.default.temporaryDirectory.path + "/bizclock-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: spool) }
      var configuration = DaemonTestBase.configuration(desk.conninfo, spool: spool)
      configuration.feeds.append(desk.feed)
      let office = try await EmbeddedDaemon(
        conninfo: desk.conninfo, spool: spool, at: Instant(rfc3339: "2026-09-14T08:00:00+08:00") ?? .earliest,
        configuration: configuration)
      try await waiting(desk)
      try office.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00")])
      try await office.projected(through: 1)
      // As a reload does, and the end of the daemon: neither waits for the reading.
      var without = configuration
      without.feeds.removeLast()
      #expect(try office.reload(without).removed == ["exchange"])
      try await TestDeadline.within(.seconds(20), "the end of the reading") {
        while try await !reading(desk).isEmpty { try Task.checkCancellation() }
      }
      try office.reload(configuration)
      try await waiting(desk)
      try await TestDeadline.within(.seconds(20), "the daemon's end") { await office.stop() }
    }
  }

  /// A statement that takes too long is trouble of its own, after which less is asked for; the other tables are read.
  @Test func tooSlow() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(
        """
        INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_type, result_date)
        VALUES ('r', 'I', \(ExchangeReaderTests.now), 'C1', '1', '2026-09-15 09:00')
        """)
      let blocker = try await Connection.connect(desk.upstream)
      try await blocker.run { session in
        try session.begin()
        try session.execute("LOCK TABLE public.up_pro_accept IN ACCESS EXCLUSIVE MODE")
      }
      var reader = try desk.reader()
      await #expect(throws: ExchangeTrouble.self) { _ = try await reader.round() }
      #expect(try await desk.events() == ["C1 completed 09-15 09:00"])
      await reader.close(wasSlow: true)
      await blocker.close()
      try await desk.accept("a", "C1", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      _ = try await reader.round()
      #expect(try await desk.total() == 3)
      await reader.close()
    }
  }

  private func reading(_ desk: ExchangeDesk) async throws -> [[String]] {
    try await TestQuery.rows(
      desk.upstream,
      """
      SELECT pid::text FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'bizclock exchange' AND wait_event = 'PgSleep'
      """)
  }

  private func waiting(_ desk: ExchangeDesk) async throws {
    try await TestDeadline.within(TestDeadline.patience, "a reading") {
      while try await reading(desk).isEmpty { try Task.checkCancellation() }
    }
  }

  /// Killed and back: told once and once, and read on without a gap.
  @Test func killedAndBack() async throws {
    try await ExchangeDesk.withNode { node, conninfo, spool in
      let desk = try ExchangeDesk(conninfo: conninfo, upstream: node.tcp, at: "2026-09-15T10:00:00+08:00")
      var configuration = DaemonTestBase.configuration(conninfo, spool: spool)
      configuration.feeds.append(desk.feed)
      configuration.feeds[1].exchange.poll = 1_000_000
      try await desk.accept("1", "C1", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      let office = try await EmbeddedDaemon(
        conninfo: conninfo, spool: spool, at: desk.clock.now(), configuration: configuration)
      try await office.projected(through: 2)
      try node.kill()
      try await office.logged(.feedStalled)
      try await Task.detached { try node.start() }.value
      try await desk.accept("2", "C2", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      try await office.projected(through: 4)
      try await office.logged(.feedResumed)
      #expect(office.lines(.feedStalled).count == 1 && office.lines(.feedResumed).count == 1)
      #expect(!office.log.records.contains { $0.message.contains("conninfo") || $0.message.contains("options") })
      await office.stop()
    }
  }

  /// A hundred thousand rows, page by page.
  @Test func manyRows() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.upstream(
        """
        INSERT INTO up_pro_accept (row_guid, cd_operation, cd_time, project_no, task_code, apply_date, accept_date)
        SELECT md5(n::text), 'I', timestamp '2026-09-01 08:00' + n * interval '1 second', 'C' || n / 4,
          '11469005MB1A00001', '2026-09-01 08:30', '2026-09-01 09:00'
        FROM generate_series(1, 100000) AS n;
        ANALYZE up_pro_accept
        """)
      var reader = try desk.reader()
      let before = try ExchangeTroubleTests.resident()
      while try await reader.round() {}
      #expect(try await desk.total() == 200_000)
      let grown = try ExchangeTroubleTests.resident() - before
      #expect(grown < 96 << 20, "grew by \(grown >> 20) MiB")
      let size = "SELECT (pg_total_relation_size('bizclock.exchange_row') / 100000)::text"
      print("ExchangeTroubleTests: \(try await desk.rows(size)[0][0]) bytes are kept of a row")
      await reader.close()
    }
  }

  /// Bytes of this process in memory now.
  private static func resident() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
    return (Int(line.filter(\.isNumber)) ?? 0) << 10
  }
}
