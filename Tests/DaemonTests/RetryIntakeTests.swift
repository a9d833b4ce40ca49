import Feeds
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// Entries read again while the database fails, and as their bytes deserve.
@Suite struct RetryIntakeTests {
  private static let now = Instant(rfc3339: DaemonTestBase.start) ?? .earliest
  private static let native = FeedDescription(name: "office", source: "office", format: .ndjson)

  private func entry(
    _ text: String, header: String? = nil, line: Int64 = 2, offset: Int64 = 40, total: Int64? = nil
  ) -> QuarantineEntry {
    QuarantineEntry(
      origin: "a", line: line, byteOffset: offset, totalBytes: total ?? Int64(text.utf8.count), code: "bad_json",
      message: "", bytes: Array(text.utf8), header: header.map { Array($0.utf8) })
  }

  /// What is read of an entry: ids of events, the code of a refusal, or why it cannot be read.
  private func read(_ entry: QuarantineEntry, _ format: FeedDescription.Format) -> String {
    var feed = RetryIntakeTests.native
    feed.format = format
    return switch EntryReader(feed, now: RetryIntakeTests.now).read(entry) {
    case .events(let events): events.map(\.eventID.text).joined(separator: " ")
    case .row(let row, let table): "\(table) \(row.guid)"
    case .refused(let reject): "\(reject.code.rawValue) at \(reject.position.line), \(reject.position.byteOffset)"
    case .unreadable(let why): why
    }
  }

  @Test func eachEntryOnItsOwn() {
    let event = DaemonTestBase.event("K", "accepted", "2026-06-01T09:00:00+08:00", id: "e")
    let header = "case_id,event_id,type,occurred_at"
    let row = "K,e,accepted,2026-06-01T09:00:00+08:00"
    #expect(read(entry(event), .ndjson) == "e")
    #expect(read(entry("{"), .ndjson) == "bad_json at 2, 40")
    #expect(read(entry(event, total: 900), .ndjson).hasPrefix("only the first "))
    #expect(read(entry(row, header: header), .csv) == "e")
    #expect(read(entry(row, header: "case_id;event_id;type;occurred_at"), .csv) == "bad_csv at 2, 40")
    #expect(read(entry("\"K,e", header: header), .csv) == "bad_csv at 2, 40")
    // A cell may hold a line break.
    #expect(read(entry("\"K\n\",e,accepted,2026-06-01T09:00:00+08:00", header: header), .csv) == "e")
    #expect(read(entry(row), .csv).hasPrefix("it came without a header row"))
    #expect(read(entry(header, line: 1, offset: 0), .csv) == "")
    #expect(read(entry("a,b", line: 1, offset: 3), .csv) == "bad_csv at 2, 40".replacing("2, 40", with: "1, 3"))
    // What the ledger itself wrote of a conflict.
    #expect(read(entry(event, line: 0, offset: 0), .csv) == "e")
    #expect(read(entry(event + "\n{", line: 2), .ndjson) == "bad_json at 2, 40")
  }

  /// The server ends the session in the middle of the transaction: it is done again, once.
  @Test func aSessionThatIsEnded() async throws {
    try await DaemonTestBase.withOffice { conninfo, _ in
      func query(_ sql: String) async throws -> [[String]] { try await TestQuery.rows(conninfo, sql) }
      let database = DatabaseSource(conninfo: conninfo)
      let log = MemorySink()
      let events = (1...700).map {
        DaemonTestBase.event("K\($0)", "accepted", "2026-06-01T09:00:00+08:00", process: "permit")
      }
      let connection = try await Connection.connect(conninfo)
      let rejects = events.enumerated().map { entry($1, line: Int64($0 + 1), offset: Int64($0)) }
      try await connection.run { session in
        var appender = Appender()
        let batch = AppendBatch(
          feed: "office", source: "office", events: [], rejects: rejects, receivedAt: RetryIntakeTests.now)
        _ = try appender.append(batch, on: &session)
      }
      await connection.close()
      _ = try await query("CREATE SEQUENCE public.times")
      _ = try await query(
        """
        CREATE FUNCTION public.break() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('public.times') = 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
          RETURN NULL;
        END $$
        """)
      _ = try await query(
        """
        CREATE TRIGGER break AFTER UPDATE ON bizclock.quarantine FOR EACH STATEMENT EXECUTE FUNCTION public.break()
        """)
      let loading = Loading(database: database, clock: ManualClock(RetryIntakeTests.now), log: log)
      let report = try await loading.retry(
        RetryRequest(
          selection: Quarantine.Selection(), feeds: ["office": RetryIntakeTests.native], by: "me"))
      #expect(report.outcome.new == 700)
      #expect(report.outcome.duplicate == 0)
      #expect(report.settled == 700)
      #expect(log.records.contains { $0.event == .databaseLost })
      #expect(
        try await query("SELECT count(*)::text, count(DISTINCT case_id)::text FROM bizclock.event") == [
          ["700", "700"]
        ])
      #expect(
        try await query(
          "SELECT resolution, resolved_by, count(*)::text FROM bizclock.quarantine GROUP BY 1, 2") == [
            ["retried", "me", "700"]
          ])
      #expect(try await query("SELECT position::text FROM bizclock.projector") == [["700"]])
    }
  }
}
