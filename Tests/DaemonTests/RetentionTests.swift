import Foundation
import Journal
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// What was dealt with long ago goes, when the configuration says so; nothing else does.
@Suite struct RetentionTests {
  private static let day: Int64 = 86_400_000_000

  private func service(
    _ conninfo: String, _ spool: String, _ settings: RetentionSettings, _ log: MemorySink,
    role: DaemonState.Snapshot.Role
  ) -> RetentionService {
    let state = DaemonState()
    state.setRole(role)
    return RetentionService(
      database: DatabaseSource(conninfo: conninfo), settings: { settings }, directories: { [spool] },
      clock: ManualClock(Instant(microseconds: 0)), log: log, state: state)
  }

  private func files(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  /// In done/ only regular files, and by when they came, not by what their writer says; a file not yet read stays.
  @Test func filesOfDone() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let done = spool + "/done"
      try FileManager.default.createDirectory(atPath: done + "/folder", withIntermediateDirectories: true)
      for name in ["a.ndjson", "b.ndjson", ".hidden"] {
        try "12345".write(toFile: done + "/" + name, atomically: false, encoding: .utf8)
      }
      try "x".write(toFile: spool + "/waiting.ndjson", atomically: false, encoding: .utf8)
      try FileManager.default.createSymbolicLink(
        atPath: done + "/link", withDestinationPath: spool + "/waiting.ndjson")
      // Its writer's time is long ago.
      var times = [timeval(tv_sec: 1_000_000, tv_usec: 0), timeval(tv_sec: 1_000_000, tv_usec: 0)]
      #expect(utimes(done + "/b.ndjson", &times) == 0)
      let log = MemorySink()
      let service = service(
        conninfo, spool, RetentionSettings(done: 90 * RetentionTests.day), log, role: .standby)
      var did = RetentionService.Done()
      let now = SystemClock().now()
      await service.runOnce(now: now + 89 * RetentionTests.day, &did)
      #expect(try files(done) == [".hidden", "a.ndjson", "b.ndjson", "folder", "link"])
      #expect(log.records.isEmpty)
      // The same day again: nothing is looked at.
      await service.runOnce(now: now + 89 * RetentionTests.day, &did)
      await service.runOnce(now: now + 91 * RetentionTests.day, &did)
      #expect(try files(done) == ["folder", "link"])
      #expect(try files(spool) == ["done", "waiting.ndjson"])
      #expect(
        log.records.map(\.message) == [
          "Deleted by the configured retention: 0 settled quarantine entries, 3 files of done/ (15 bytes)."
        ])
      #expect(log.records.first?["files"] == .integer(3))
    }
  }

  /// Only by the leader, only what is settled, more than one batch, once a day.
  @Test func settledQuarantine() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      _ = try await TestQuery.rows(
        conninfo,
        """
        INSERT INTO bizclock.quarantine (received_at, line, byte_offset, total_bytes, resolved_at, feed, origin, code,
          message, bytes, resolution)
        SELECT '2020-01-01Z', n, n, 1, CASE WHEN n > 3 THEN '2026-01-01Z'::timestamptz END, 'office', 'o', 'bad_json',
          '', 'x', CASE WHEN n > 3 THEN 'discarded' END FROM generate_series(1, 2503) n RETURNING id::text
        """)
      let left = "SELECT count(*)::text, count(resolved_at)::text FROM bizclock.quarantine"
      let log = MemorySink()
      let settings = RetentionSettings(quarantine: 366 * RetentionTests.day)
      let now = try #require(Instant(rfc3339: "2027-01-02T00:00:00Z"))
      var did = RetentionService.Done()
      await service(conninfo, spool, settings, log, role: .standby).runOnce(now: now + RetentionTests.day, &did)
      #expect(did.quarantine == nil)
      let leader = service(conninfo, spool, settings, log, role: .leading)
      await leader.runOnce(now: now + -RetentionTests.day, &did)
      #expect(try await TestQuery.rows(conninfo, left) == [["2503", "2500"]])
      await leader.runOnce(now: now + RetentionTests.day, &did)
      #expect(try await TestQuery.rows(conninfo, left) == [["3", "0"]])
      #expect(log.records.count == 1)
      #expect(log.records.first?["entries"] == .integer(2500))
    }
  }

  /// The whole daemon does it by itself.
  @Test func theDaemonDoesIt() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      try FileManager.default.createDirectory(atPath: spool + "/done", withIntermediateDirectories: true)
      try "1".write(toFile: spool + "/done/old.ndjson", atomically: false, encoding: .utf8)
      let configuration = DaemonTestBase.configuration(conninfo, spool: spool)
      let installation = Installation(
        configuration: configuration, database: DatabaseSource(conninfo: conninfo), cluster: nil)
      let log = MemorySink()
      let daemon = BizclockDaemon(
        database: installation.database, feeds: try installation.servedFeeds(try await installation.rulebook()),
        clock: ManualClock(SystemClock().now() + 10 * RetentionTests.day), log: log, holder: "test",
        retention: RetentionSettings(done: 5 * RetentionTests.day))
      let task = Task { try await daemon.run() }
      try await TestDeadline.within(TestDeadline.patience, "the file to be deleted") {
        for await record in log.stream() where record.message.contains("1 files of done/ (1 bytes)") { return }
        throw CancellationError()
      }
      task.cancel()
      _ = await task.result
      #expect(try files(spool + "/done") == [])
    }
  }
}
