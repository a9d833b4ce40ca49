import Feeds
import Ledger
import ServiceTime
import Settings
import Testing

@testable import Daemon

/// Rows of an exchange database in quarantine: read again by command, and settled by what the row says later.
@Suite struct ExchangeRetryTests {
  private func result(_ desk: ExchangeDesk, _ guid: String, _ caseID: String, _ type: String) async throws {
    try await desk.upstream(
      """
      INSERT INTO up_pro_result (row_guid, cd_operation, cd_time, project_no, result_date, result_type)
      VALUES ('\(guid)', 'I', \(ExchangeReaderTests.now), '\(caseID)', '2026-09-14 10:00', '\(type)')
      """)
  }

  /// The command reads entries again by the settings of now, and later readings count nothing twice.
  @Test func retried() async throws {
    try await ExchangeDesk.with { desk in
      try await desk.accept("a", "C1", "2026-09-14 09:00", written: ExchangeReaderTests.now)
      try await result(desk, "r", "C1", "1")
      try await desk.read { $0.exchange.results = [:] }
      let report = try await desk.retry()
      #expect(report.settled == 1 && report.outcome.new == 1)
      desk.clock.advance(by: 86_400_000_000)
      for _ in 1...2 { try await desk.read() }
      #expect(try await desk.total() == 3)
    }
  }

  /// A row that was rewritten into what is not understood, and is by other settings: read again, it voids what it said
  /// before at once, also where it is another case's now.
  @Test(arguments: ["C1", "C2"]) func aRewriteRetried(_ caseID: String) async throws {
    try await ExchangeDesk.with { desk in
      try await result(desk, "r", "C1", "1")
      try await desk.read()
      let rewrite = "UPDATE up_pro_result SET cd_time = \(ExchangeReaderTests.now), "
      try await desk.upstream(rewrite + "result_type = '9', project_no = '\(caseID)'")
      try await desk.read()
      #expect(try await desk.events() == ["C1 completed 09-14 10:00"])
      let report = try await desk.retry { $0.exchange.results["9"] = "rejected" }
      #expect(report.settled == 1 && report.outcome.new == 2)
      #expect(try await desk.events() == ["\(caseID) rejected 09-14 10:00"])
      // Nobody tells it again, be it understood or not.
      desk.clock.advance(by: 86_400_000_000)
      try await desk.read()
      #expect(
        try await desk.rows("SELECT count(*)::text FROM bizclock.quarantine WHERE resolved_at IS NULL") == [["0"]])
      try await desk.read { $0.exchange.results["9"] = "rejected" }
      #expect(try await desk.total() == 3)
      // What it told of which case is known: the next rewrite voids it.
      try await desk.upstream(rewrite + "result_type = '3', project_no = 'C3'")
      try await desk.read()
      #expect(try await desk.events() == ["C3 withdrawn 09-14 10:00"])
    }
  }

  /// An entry that is older than what the row was read to say since tells nothing.
  @Test func anOldEntry() async throws {
    try await ExchangeDesk.with { desk in
      try await result(desk, "r", "C1", "9")
      try await desk.read()
      let before = "SELECT id::text FROM bizclock.quarantine"
      #expect(try await desk.rows(before).count == 1)
      try await desk.upstream("UPDATE up_pro_result SET cd_time = \(ExchangeReaderTests.now), result_type = '1'")
      try await desk.read()
      _ = try await desk.rows("UPDATE bizclock.quarantine SET resolved_at = NULL, resolution = NULL")
      let report = try await desk.retry { $0.exchange.results["9"] = "rejected" }
      #expect(report.settled == 1 && report.outcome.new == 0)
      #expect(try await desk.events() == ["C1 completed 09-14 10:00"])
    }
  }

  /// The feed gets another name, then the row is corrected: its entry is closed all the same, and no other source's is.
  @Test func renamedMeanwhile() async throws {
    try await ExchangeDesk.with { desk in
      try await result(desk, "r", "C1", "9")
      try await desk.read()
      try await desk.read { feed in
        feed.name = "another"
        feed.source = "another"
      }
      try await desk.upstream("UPDATE up_pro_result SET cd_time = \(ExchangeReaderTests.now), result_type = '1'")
      try await desk.read { $0.name = "renamed" }
      #expect(try await desk.events() == ["C1 completed 09-14 10:00"])
      #expect(
        try await desk.rows(
          "SELECT feed, coalesce(resolution, 'open'), coalesce(resolved_by, '') FROM bizclock.quarantine ORDER BY 1"
        )
          == [["another", "open", ""], ["exchange", "discarded", "feed renamed"]])
    }
  }
}
