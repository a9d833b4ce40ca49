import Foundation
import Journal
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// A feed that brings nothing for longer than it may is told of once, on the instant, and what is raised meanwhile says
/// so.
@Suite struct FeedWatchTests {
  private static let plain = "2026-09-14T08:00:00+08:00"

  /// From the first sight of a feed that never delivered; then from its last delivery, each time anew.
  @Test func toldOnTheInstantAndTakenBack() async throws {
    try await with(silence: .plain(30 * 60_000_000)) { office in
      try await armed(office, "2026-09-14T08:30:00+08:00")
      office.clock.advance(to: instant("2026-09-14T08:29:59.999999+08:00"))
      try await office.settled(at: office.clock.now())
      #expect(office.lines(.feedStalled).isEmpty)
      office.clock.advance(to: instant("2026-09-14T08:30:00+08:00"))
      try await office.logged(.feedStalled)
      let line = try #require(office.lines(.feedStalled).first)
      #expect(
        line.message
          == "Feed office has brought nothing for 30m, and nothing before either: its cases may have moved on unseen."
      )
      #expect(line["feed"] == .text("office"))
      #expect(line["silence"] == .text("30m"))
      #expect(line["last_received_at"] == nil)
      #expect(line.priority == .warning)
      #expect(try await health(office) == [["office", "true", "0"]])

      office.clock.advance(to: instant("2026-09-14T08:40:00+08:00"))
      try office.put("1.ndjson", [accepted("C1")])
      try await office.logged(.feedResumed)
      #expect(office.lines(.feedResumed).first?["feed"] == .text("office"))
      #expect(try await health(office) == [["office", "false", "1"]])
      try await armed(office, "2026-09-14T09:10:00+08:00")
      // What comes meanwhile moves the instant without a word.
      office.clock.advance(to: instant("2026-09-14T09:09:00+08:00"))
      try office.put("2.ndjson", [accepted("C2")])
      try await office.projected(through: 2)
      office.clock.advance(to: instant("2026-09-14T09:10:00+08:00"))
      try await armed(office, "2026-09-14T09:39:00+08:00")
      #expect(office.lines(.feedStalled).count == 1)
      office.clock.advance(to: instant("2026-09-14T09:39:00+08:00"))
      try await stalled(office, times: 2)
      #expect(office.lines(.feedStalled).last?["last_received_at"] == .text("2026-09-14T09:09:00+08:00"))
      #expect(office.lines(.feedResumed).count == 1)
    }
  }

  /// Four hours of the office are over after the noon of the next day; a closure is no office time.
  @Test func officeTimeOfTheMainCalendar() async throws {
    try await with(silence: .officeTime(4 * 3_600_000_000), at: "2026-09-14T16:30:00+08:00") { office in
      // The midnight of the shares lies before it, and may be waited for before the feed is looked at.
      try await armed(office, "2026-09-15T00:00:00+08:00")
      try await TestDeadline.within(TestDeadline.patience, "the feed's watch") {
        while try await office.query("SELECT (watched_since IS NOT NULL)::text FROM bizclock.feed") != [["true"]] {
          try Task.checkCancellation()
        }
      }
      office.clock.advance(to: instant("2026-09-15T00:00:00+08:00"))
      try await armed(office, "2026-09-15T11:30:00+08:00")
      try await declare(office, from: "2026-09-15T09:00:00+08:00", to: "2026-09-15T11:00:00+08:00")
      // Past the closure's edges, which the leader waits for.
      try await office.advance(to: "2026-09-15T11:00:00+08:00")
      // 1 h on Monday, half an hour before the closure, 1 h after it, 1.5 h from 14:30.
      try await armed(office, "2026-09-15T16:00:00+08:00")
      office.clock.advance(to: instant("2026-09-15T16:00:00+08:00"))
      try await office.logged(.feedStalled)
      #expect(office.lines(.feedStalled).first?["silence"] == .text("4 working_hours"))
      // Told afterwards that the office was closed: by the rules of now it is not silent.
      try await declare(office, from: "2026-09-15T14:30:00+08:00", to: "2026-09-15T15:30:00+08:00")
      try await office.logged(.feedResumed)
      try await armed(office, "2026-09-15T17:00:00+08:00")
      #expect(try await health(office) == [["office", "false", "0"]])
    }
  }

  /// Neither a restart nor a second daemon says it again; taking the silence out takes the mark back.
  @Test func saidOnceWhoeverRuns() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let other = spool + "/other"
      try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
      let silence = Silence.plain(3_600_000_000)
      let first = try await FeedWatchTests.daemon(conninfo, spool, silence)
      let second = try await FeedWatchTests.daemon(conninfo, other, silence)
      for office in [first, second] { try await armed(office, "2026-09-14T09:00:00+08:00") }
      for office in [first, second] { office.clock.advance(to: instant("2026-09-14T09:00:00+08:00")) }
      try await TestDeadline.within(TestDeadline.patience, "the mark") {
        while try await FeedWatchTests.health(first) != [["office", "true", "0"]] { try Task.checkCancellation() }
      }
      for office in [first, second] { try await disarmed(office, or: "2026-09-15T00:00:00+08:00") }
      await first.stop()
      await second.stop()
      #expect(first.lines(.feedStalled).count + second.lines(.feedStalled).count == 1)

      let again = try await FeedWatchTests.daemon(conninfo, spool, silence, at: "2026-09-14T12:00:00+08:00")
      try await again.logged(.ready)
      try again.put("1.ndjson", [accepted("C1")])
      try await again.logged(.feedResumed)
      try await armed(again, "2026-09-14T13:00:00+08:00")
      again.clock.advance(to: instant("2026-09-14T13:00:00+08:00"))
      try await stalled(again, times: 1)
      await again.stop()
      #expect(again.lines(.feedStalled).first?["last_received_at"] == .text("2026-09-14T12:00:00+08:00"))

      let trusting = try await FeedWatchTests.daemon(conninfo, spool, nil, at: "2026-09-14T14:00:00+08:00")
      try await trusting.logged(.feedResumed)
      #expect(try await FeedWatchTests.health(trusting) == [["office", "false", "1"]])
      await trusting.stop()
    }
  }

  /// What lies in the directory came while nobody was there: the feed was not silent.
  @Test func whatWaitedAtTheStartCounts() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let before = try await FeedWatchTests.daemon(conninfo, spool, .plain(3_600_000_000))
      try before.put("1.ndjson", [accepted("C1")])
      try await before.projected(through: 1)
      await before.stop()
      try before.put("2.ndjson", [accepted("C2")])
      // It cannot be taken in at once.
      let holding = try await Connection.connect(conninfo)
      try await holding.run { session in
        try session.script(
          """
          CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
          CREATE TRIGGER held BEFORE INSERT ON bizclock.event FOR EACH ROW EXECUTE FUNCTION held();
          SELECT pg_advisory_lock(1);
          """)
      }
      let after = try await FeedWatchTests.daemon(
        conninfo, spool, .plain(3_600_000_000), at: "2026-09-14T18:00:00+08:00")
      try await TestDeadline.within(TestDeadline.patience, "the append to wait") {
        let blocked =
          "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"
        while try await TestQuery.rows(conninfo, blocked) == [["0"]] { try Task.checkCancellation() }
      }
      // As long as several looks at it would take.
      try await holding.run { session in
        for _ in 0..<4 { _ = try RuleLoader.load(&session) }
        #expect(try session.execute("SELECT NOT bool_or(stalled) FROM bizclock.feed").bool(0, 0))
        _ = try session.execute("SELECT pg_advisory_unlock(1)::text")
      }
      await holding.close()
      try await armed(after, "2026-09-14T19:00:00+08:00")
      await after.stop()
      #expect(after.lines(.feedStalled).isEmpty)
    }
  }

  /// Raised while a feed that brings the case's events is silent: the alert and its line say so, those of other cases
  /// and later ones do not.
  @Test func alertsSaySo() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let tax = spool + "/tax"
      try FileManager.default.createDirectory(atPath: tax, withIntermediateDirectories: true)
      var configuration = DaemonTestBase.configuration(conninfo, spool: spool)
      configuration.feeds[0].silence = .plain(3_600_000_000)
      configuration.feeds.append(FeedSettings(name: "tax", source: "tax-bureau", directory: tax, format: .ndjson))
      let office = try await EmbeddedDaemon(
        conninfo: conninfo, spool: spool, at: instant(FeedWatchTests.plain), configuration: configuration)
      try office.put("1.ndjson", [accepted("C1"), accepted("C2")])
      try await office.projected(through: 2)
      for (number, line) in [
        accepted("T1"), DaemonTestBase.event("C2", "step_started", "2026-09-14T07:59:30+08:00"),
      ].enumerated() {
        try "\(line)\n".write(toFile: "\(tax)/\(number).part", atomically: false, encoding: .utf8)
        #expect(rename("\(tax)/\(number).part", "\(tax)/\(number).ndjson") == 0)
      }
      try await office.projected(through: 4)
      office.clock.advance(to: instant("2026-09-14T12:00:00+08:00"))
      try await office.logged(.feedStalled)
      try await office.advance(to: "2026-09-15T16:12:00+08:00")
      func flags() -> [String: Bool] {
        Dictionary(
          office.lines(.alertRaised).compactMap { line in
            guard case .text(let id)? = line["alert_id"] else { return nil }
            return (id, line["feed_stalled"] == .bool(true))
          }, uniquingKeysWith: { $0 && $1 })
      }
      // The tax bureau's feed is not silent, but C2's other one is.
      #expect(
        flags() == [
          "C1/one_day/1/yellow/1": true, "C2/one_day/1/yellow/1": true, "T1/one_day/1/yellow/1": false,
        ])
      let line = office.lines(.alertRaised).first { $0["case_id"] == .text("C1") }
      #expect(
        line?.message.hasSuffix("A feed that brings its events is silent: it may have moved on unseen.") == true)
      // Known by what comes in: a case of the silent feed that another moves on.
      let late = DaemonTestBase.event("C1", "inspected", "2026-09-14T09:00:00+08:00")
      office.clock.advance(to: instant("2026-09-15T17:30:00+08:00"))
      try "\(late)\n".write(toFile: "\(tax)/9.ndjson", atomically: true, encoding: .utf8)
      try await office.projected(through: 5)
      try await office.settled(at: office.clock.now())
      #expect(flags()["C1/one_day/1/red/1"] == true)
      #expect(flags()["T1/one_day/1/red/1"] == false)
      try office.put("2.ndjson", [accepted("C3")])
      try await office.logged(.feedResumed)
      try await office.advance(to: "2026-09-15T18:00:00+08:00")
      try office.put("3.ndjson", [accepted("C4")])
      try await office.projected(through: 7)
      // Silent again from 19:00 on; due on Wednesday at the close.
      office.clock.advance(to: instant("2026-09-15T19:00:00+08:00"))
      try await stalled(office, times: 2)
      try await office.advance(to: "2026-09-16T17:30:00+08:00")
      #expect(flags()["C1/opening/1/red/1"] == true)
      let rows = try await office.query(
        """
        SELECT feed_stalled::text, string_agg(DISTINCT case_id, ' ') FROM dashboard.alert GROUP BY 1 ORDER BY 1
        """)
      await office.stop()
      #expect(rows == [["false", "C3 C4 T1"], ["true", "C1 C2 C3 C4"]])
    }
  }

  // MARK: - Parts

  private func with(
    silence: Silence?, at start: String = plain, _ body: @Sendable (EmbeddedDaemon) async throws -> Void
  ) async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let office = try await FeedWatchTests.daemon(conninfo, spool, silence, at: start)
      do { try await body(office) } catch {
        await office.stop()
        throw error
      }
      await office.stop()
    }
  }

  private static func daemon(
    _ conninfo: String, _ spool: String, _ silence: Silence?, at start: String = plain
  ) async throws -> EmbeddedDaemon {
    var configuration = DaemonTestBase.configuration(conninfo, spool: spool)
    configuration.feeds[0].silence = silence
    return try await EmbeddedDaemon(
      conninfo: conninfo, spool: spool, at: try #require(Instant(rfc3339: start)), configuration: configuration)
  }

  /// Waits until the clock's alarm is set to an instant: nobody polls.
  /// Waits until nothing but the shares' midnight is waited for, or nothing: who stands by waits for none.
  private func disarmed(_ office: EmbeddedDaemon, or midnight: String) async throws {
    let midnight = instant(midnight)
    let clock = office.clock
    try await TestDeadline.within(TestDeadline.patience, "an alarm that is free") {
      for await instant in clock.alarms() where instant == nil || instant == midnight { return }
      throw CancellationError()
    }
  }

  private func armed(_ office: EmbeddedDaemon, _ text: String) async throws {
    let expected = instant(text)
    let clock = office.clock
    try await TestDeadline.within(TestDeadline.patience, "the alarm at \(text)") {
      for await instant in clock.alarms() where instant == expected { return }
      throw CancellationError()
    }
  }

  private func stalled(_ office: EmbeddedDaemon, times: Int) async throws {
    let log = office.log
    try await TestDeadline.within(TestDeadline.patience, "feed.stalled \(times) times") {
      var left = times
      for await record in log.stream() where record.event == .feedStalled {
        left -= 1
        if left == 0 { return }
      }
    }
  }

  private func health(_ office: EmbeddedDaemon) async throws -> [[String]] {
    try await FeedWatchTests.health(office)
  }

  private static func health(_ office: EmbeddedDaemon) async throws -> [[String]] {
    try await office.query("SELECT feed, stalled::text, received::text FROM dashboard.feed_health")
  }

  private func declare(_ office: EmbeddedDaemon, from: String, to: String) async throws {
    let (from, to, now) = (instant(from), instant(to), office.clock.now())
    let connection = try await Connection.connect(office.conninfo)
    _ = try await connection.run { session in
      let desk = try ClosureDesk(&session)
      return try desk.apply(
        try desk.begin(calendar: "cn", name: "台风停工", from: from, to: to), by: "test", reason: "typhoon",
        retrospectiveAfter: 86_400_000_000, now: now, on: &session)
    }
    await connection.close()
  }

  private func accepted(_ caseID: String) -> String {
    DaemonTestBase.event(caseID, "accepted", "2026-09-14T07:59:00+08:00")
  }

  private func instant(_ text: String) -> Instant { Instant(rfc3339: text) ?? Instant(microseconds: 0) }
}
