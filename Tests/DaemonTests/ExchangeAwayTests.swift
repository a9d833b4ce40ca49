import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// A feed whose exchange database cannot be read counts as silent until it is read again.
@Suite struct ExchangeAwayTests {
  private static let stalled = "SELECT stalled::text FROM bizclock.feed WHERE name = 'exchange'"

  private func becomes(_ isStalled: Bool, _ conninfo: String) async throws {
    try await TestDeadline.within(TestDeadline.patience, "the mark to be \(isStalled)") {
      while try await TestQuery.rows(conninfo, Self.stalled) != [["\(isStalled)"]] { try Task.checkCancellation() }
    }
  }

  /// Marked with what is raised meanwhile, over a restart too, and unmarked when it is back; with and without a time
  /// after which it counts as silent.
  @Test(arguments: [nil, Silence.plain(86_400_000_000)]) func itIsMarked(_ silence: Silence?) async throws {
    try await ExchangeDesk.withNode { node, conninfo, spool in
      let desk = try ExchangeDesk(conninfo: conninfo, upstream: node.tcp, at: "2026-09-15T10:00:00+08:00")
      var feed = desk.feed
      feed.silence = silence
      feed.exchange.poll = 1_000_000
      let configuration = Configuration(database: .conninfo(conninfo), feeds: [feed])
      let alerts = "SELECT commitment, level, feed_stalled::text FROM bizclock.alert ORDER BY level_at, 1, 2"
      try await desk.accept("1", "C1", "2026-09-14 09:00", written: ExchangeReaderTests.now)

      let first = try await EmbeddedDaemon(
        conninfo: conninfo, spool: spool, at: desk.clock.now(), configuration: configuration)
      try await first.projected(through: 2)
      try node.kill()
      try await first.logged(.feedStalled)
      try await becomes(true, conninfo)
      try await first.advance(to: "2026-09-15T17:30:00+08:00")
      let raised = try await desk.rows(alerts)
      #expect(!raised.isEmpty && raised.allSatisfy { $0[2] == "true" }, "\(raised)")
      await first.stop()

      let second = try await EmbeddedDaemon(
        conninfo: conninfo, spool: spool, at: first.clock.now(), configuration: configuration)
      try await second.logged(.feedStalled)
      try await TestDeadline.within(TestDeadline.patience, "the first reading") {
        _ = await second.daemon.state.wait { $0.feedsRead.contains("exchange") }
      }
      // The watch looks whenever other rules come into force or some feed delivers again.
      _ = try await desk.rows("SELECT pg_notify('bizclock_feed', '')::text")
      try await second.advance(to: "2026-09-16T17:30:00+08:00")
      let all = try await desk.rows(alerts)
      #expect(all.count > raised.count && all.allSatisfy { $0[2] == "true" }, "\(all)")

      try await Task.detached { try node.start() }.value
      try await desk.accept("2", "C2", "2026-09-16 09:00", written: ExchangeReaderTests.now)
      try await second.projected(through: 4)
      try await becomes(false, conninfo)
      await second.stop()
      #expect(
        second.lines(.feedResumed).map(\.message) == ["Feed exchange: the exchange database is read again."])
      #expect(first.lines(.feedResumed).isEmpty && second.lines(.feedStalled).count == 1)
    }
  }

  /// What some tables bring takes no mark back while another cannot be read; what comes later does.
  @Test func notAllOfItIsRead() async throws {
    try await ExchangeDesk.with { desk in
      var reader = try desk.reader()
      reader.wasAway = true
      try await desk.accept("1", "C1", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      _ = try await reader.round()
      _ = try await desk.rows("UPDATE bizclock.feed SET stalled = true")
      try await desk.accept("2", "C2", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      desk.clock.advance(by: 1_000_000)
      _ = try await reader.round()
      #expect(try await desk.total() == 4)
      let feed = "SELECT stalled::text, (last_received_at = '2026-09-15 10:00:01+08')::text FROM bizclock.feed"
      #expect(try await desk.rows(feed) == [["true", "true"]])
      #expect(!desk.log.records.contains { $0.event == .feedResumed })
      reader.wasAway = false
      try await desk.accept("3", "C3", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      _ = try await reader.round()
      await reader.close()
      #expect(try await desk.rows(Self.stalled) == [["false"]])
      #expect(desk.log.records.count { $0.event == .feedResumed } == 1)
    }
  }
}
