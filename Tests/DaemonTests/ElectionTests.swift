import Feeds
import Foundation
import Journal
import LibPQ
import Ledger
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// Who leads, and by which rules.
@Suite struct ElectionTests {
  /// Rules that come into force while an election waits for them: the winner would judge by the former ones, so
  /// there is none.
  @Test func nobodyWinsByFormerRules() async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      let applying = try await Connection.connect(conninfo)
      try await applying.run { session in
        try session.begin()
        _ = try session.execute("UPDATE bizclock.projector SET epoch = epoch + 1, policy = policy + 2")
        _ = try session.execute(
          """
          INSERT INTO bizclock.rules (applied_at, kind, applied_by, reason, document, files)
          SELECT applied_at, kind, 'test', 'again', document, files FROM bizclock.rules WHERE kind = 'policy'
          """)
      }
      let candidate = Task {
        let connection = try await Connection.connect(conninfo)
        return try await connection.run {
          try Election.win(&$0, holder: "test", now: SystemClock.read(), settings: ProjectorSettings()) != nil
        }
      }
      try await TestDeadline.within(TestDeadline.patience, "the election to wait") {
        let blocked =
          "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while try await TestQuery.rows(conninfo, blocked) == [["0"]] { try Task.checkCancellation() }
      }
      try await applying.run { try $0.commit() }
      #expect(try await candidate.value == false)
      await applying.close()
    }
  }

  /// A load by hand leads as long as no daemon serves; one that starts meanwhile leads within a second or two, though the
  /// load lasts: no level waits for it.
  @Test func aLoadGivesWayToADaemon() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let pipe = Pipe()
      let now = Instant(rfc3339: DaemonTestBase.start) ?? Instant(microseconds: 0)
      let loading = Loading(
        database: DatabaseSource(conninfo: conninfo), clock: ManualClock(now), log: MemorySink())
      let reading = pipe.fileHandleForReading.fileDescriptor
      let load = Task {
        try await loading.run(
          [LoadInput(name: "pipe", descriptor: reading)],
          feed: FeedDescription(name: "history", source: "history", format: .ndjson),
          history: false)
      }
      let isLed =
        "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
        + "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
      try await TestDeadline.within(TestDeadline.patience, "the load to lead") {
        while try await TestQuery.rows(conninfo, isLed) != [["1"]] { try Task.checkCancellation() }
      }
      let office = try await DaemonTestBase.daemon(conninfo, spool, at: DaemonTestBase.start)
      try await office.logged(.leaderElected)
      let line = DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00") + "\n"
      try pipe.fileHandleForWriting.write(contentsOf: Data(line.utf8))
      try pipe.fileHandleForWriting.close()
      #expect(try await load.value.new == 1)
      try await office.projected(through: 1)
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(office.alerts().contains("C1/opening/1/red/1"))
      await office.stop()
    }
  }

  /// A policy with a new process, applied under the running daemon: its events are taken in from then on.
  @Test func aNewProcessIsKnownAtOnce() async throws {
    try await DaemonTestBase.withDaemon { office in
      try office.put(
        "1.ndjson", [DaemonTestBase.event("P1", "accepted", "2026-09-14T07:58:00+08:00", process: "permit")])
      try await office.logged(.quarantineGrowing)
      try await PolicyChange.apply(
        to: office.conninfo, at: "2026-09-14T08:00:00+08:00", replacing: "  - id: one_day\n    process: opening",
        with: "  - id: one_day\n    process: permit")
      try office.put(
        "2.ndjson", [DaemonTestBase.event("P2", "accepted", "2026-09-14T07:59:00+08:00", process: "permit")])
      try await office.projected(through: 1)
      #expect(try await office.query("SELECT case_id, commitment FROM dashboard.clock") == [["P2", "one_day"]])
    }
  }

  /// A database that lasts in refusing to write: told, and then waited for, with longer and longer waits, without coming
  /// back and going away again and again.
  @Test func aReadOnlyDatabaseIsToldOnce() async throws {
    try await DaemonTestBase.withDaemon { office in
      try await office.settled(at: office.clock.now())
      let name = try await office.query("SELECT current_database()")[0][0]
      let connection = try await Connection.connect(office.conninfo)
      try await connection.run { session in
        _ = try session.execute("ALTER DATABASE \(name) SET default_transaction_read_only = on")
        _ = try session.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
      }
      try await office.logged(.databaseLost)
      let sessions = "SELECT sessions::text FROM pg_stat_database WHERE datname = current_database()"
      let before = try await TestQuery.rows(office.conninfo, sessions)[0][0]
      let conninfo = office.conninfo
      try await TestDeadline.within(TestDeadline.patience, "several more attempts") {
        while true {
          try Task.checkCancellation()
          let now = try await TestQuery.rows(conninfo, sessions)[0][0]
          if (Int(now) ?? 0) > (Int(before) ?? 0) + 200 { return }
        }
      }
      // The sessions that were ended, and what came after. While the session that was ended still held the leadership, the
      // database may have served once more.
      #expect(office.lines(.databaseLost).count <= 3)
      #expect(office.lines(.databaseBack).count <= 1)
      await connection.close()
    }
  }
}
