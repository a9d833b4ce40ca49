import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// What could not be taken in is kept whole, once, with its place and fault.
@Suite struct QuarantineTests {
  private static let columns = """
    SELECT concat_ws('|', feed, origin, line, byte_offset, total_bytes, code, field, message,
      convert_from(bytes, 'UTF8'), convert_from(header, 'UTF8'), received_at)
    FROM bizclock.quarantine ORDER BY id
    """

  private func append(_ ledger: TestLedger, _ batch: AppendBatch) async throws -> AppendOutcome {
    try await ledger.connection.run { session in
      var appender = Appender()
      return try appender.append(batch, on: &session)
    }
  }

  @Test func conflictWithItsBytes() async throws {
    try await TestLedger.with { ledger async throws in
      let first = Event.told("K1", "accepted", "2026-06-01 09:00", id: "e1")
      var other = first
      other.region = "469005100"
      try await ledger.append([first])
      let place = QuarantineEntry(
        origin: "b.csv", line: 7, byteOffset: 420, totalBytes: 9, code: "", message: "",
        bytes: Array("K1,e1,乐".utf8), header: Array("case,id".utf8))
      let outcome = try await append(
        ledger,
        AppendBatch(
          feed: "office", source: "test", events: [first, other], original: { _ in place },
          receivedAt: TestLedger.now))
      #expect([outcome.new, outcome.duplicate, outcome.quarantined] == [0, 1, 1])
      try await expectRows(
        ledger.column(QuarantineTests.columns),
        [
          "office|b.csv|7|420|9|conflict|event_id|the event id e1 of this case and source is in the ledger with other "
            + "fields; send a correction under an id of its own, and void the earlier event"
            + "|K1,e1,乐|case,id|2026-11-23 00:00:00+08"
        ])
    }
  }

  /// Where the input is not kept, the event is written out whole, kept fields too.
  @Test func conflictWithoutItsBytes() async throws {
    try await TestLedger.with { ledger async throws in
      var event = Event.told("K1", "extended", "2026-06-01 09:00", id: "e1")
      try await ledger.append([event])
      event.sequence = 3
      event.tags = ["a\"b"]
      event.extendDays = 2
      event.entityName = "乐\n公司"
      event.kept = #"{"id_card":"46", "n": {"x": 1}}"#
      #expect(try await ledger.append([event]).quarantined == 1)
      let line =
        #"{"event_id":"e1","case_id":"K1","source":"test","type":"extended","occurred_at":"2026-06-01T01:00:00Z","#
        + #""sequence":3,"process":"opening","entity_name":"乐\u000a公司","tags":["a\"b"],"extend_days":2,"#
        + #""id_card":"46", "n": {"x": 1}}"#
      try await expectRows(ledger.column("SELECT convert_from(bytes, 'UTF8') FROM bizclock.quarantine"), [line])
      try await expectRows(
        ledger.column("SELECT total_bytes::text FROM bizclock.quarantine"), ["\(line.utf8.count)"])
    }
  }

  /// A file read again after a crash: nothing twice, and the reader is told of its faults all the same.
  @Test func onceThoughReadAgain() async throws {
    try await TestLedger.with { ledger async throws in
      let first = Event.told("K1", "accepted", "2026-06-01 09:00", id: "e1")
      var other = first
      other.grid = "g"
      let batch = AppendBatch(
        feed: "f", source: "test", events: [first, other],
        rejects: [.reject("{", line: 1), .reject("}", line: 2), .reject("{", line: 3)], receivedAt: TestLedger.now)
      for _ in 0..<3 { #expect(try await append(ledger, batch).quarantined == 4) }
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.quarantine"), ["4"])
      try await expectRows(ledger.column("SELECT quarantined::text FROM bizclock.feed"), ["4"])
      // The same bytes of another file or feed are other faults.
      var elsewhere = batch
      elsewhere.feed = "g"
      #expect(try await append(ledger, elsewhere).quarantined == 4)
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.quarantine"), ["8"])
    }
  }

  /// A fault that was dealt with and comes again must not vanish without a word.
  @Test func againOnceDealtWith() async throws {
    try await TestLedger.with { ledger async throws in
      let batch = AppendBatch(
        feed: "f", source: "test", events: [], rejects: [.reject("{", line: 1)], receivedAt: TestLedger.now)
      _ = try await append(ledger, batch)
      try await ledger.execute("UPDATE bizclock.quarantine SET resolved_at = now(), resolution = 'discarded'")
      _ = try await append(ledger, batch)
      _ = try await append(ledger, batch)
      try await expectRows(
        ledger.column("SELECT coalesce(resolution, 'open') FROM bizclock.quarantine ORDER BY id"),
        ["discarded", "open"])
    }
  }

  @Test func batchesWithoutEvents() async throws {
    try await TestLedger.with { ledger async throws in
      let empty = try await append(
        ledger, AppendBatch(feed: "f", source: "test", events: [], receivedAt: TestLedger.now))
      #expect(empty == AppendOutcome())
      let rejects = try await append(
        ledger,
        AppendBatch(
          feed: "f", source: "test", events: [], rejects: [.reject("x", line: 1)], receivedAt: TestLedger.now))
      #expect(rejects.read == 1)
      #expect(rejects.position == 0)
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', received, duplicates, quarantined, last_event_at, last_received_at) FROM bizclock.feed"
        ), ["0 0 1 2026-11-23 00:00:00+08"])
    }
  }

  /// Bytes of any kind are kept; a NUL in the words about them stops nothing.
  @Test func anyBytes() async throws {
    try await TestLedger.with { ledger async throws in
      var entry = QuarantineEntry.reject("", line: 1, origin: "a\0b")
      entry.bytes = [0, 255, 10, 0]
      entry.totalBytes = 5_000_000
      entry.field = "f\0"
      entry.message = "bad: \0"
      let batch = AppendBatch(feed: "f", source: "test", events: [], rejects: [entry], receivedAt: TestLedger.now)
      #expect(try await append(ledger, batch).quarantined == 1)
      try await expectRows(
        ledger.column(
          "SELECT concat_ws('|', origin, field, message, bytes::text, total_bytes) FROM bizclock.quarantine"),
        ["a\u{fffd}b|f\u{fffd}|bad: \u{fffd}|\\x00ff0a00|5000000"])
    }
  }

  /// Each has the header row of its file beside it, and that may be long: no statement takes all of them.
  @Test func manyBelowALongHeader() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.execute("CREATE TABLE public.statement (bytes bigint)")
      try await ledger.execute(
        """
        CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO public.statement SELECT sum(octet_length(bytes) + octet_length(header)) FROM stored;
          RETURN NULL;
        END $$
        """)
      try await ledger.execute(
        """
        CREATE TRIGGER note AFTER INSERT ON bizclock.quarantine REFERENCING NEW TABLE AS stored
        FOR EACH STATEMENT EXECUTE FUNCTION public.note()
        """)
      let header = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
      let events = (0..<20).map { Event.told("K\($0)", "accepted", "2026-06-01 09:00", id: "e1") }
      try await ledger.append(events)
      let others = events.map { event in
        var other = event
        other.region = "469005100"
        return other
      }
      let rejects = (0..<21).map { number in
        var entry = QuarantineEntry.reject("r\(number)", line: Int64(number))
        entry.header = header
        return entry
      }
      let batch = AppendBatch(
        feed: "f", source: "test", events: others,
        original: { index in
          var entry = QuarantineEntry.reject("c\(index)", line: Int64(100 + index))
          entry.header = header
          return entry
        }, rejects: rejects, receivedAt: TestLedger.now)
      for _ in 0..<2 { #expect(try await append(ledger, batch).quarantined == 41) }
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', code, count(*), min(octet_length(header))) FROM bizclock.quarantine GROUP BY code ORDER BY 1"
        ), ["bad_json 21 1048576", "conflict 20 1048576"])
      try await expectRows(ledger.column("SELECT quarantined::text FROM bizclock.feed WHERE name = 'f'"), ["41"])
      try await expectRows(
        ledger.column("SELECT (max(bytes) <= 5 << 20)::text FROM public.statement"), ["true"])
    }
  }
}
