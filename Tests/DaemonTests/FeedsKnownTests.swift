import Foundation
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// Every feed that a daemon serves is known from then on, whether it ever brings anything or not.
@Suite struct FeedsKnownTests {
  /// At the start and on a reload; with the source that is configured, and not watched where it need not be.
  @Test func fromTheStartAndByTheirConfiguration() async throws {
    try await DaemonTestBase.withDaemon { office in
      try await known(office, [["office", "office", "null"]])
      var configuration = DaemonTestBase.configuration(office.conninfo, spool: office.spool)
      configuration.feeds.append(FeedSettings(name: "hall", source: "hal", kind: .http))
      try office.reload(configuration)
      try await known(office, [["hall", "hal", "null"], ["office", "office", "null"]])
      configuration.feeds[1].source = "hall"
      configuration.feeds[1].silence = .plain(3_600_000_000)
      try office.reload(configuration)
      try await known(office, [["hall", "hall", "2026-09-14 00:00:00+00"], ["office", "office", "null"]])
      let health = try await office.query(
        """
        SELECT feed, last_event_at::text, lag_seconds::text, received::text, stalled::text
        FROM dashboard.feed_health ORDER BY feed
        """)
      #expect(health == [["hall", "null", "null", "0", "false"], ["office", "null", "null", "0", "false"]])
    }
  }

  /// A database that is away meanwhile is asked again.
  @Test func onceTheDatabaseAnswers() async throws {
    let server = try OwnServer()
    defer { server.remove() }
    try await server.start()
    let folder = try OfficeFolder(conninfo: server.conninfo)
    defer { folder.remove() }
    try await folder.migrate()
    let office = try await EmbeddedDaemon(
      conninfo: server.conninfo, spool: folder.spool, at: try #require(Instant(rfc3339: DaemonTestBase.start)),
      configuration: DaemonTestBase.configuration(server.conninfo, spool: folder.spool))
    try await known(office, [["office", "office", "null"]])
    try server.kill()
    var configuration = DaemonTestBase.configuration(server.conninfo, spool: folder.spool)
    configuration.feeds.append(FeedSettings(name: "hall", source: "hall", kind: .http))
    try office.reload(configuration)
    try await TestDeadline.within(TestDeadline.patience, "the feed to be served") {
      _ = await office.daemon.state.wait { $0.feedsRead.contains("hall") }
    }
    try await server.start()
    try await known(office, [["hall", "hall", "null"], ["office", "office", "null"]])
    await office.stop()
  }

  /// `status` says that nothing came yet.
  @Test func statusSaysThatNothingCame() async throws {
    try await DaemonTestBase.withDaemon { office in
      try await known(office, [["office", "office", "null"]])
      let environment = ["BIZCLOCK_DATABASE": office.conninfo]
      let run = try await ProgramRun.finished(["status"], environment: environment)
      let line = try #require(run.output.split(separator: "\n").last)
      #expect(
        line.split(separator: " ", omittingEmptySubsequences: true)
          == ["office", "–", "–", "–", "0", "0", "0", "0", "nothing", "yet"], "\(run.output)\(run.errors)")
      try office.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00")])
      try await office.projected(through: 1)
      let after = try await ProgramRun.finished(["status"], environment: environment)
      #expect(!after.output.contains("nothing yet") && after.output.contains("2026-09-14T07:59:00+08:00"))
    }
  }

  /// Waits until these feeds are known: name, source and since when each is watched.
  private func known(_ office: EmbeddedDaemon, _ feeds: [[String]]) async throws {
    try await TestDeadline.within(TestDeadline.patience, "the feeds \(feeds)") {
      while true {
        try Task.checkCancellation()
        let rows = try? await office.query(
          "SELECT name, source, watched_since::text FROM bizclock.feed ORDER BY name")
        if rows == feeds { return }
      }
    }
  }
}
