import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import Synchronization
import TestSupport
import Testing

@testable import Daemon

/// A whole office's clocks reach a level at one instant: a line each, none twice, none missing, and a summary; events
/// go on being projected meanwhile.
///
/// 20,000 clocks, or 100,000 with `BIZCLOCK_BURST` in the environment.
@Suite(.serialized, .alone) struct BurstTests {
  static let count = ProcessInfo.processInfo.environment["BIZCLOCK_BURST"] == nil ? 20_000 : 100_000
  /// Events of each of the loads that come while lines are written: as many as three turns project.
  private static let load = 600
  private static let turn = 200
  /// The tenths of the lines after which a load comes.
  private static let tenths = [2, 5]

  /// The end of the day before the notice's last: the notices were all published on 14 September.
  private static let instant = "2026-09-21T00:00:00+08:00"

  private static func notice(_ caseID: String, _ at: String) -> Event {
    var event = Event(
      caseID: Identifier(caseID), source: "burst", eventID: "1", type: "notice_published",
      occurredAt: Instant(rfc3339: at) ?? .earliest)
    event.process = "deregistration"
    event.region = "469005101"
    return event
  }

  private static func append(_ events: [Event], at now: Instant, _ conninfo: String) async throws -> Int64 {
    let connection = try await DatabaseSource(conninfo: conninfo).connect(.append)
    let position = try await connection.run { session in
      var appender = Appender()
      var outcome = AppendOutcome()
      var rest = events[...]
      while !rest.isEmpty {
        outcome += try appender.append(
          AppendBatch(feed: "burst", source: "burst", events: Array(rest.prefix(20_000)), receivedAt: now),
          on: &session)
        rest = rest.dropFirst(20_000)
      }
      #expect(outcome.new == events.count)
      return outcome.position
    }
    await connection.close()
    return position
  }

  /// Appends a load of new cases at the instant; gives its last position.
  private static func append(load name: String, _ conninfo: String) async throws -> Int64 {
    let events = (0..<load).map { notice("\(name)-\($0)", instant) }
    return try await append(events, at: Instant(rfc3339: instant) ?? .earliest, conninfo)
  }

  /// Hands a body a database in which that many clocks wait for one instant.
  private static func withClocks(_ body: @Sendable (String) async throws -> Void) async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let office = try await DaemonTestBase.daemon(conninfo, spool, at: DaemonTestBase.start)
      let events = (0..<count).map { notice("B\($0)", "2026-09-14T07:59:00+08:00") }
      let last = try await append(events, at: office.clock.now(), conninfo)
      let state = office.daemon.state
      try await TestDeadline.within(.seconds(600), "the clocks") { _ = await state.wait { $0.position >= last } }
      await office.stop()
      // Each time the projections move: how many lines wait at that moment.
      let connection = try await Connection.connect(conninfo)
      try await connection.run { session in
        try session.script(
          """
          CREATE TABLE public.mark (position int8, waiting int8);
          CREATE FUNCTION public.mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO public.mark
            SELECT new.position, (SELECT count(*) FROM bizclock.alert WHERE logged_at IS NULL);
            RETURN NULL;
          END $$;
          CREATE TRIGGER mark AFTER UPDATE ON bizclock.projector FOR EACH ROW
            WHEN (old.position < new.position) EXECUTE FUNCTION public.mark();
          """)
      }
      await connection.close()
      try await body(conninfo)
    }
  }

  /// Runs a daemon whose clock passes the instant until every line was written; says how long that took.
  private static func burst(
    _ conninfo: String, to log: any LogSink, meanwhile: @Sendable () async throws -> Void = {}
  ) async throws -> Duration {
    let clock = ManualClock(Instant(rfc3339: instant) ?? .earliest)
    var settings = ProjectorSettings()
    settings.batch = turn
    let daemon = BizclockDaemon(
      database: DatabaseSource(conninfo: conninfo), feeds: [], clock: clock, log: log, settings: settings,
      holder: "burst")
    let begun = ContinuousClock.now
    var took = Duration.zero
    let running = Task { try await daemon.run() }
    do {
      try await meanwhile()
      let at = clock.now()
      try await TestDeadline.within(.seconds(600), "all lines to be written") {
        _ = await daemon.state.wait { $0.levelsThrough.map { $0 >= at } ?? false }
      }
      took = ContinuousClock.now - begun
      try await TestDeadline.within(.seconds(600), "the summary to be written") {
        while try await TestQuery.rows(
          conninfo,
          """
          SELECT (SELECT count(*) FROM bizclock.alert WHERE logged_at IS NOT NULL)::text,
            (SELECT count(*) FROM bizclock.log_outbox)::text
          """) != [["\(count)", "0"]]
        { try Task.checkCancellation() }
      }
    } catch {
      running.cancel()
      _ = await running.result
      throw error
    }
    running.cancel()
    _ = await running.result
    return took
  }

  private static var expected: Set<String> { Set((0..<count).map { "B\($0)/dereg_notice/1/yellow/1" }) }

  @Test func toTheJournal() async throws {
    try await BurstTests.withClocks { conninfo in
      // At each of these counts a load is appended; the reader goes on once it is.
      let reader = try BurstReader(haltingAt: BurstTests.tenths.map { BurstTests.count / 10 * $0 })
      let sink = JournalSink(path: reader.path, patience: 1_000)
      let positions = Mutex<[Int64]>([])
      let took = try await BurstTests.burst(conninfo, to: sink) {
        for await lines in reader.halts {
          defer { reader.goOn() }
          let position = try await BurstTests.append(load: "M\(lines)", conninfo)
          let appended = positions.withLock { positions in
            positions.append(position)
            return positions.count
          }
          if appended == BurstTests.tenths.count { break }
        }
      }
      let got = await reader.finish()
      #expect(got.alerts.count == BurstTests.count)
      #expect(Set(got.alerts) == BurstTests.expected)
      #expect(got.summaries == ["\(BurstTests.count)"])

      let found = try await TestQuery.rows(
        conninfo, "SELECT position::text, waiting::text FROM public.mark ORDER BY position")
      let marks = found.compactMap { row in
        Int64(row[0]).flatMap { position in Int(row[1]).map { (position: position, waiting: $0) } }
      }
      #expect(marks.count >= BurstTests.tenths.count * BurstTests.load / BurstTests.turn)
      for position in positions.withLock({ $0 }) {
        // Its last part may come after the last lines, when few are left.
        let waiting = marks.first { $0.position > position - Int64(BurstTests.load) }?.waiting ?? 0
        #expect(waiting > 0, "the load up to \(position) was projected only after the last line")
      }
      // Between two parts of a load lines were written, unless the journal took none just then.
      for (one, next) in zip(marks, marks.dropFirst()) where got.refusals == 0 && one.waiting > 0 {
        #expect(next.waiting < one.waiting, "no line was written between \(one.position) and \(next.position)")
      }
      try await BurstTests.expectProven(conninfo)
      print("\(BurstTests.count) lines to the journal in \(took), refused \(got.refusals) times")
      print("lines waiting as events were projected: \(marks.map(\.waiting))")
    }
  }

  @Test func toAFile() async throws {
    try await BurstTests.withClocks { conninfo in
      let path = NSTemporaryDirectory() + "burst-\(UUID().uuidString)"
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      try #require(descriptor >= 0)
      defer {
        close(descriptor)
        unlink(path)
      }
      let sink = JSONLineSink(descriptor: descriptor)
      let took = try await BurstTests.burst(conninfo, to: sink) {
        _ = try await BurstTests.append(load: "M", conninfo)
      }
      #expect(sink.dropped == 0)
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      func value(_ line: Substring, _ key: String) -> String? {
        line.range(of: "\"\(key)\":").map { found in
          String(line[found.upperBound...].drop { $0 == "\"" }.prefix { $0 != "\"" && $0 != "," && $0 != "}" })
        }
      }
      let alerts = lines.filter { value($0, "event") == "alert.raised" }.compactMap { value($0, "alert_id") }
      #expect(alerts.count == BurstTests.count)
      #expect(Set(alerts) == BurstTests.expected)
      let summaries = lines.filter { value($0, "event") == "alert.summary" }
      #expect(summaries.map { value($0, "raised") } == ["\(BurstTests.count)"])
      try await BurstTests.expectProven(conninfo)
      print("burst: \(BurstTests.count) lines to a file in \(took)")
    }
  }

  /// A daemon that is ended in the middle, and again: the next one tells the rest; none goes missing, and few repeat.
  @Test func endedInTheMiddle() async throws {
    try await BurstTests.withClocks { conninfo in
      let log = MemorySink()
      for part in 1...3 {
        let daemon = BizclockDaemon(
          database: DatabaseSource(conninfo: conninfo), feeds: [],
          clock: ManualClock(Instant(rfc3339: BurstTests.instant) ?? .earliest), log: log, holder: "burst")
        let running = Task { try await daemon.run() }
        try await TestDeadline.within(.seconds(300), "a part of the lines") {
          var told = 0
          for await record in log.stream() where record.event == .alertRaised {
            told += 1
            if told >= BurstTests.count / 5 * part { return }
          }
        }
        running.cancel()
        _ = await running.result
      }
      _ = try await BurstTests.burst(conninfo, to: log)
      let told = log.records.filter { $0.event == .alertRaised }.compactMap { $0["alert_id"] }
      #expect(Set(told) == Set(BurstTests.expected.map { LogValue.text($0) }))
      #expect(told.count < BurstTests.count * 2)
      try await BurstTests.expectProven(conninfo)
      print("burst: ended three times, \(told.count - BurstTests.count) lines were repeated")
    }
  }

  private static func expectProven(_ conninfo: String) async throws {
    let connection = try await DatabaseSource(conninfo: conninfo).connect(.administer)
    let report = try await connection.run { session in
      let rulebook = try #require(try RuleLoader.load(&session)?.1)
      return try Verifier.verify(rulebook, on: &session)
    }
    await connection.close()
    #expect(report.differenceCount == 0)
    #expect(report.alerts == count)
  }
}
