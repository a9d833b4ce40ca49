import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// Entries of the quarantine read again: taken in and marked in one transaction, or left as they are.
@Suite struct RetryTests {
  private static let open = """
    SELECT concat_ws('|', id, code, field, message, resolution, resolved_by) FROM bizclock.quarantine ORDER BY id
    """

  /// Puts lines into the quarantine of a feed; entries are numbered from 1.
  private func quarantine(_ ledger: TestLedger, _ lines: [String], feed: String = "f") async throws {
    let rejects = lines.enumerated().map { QuarantineEntry.reject($1, line: Int64($0 + 1)) }
    try await ledger.connection.run { session in
      var appender = Appender()
      let batch = AppendBatch(
        feed: feed, source: "test", events: [], rejects: rejects, receivedAt: TestLedger.now)
      _ = try appender.append(batch, on: &session)
    }
  }

  /// Reads all again: a line is the id of an event of the case K1, or what else the body makes of it.
  private func retry(
    _ ledger: TestLedger, _ selection: Quarantine.Selection = Quarantine.Selection(),
    reading: @escaping @Sendable (String) -> Retry.Reading = { .events([RetryTests.event($0)]) }
  ) async throws -> [Retry.Step] {
    try await ledger.connection.run { session in
      var appender = Appender()
      let order = Retry.Order(selection: selection, feed: ("f", "test"), by: "me")
      let through = try Quarantine.backlog(selection, &session).through
      var steps: [Retry.Step] = []
      while let step = try appender.retry(
        order, after: steps.last?.last ?? 0, through: through, now: TestLedger.now, on: &session,
        reading: { reading(String(decoding: $0.bytes, as: UTF8.self)) })
      { steps.append(step) }
      return steps
    }
  }

  private static func event(_ id: String, region: String? = nil) -> Event {
    .told("K1", "accepted", "2026-06-01 09:00", id: id) { $0.region = region }
  }

  @Test func eachAsItDeserves() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.append([RetryTests.event("known"), RetryTests.event("other", region: "46")])
      try await quarantine(ledger, ["new", "known", "other", "bad", "cut", "header", "new"])
      let steps = try await retry(ledger) { line in
        switch line {
        case "bad": .refused(Retry.Refusal(code: "bad_time", field: "occurred_at", message: "no\0w"))
        case "cut": .unreadable("cut off")
        case "header": .events([])
        default: .events([RetryTests.event(line)])
        }
      }
      #expect(steps.count == 1)
      let step = try #require(steps.first)
      #expect([step.outcome.new, step.outcome.duplicate, step.outcome.quarantined] == [1, 2, 3])
      #expect(step.settled == 4)
      #expect(step.outcome.position == 3)
      #expect(step.stays.map(\.id) == [3, 4, 5])
      #expect(step.stays.map(\.code) == ["conflict", "bad_time", nil])
      try await expectRows(
        ledger.column(RetryTests.open),
        [
          "1|bad_json|a comma or } is expected|retried|me", "2|bad_json|a comma or } is expected|retried|me",
          "3|conflict|event_id|\(Appender.conflictMessage(RetryTests.event("other")))",
          "4|bad_time|occurred_at|no\u{fffd}w", "5|bad_json|a comma or } is expected",
          "6|bad_json|a comma or } is expected|retried|me", "7|bad_json|a comma or } is expected|retried|me",
        ])
      try await expectRows(
        ledger.column("SELECT event_id FROM bizclock.event ORDER BY position"), ["known", "other", "new"])
      // What the feed brought is counted as before: it brought nothing now.
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', received, duplicates, quarantined) FROM bizclock.feed WHERE name = 'f'"),
        ["1 2 7"])
      // Again: what stays is read again, and nothing else happens.
      let again = try await retry(ledger) { _ in .unreadable("cut off") }
      #expect(again.map(\.outcome.quarantined) == [3])
      #expect(again.map(\.settled) == [0])
    }
  }

  /// Two events in one line: it is taken in only if all of them are there then.
  @Test func aLineOfTwoEvents() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.append([RetryTests.event("b", region: "46")])
      try await quarantine(ledger, ["two"])
      let reading: @Sendable (String) -> Retry.Reading = { _ in
        .events([RetryTests.event("a"), RetryTests.event("b"), RetryTests.event("c")])
      }
      for _ in 0..<2 {
        let step = try #require(try await retry(ledger, reading: reading).first)
        #expect(step.settled == 0)
        #expect(step.stays.map(\.code) == ["conflict"])
      }
      try await expectRows(ledger.column("SELECT event_id FROM bizclock.event ORDER BY position"), ["b", "a", "c"])
    }
  }

  /// The transaction fails at its last statement: neither an event nor a mark is left, and the next try does both.
  @Test func allOrNothing() async throws {
    try await TestLedger.with { ledger async throws in
      try await quarantine(ledger, ["a", "b"])
      try await ledger.execute(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$
        """)
      try await ledger.execute(
        "CREATE TRIGGER refuse BEFORE UPDATE ON bizclock.quarantine FOR EACH ROW EXECUTE FUNCTION refuse()")
      await #expect(throws: PostgresError.self) { _ = try await retry(ledger) }
      let open = "SELECT count(*)::text FROM bizclock.quarantine WHERE resolved_at IS NULL"
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.event"), ["0"])
      try await expectRows(ledger.column("SELECT position::text FROM bizclock.ledger_head"), ["0"])
      try await expectRows(ledger.column(open), ["2"])
      try await ledger.execute("DROP TRIGGER refuse ON bizclock.quarantine")
      #expect(try await retry(ledger).map(\.outcome.new) == [2])
      try await expectRows(ledger.column(open), ["0"])
    }
  }

  /// Pages of a few hundred entries and a few megabytes, whatever there is.
  @Test func memoryIsBounded() async throws {
    try await TestLedger.with { ledger async throws in
      try await quarantine(ledger, (1...1_100).map { "e\($0)" })
      let small = try await retry(ledger)
      #expect(small.map(\.settled) == [500, 500, 100])
      let long = String(repeating: "x", count: 1 << 20)
      try await quarantine(ledger, (1...9).map { "\($0)" + long })
      let large = try await retry(ledger) { _ in .unreadable("no") }
      #expect(large.map(\.outcome.quarantined) == [4, 4, 1])
    }
  }

  /// What comes to the quarantine while it is read again is left for the next time, as is what was not asked for.
  @Test func onlyWhatWasAskedFor() async throws {
    try await TestLedger.with { ledger async throws in
      try await quarantine(ledger, ["a", "b", "c"])
      try await quarantine(ledger, ["d"], feed: "g")
      try await ledger.execute("UPDATE bizclock.quarantine SET code = 'bad_time' WHERE id = 3")
      func ids(_ selection: Quarantine.Selection) async throws -> [Int64] {
        try await retry(ledger, selection) { _ in .unreadable("") }.flatMap { $0.stays.map(\.id) }
      }
      #expect(try await ids(Quarantine.Selection(ids: [2, 9])) == [2])
      #expect(try await ids(Quarantine.Selection(feed: "g")) == [4])
      #expect(try await ids(Quarantine.Selection(code: "bad_json")) == [1, 2, 4])
      #expect(try await ids(Quarantine.Selection(feed: "f", code: "bad_time")) == [3])
      // One is discarded: it is not read again, though the number is given.
      let discarded = try await ledger.connection.run {
        try Quarantine.discard(
          Quarantine.Selection(ids: [1]), reason: "none", by: "me", now: TestLedger.now, on: &$0)
      }
      #expect(discarded == 1)
      #expect(try await ids(Quarantine.Selection(ids: [1, 2], dealtWithToo: false)) == [2])
      let late = try await ledger.connection.run { session -> [Int64] in
        var appender = Appender()
        let order = Retry.Order(selection: Quarantine.Selection(), feed: ("f", "test"), by: "me")
        let step = try appender.retry(
          order, after: 0, through: 3, now: TestLedger.now, on: &session, reading: { _ in .unreadable("") })
        return step?.stays.map(\.id) ?? []
      }
      #expect(late == [2, 3])
    }
  }

  /// Another deals with a whole page while this one waits for it: the rest is read all the same, and nothing twice.
  @Test func twoAtOnce() async throws {
    try await TestLedger.with { ledger async throws in
      try await quarantine(ledger, (1...600).map { "e\($0)" })
      let other = try await ledger.connect()
      try await other.run { session in
        try session.begin()
        try session.execute(
          "UPDATE bizclock.quarantine SET resolved_at = now(), resolution = 'discarded' WHERE id <= 500")
      }
      async let steps = retry(ledger)
      let waiting = """
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
        """
      // Outside the transaction, which would see what it saw first.
      let watcher = try await ledger.connect()
      while try await watcher.run({ try $0.execute(waiting).int8(0, 0) }) == 0 { try Task.checkCancellation() }
      await watcher.close()
      try await other.run { try $0.commit() }
      await other.close()
      #expect(try await steps.map(\.settled) == [0, 100])
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', resolution, count(*)) FROM bizclock.quarantine GROUP BY resolution ORDER BY 1"),
        ["discarded 500", "retried 100"])
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.event"), ["100"])
    }
  }

  @Test func lookingAndDiscarding() async throws {
    try await TestLedger.with { ledger async throws in
      try await quarantine(ledger, ["a", "b", "c"])
      try await quarantine(ledger, ["d"], feed: "g")
      try await ledger.connection.run { session in
        #expect(try Quarantine.unknown([1, 7, 4, 9], &session) == [7, 9])
        let counts = try Quarantine.counts(Quarantine.Selection(), &session)
        #expect(counts.map { "\($0.feed) \($0.code) \($0.entries)" } == ["f bad_json 3", "g bad_json 1"])
        let newest = try Quarantine.list(Quarantine.Selection(feed: "f"), limit: 2, &session)
        #expect(newest.map(\.id) == [3, 2])
        #expect(newest.allSatisfy { $0.entry.bytes.isEmpty && $0.settlement == nil })
        let whole = try #require(try Quarantine.read(2, &session))
        #expect(whole.entry == .reject("b", line: 2))
        #expect(try Quarantine.read(12, &session) == nil)
        let selection = Quarantine.Selection(feed: "f")
        let by = "me"
        #expect(
          try Quarantine.discard(selection, reason: "a test", by: by, now: TestLedger.now, on: &session) == 3)
        #expect(
          try Quarantine.discard(selection, reason: "twice", by: by, now: TestLedger.now, on: &session) == 0)
        let settlement = try #require(try Quarantine.read(2, &session)).settlement
        #expect(
          settlement
            == Quarantine.Settlement(resolution: "discarded", at: TestLedger.now, by: "me", reason: "a test"))
        #expect(try Quarantine.list(Quarantine.Selection(), limit: 9, &session).map(\.id) == [4])
        #expect(
          try Quarantine.list(Quarantine.Selection(dealtWithToo: true), limit: 9, &session).map(\.id) == [
            4, 3, 2, 1,
          ])
      }
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.quarantine"), ["4"])
    }
  }

  @Test func fieldsThatDiffer() {
    let stored = RetryTests.event("e")
    var given = stored
    #expect(EventDifferences.between(stored: stored, given: given).isEmpty)
    given.region = "46"
    given.tags = ["a\"b", "c"]
    given.process = nil
    given.kept = "{}"
    let differences = EventDifferences.between(stored: stored, given: given)
    #expect(
      differences.map { "\($0.field) \($0.stored ?? "-") \($0.given ?? "-")" }
        == ["process opening -", "region - 46", #"tags - ["a\"b", "c"]"#])
    given.process = stored.process
    // Two spellings of one text are two texts.
    var composed = stored
    composed.grid = "é"
    given = composed
    given.grid = "e\u{301}"
    #expect(EventDifferences.between(stored: composed, given: given).map(\.field) == ["grid"])
  }
}
