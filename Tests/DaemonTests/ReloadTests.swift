import Foundation
import Glibc
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// Another configuration under a daemon that runs.
@Suite struct ReloadTests {
  /// A feed that is added takes its files in, one that is removed takes none, the other goes on.
  @Test func feedsComeAndGo() async throws {
    try await with { office, tax in
      let change = try office.reload(configuration(office, tax))
      #expect(change == FeedChange(added: ["tax"], changed: [], removed: []))
      try put(tax, "1.ndjson", [event("T1")])
      try await office.projected(through: 1)
      try office.put("1.ndjson", [event("C1")])
      try await office.projected(through: 2)

      var without = configuration(office, tax)
      without.feeds.removeFirst()
      #expect(try office.reload(without) == FeedChange(added: [], changed: [], removed: ["office"]))
      try await ended("office", office)
      try put(office.spool, "2.ndjson", [event("C2")])
      try put(tax, "2.ndjson", [event("T2")])
      try await office.projected(through: 3)
      #expect(access(office.spool + "/2.ndjson", F_OK) == 0)
      // Back again: what was left lies there.
      try office.reload(configuration(office, tax))
      try await office.projected(through: 4)
      let counts = try await office.query(
        "SELECT feed, received::text, duplicates::text FROM dashboard.feed_health ORDER BY feed")
      #expect(counts == [["office", "2", "0"], ["tax", "2", "0"]])
    }
  }

  /// Another source and other fields hold from the next file on.
  @Test func aChangedFeedIsReadOtherwise() async throws {
    try await with { office, tax in
      try office.put("1.ndjson", [event("C1")])
      try await office.projected(through: 1)
      var other = DaemonTestBase.configuration(office.conninfo, spool: office.spool)
      other.feeds[0].source = "another"
      #expect(try office.reload(other) == FeedChange(added: [], changed: ["office"], removed: []))
      try office.put("2.ndjson", [event("C1")])
      try await office.projected(through: 2)
      let sources = try await office.query("SELECT source FROM bizclock.event ORDER BY position")
      #expect(sources == [["office"], ["another"]])
      // To another directory, with what lies there.
      try put(tax, "3.ndjson", [event("C3")])
      other.feeds[0].directory = tax
      #expect(try office.reload(other).changed == ["office"])
      try await office.projected(through: 3)
      // The same again changes nothing, whatever processes the policy names by now.
      let same = try Installation(
        configuration: other, database: office.daemon.database, cluster: nil
      ).servedFeeds(processes: ["something_else"])
      #expect(
        office.daemon.reload(feeds: same, settings: office.daemon.settings, retention: RetentionSettings()).isEmpty)
    }
  }

  /// A file in hand is read to its end by the settings under which it was begun; the next by the new ones, and none is
  /// read twice. The same directory has one reader at a time.
  @Test func theFileInHandIsFinished() async throws {
    try await with { office, _ in
      let barrier = try await Barrier("bizclock.feed", office.conninfo)
      // More than one batch.
      try office.put("1.ndjson", (1...250).map { event("C\($0)") })
      try await barrier.reached()
      var renamed = DaemonTestBase.configuration(office.conninfo, spool: office.spool)
      renamed.feeds[0].name = "desk"
      renamed.feeds[0].source = "desk"
      #expect(
        try office.reload(renamed) == FeedChange(added: ["desk"], changed: [], removed: ["office"]))
      // And once more: nothing piles up.
      #expect(try office.reload(renamed).isEmpty)
      try office.put("2.ndjson", [event("D1")])
      await barrier.open()
      try await office.projected(through: 251)
      let counts = try await office.query(
        "SELECT name, received::text, duplicates::text FROM bizclock.feed ORDER BY name")
      #expect(counts == [["desk", "1", "0"], ["office", "250", "0"]])
      for name in ["1.ndjson", "2.ndjson"] { #expect(access("\(office.spool)/done/\(name)", F_OK) == 0) }
    }
  }

  /// Other settings of a feed while a file is written: it is read when it is closed, and not before.
  @Test func aFileBeingWrittenWaitsThroughAReload() async throws {
    try await with { office, _ in
      try office.put("1.ndjson", [event("C1")])
      try await office.projected(through: 1)
      let writer = open(office.spool + "/slow.ndjson", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      try write(writer, event("S1"))
      var other = DaemonTestBase.configuration(office.conninfo, spool: office.spool)
      for (index, source) in ["another", "a third"].enumerated() {
        other.feeds[0].source = source
        #expect(try office.reload(other).changed == ["office"])
        try office.put("2.ndjson", [event("C2")])
        try await office.projected(through: Int64(2 + index))
        #expect(access(office.spool + "/slow.ndjson", F_OK) == 0)
      }
      try write(writer, event("S2"))
      close(writer)
      try await office.projected(through: 5)
      let cases = try await office.query("SELECT case_id FROM bizclock.event WHERE position > 3 ORDER BY position")
      #expect(cases == [["S1"], ["S2"]])
    }
  }

  /// A feed that is added while somebody writes into its directory: what was changed a moment ago waits.
  @Test func aFileBeingWrittenIntoADirectoryThatIsAdded() async throws {
    try await with { office, tax in
      // Until its first look the daemon starts.
      let state = office.daemon.state
      try await TestDeadline.within(TestDeadline.patience, "the first look") {
        _ = await state.wait { !$0.feedsSeen.isEmpty }
      }
      let writer = open(tax + "/slow.ndjson", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      try write(writer, event("S1"))
      try put(tax, "1.ndjson", [event("T1")])
      #expect(try office.reload(configuration(office, tax)).added == ["tax"])
      try await office.projected(through: 1)
      #expect(access(tax + "/slow.ndjson", F_OK) == 0)
      try write(writer, event("S2"))
      close(writer)
      try await office.projected(through: 3)
    }
  }

  /// A reload while a feed is at work does not disturb it: it is the same reader that goes on.
  @Test func anUnchangedFeedGoesOn() async throws {
    try await with { office, tax in
      let barrier = try await Barrier("bizclock.feed", office.conninfo)
      try office.put("1.ndjson", (1...250).map { event("C\($0)") })
      try await barrier.reached()
      try office.reload(configuration(office, tax))
      try office.reload(DaemonTestBase.configuration(office.conninfo, spool: office.spool))
      await barrier.open()
      try await office.projected(through: 250)
      #expect(office.daemon.state.snapshot.feedsSeen.contains("office"))
      let counts = try await office.query(
        "SELECT received::text, duplicates::text FROM bizclock.feed WHERE name = 'office'")
      #expect(counts == [["250", "0"]])
    }
  }

  /// Before the daemon runs, and before it serves: a feed that is gone is not waited for.
  @Test func aReloadBeforeItServes() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      var broken = DaemonTestBase.configuration(conninfo, spool: spool)
      broken.feeds.append(FeedSettings(name: "gone", source: "gone", directory: spool + "/nowhere"))
      let installation = Installation(
        configuration: broken, database: DatabaseSource(conninfo: conninfo), cluster: nil)
      let log = MemorySink()
      let daemon = BizclockDaemon(
        database: installation.database, feeds: try installation.servedFeeds(processes: ["opening"]),
        clock: ManualClock(Instant(rfc3339: DaemonTestBase.start) ?? .earliest), log: log, holder: "test")
      daemon.reload(
        feeds: try installation.servedFeeds(processes: ["opening"]).filter { $0.description.name != "gone" },
        settings: ProjectorSettings(), retention: RetentionSettings())
      let task = Task { try await daemon.run() }
      try await TestDeadline.within(TestDeadline.patience, "ready") { _ = await daemon.state.wait { $0.isReady } }
      task.cancel()
      _ = await task.result
      #expect(log.records.contains { $0.message.contains("takes in 1 feed.") })
      #expect(!log.records.contains { $0.message.contains("nowhere") })
    }
  }

  /// The leader takes over what counts as history.
  @Test func retrospectiveAfterIsTakenOver() async throws {
    try await with { office, _ in
      var paging = DaemonTestBase.configuration(office.conninfo, spool: office.spool)
      paging.alerts.retrospectiveAfter = 10_000 * 3_600_000_000
      try office.reload(paging)
      try office.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-08-03T09:00:00+08:00")])
      try await office.projected(through: 1)
      try await office.settled(at: office.clock.now())
      #expect(office.alerts().contains("C1/opening/1/red/1"))
      try office.reload(DaemonTestBase.configuration(office.conninfo, spool: office.spool))
      try office.put("2.ndjson", [DaemonTestBase.event("C2", "accepted", "2026-08-03T09:00:00+08:00")])
      try await office.projected(through: 2)
      try await office.advance(to: "2026-09-14T08:00:01+08:00")
      let history = try await office.query(
        "SELECT DISTINCT case_id, retrospective::text FROM dashboard.alert ORDER BY case_id")
      #expect(history == [["C1", "false"], ["C2", "true"]])
    }
  }

  /// How long things are kept is asked anew each day.
  @Test func retentionIsTakenOver() async throws {
    try await with { office, _ in
      var keeping = DaemonTestBase.configuration(office.conninfo, spool: office.spool)
      keeping.retention = RetentionSettings(quarantine: nil, done: 7_776_000_000_000)
      try office.reload(keeping)
      #expect(office.daemon.retention == keeping.retention)
      try office.reload(DaemonTestBase.configuration(office.conninfo, spool: office.spool))
      #expect(office.daemon.retention == RetentionSettings())
    }
  }

  /// A silent feed that is taken out bears no mark any longer; another that is silent keeps its own.
  @Test func aRemovedFeedIsSilentNoLonger() async throws {
    try await with { office, tax in
      var silent = configuration(office, tax)
      for index in silent.feeds.indices { silent.feeds[index].silence = .plain(3_600_000_000) }
      try office.reload(silent)
      try await stalled(office, ["office": false, "tax": false])
      office.clock.advance(to: Instant(rfc3339: "2026-09-14T09:00:00+08:00") ?? .earliest)
      try await stalled(office, ["office": true, "tax": true])
      silent.feeds.removeLast()
      #expect(try office.reload(silent).removed == ["tax"])
      try await office.logged(.feedResumed)
      try await stalled(office, ["office": true, "tax": false])
      #expect(
        office.lines(.feedResumed).map(\.message) == [
          "Feed tax counts as silent no longer: it is not configured any more."
        ])
      // A restart with none of them, and nobody else on the database: nobody watches it.
      await office.stop()
      let alone = try await EmbeddedDaemon(
        conninfo: office.conninfo, spool: tax, at: office.clock.now(),
        configuration: Configuration(database: .conninfo(office.conninfo)))
      try await alone.logged(.feedResumed)
      try await stalled(alone, ["office": false, "tax": false])
      await alone.stop()
    }
  }

  /// The mark that another daemon set stays while that one runs.
  @Test func anotherDaemonsMarkStays() async throws {
    try await with { office, tax in
      var silent = DaemonTestBase.configuration(office.conninfo, spool: office.spool)
      silent.feeds[0].silence = .plain(3_600_000_000)
      try office.reload(silent)
      try await stalled(office, ["office": false])
      office.clock.advance(to: Instant(rfc3339: "2026-09-14T09:00:00+08:00") ?? .earliest)
      try await stalled(office, ["office": true])
      var configuration = Configuration(database: .conninfo(office.conninfo))
      configuration.feeds = [FeedSettings(name: "tax", source: "tax", directory: tax, silence: .plain(60_000_000))]
      let other = try await EmbeddedDaemon(
        conninfo: office.conninfo, spool: tax, at: office.clock.now(), holder: "other", configuration: configuration
      )
      // Its own is marked, and taken off when it is removed: by then it looked at the marks twice.
      try await stalled(office, ["office": true, "tax": false])
      other.clock.advance(by: 61_000_000)
      try await stalled(office, ["office": true, "tax": true])
      try other.reload(Configuration(database: .conninfo(office.conninfo)))
      try await other.logged(.feedResumed)
      try await stalled(office, ["office": true, "tax": false])
      await other.stop()
    }
  }

  // MARK: - Parts

  private func with(_ body: @Sendable (EmbeddedDaemon, String) async throws -> Void) async throws {
    try await DaemonTestBase.withDaemon { office in
      let tax = office.spool + "/tax"
      try FileManager.default.createDirectory(atPath: tax, withIntermediateDirectories: true)
      try await body(office, tax)
    }
  }

  private func configuration(_ office: EmbeddedDaemon, _ tax: String) -> Configuration {
    var configuration = DaemonTestBase.configuration(office.conninfo, spool: office.spool)
    configuration.feeds.append(FeedSettings(name: "tax", source: "tax", directory: tax, format: .ndjson))
    return configuration
  }

  /// The first name is kept: a file with two is known to be complete, also in a directory that was not watched before.
  private func put(_ directory: String, _ name: String, _ lines: [String]) throws {
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: "\(directory)/\(name).part", atomically: false, encoding: .utf8)
    #expect(link("\(directory)/\(name).part", "\(directory)/\(name)") == 0)
  }

  private func write(_ writer: Int32, _ line: String) throws {
    let line = line + "\n"
    #expect(Glibc.write(writer, line, line.utf8.count) == line.utf8.count)
  }

  private func event(_ caseID: String) -> String {
    DaemonTestBase.event(caseID, "accepted", "2026-09-14T07:59:00+08:00")
  }

  /// Waits until nobody reads a feed.
  private func ended(_ name: String, _ office: EmbeddedDaemon) async throws {
    let state = office.daemon.state
    try await TestDeadline.within(TestDeadline.patience, "the end of feed \(name)") {
      _ = await state.wait { !$0.feedsSeen.contains(name) }
    }
  }

  /// Waits until the silence of feeds is watched, and they are marked or not.
  private func stalled(_ office: EmbeddedDaemon, _ marks: [String: Bool]) async throws {
    let conninfo = office.conninfo
    try await TestDeadline.within(TestDeadline.patience, "the marks \(marks)") {
      while true {
        try Task.checkCancellation()
        let rows = try await TestQuery.rows(
          conninfo, "SELECT name, stalled::text FROM bizclock.feed WHERE watched_since IS NOT NULL")
        if Dictionary(rows.map { ($0[0], $0[1] == "true") }, uniquingKeysWith: { $1 }) == marks { return }
      }
    }
  }
}
