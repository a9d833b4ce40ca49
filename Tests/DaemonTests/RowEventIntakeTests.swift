import Foundation
import Testing

@testable import Daemon

/// Tables of one row a case on their whole way: into the ledger, again with more times, to verdicts and quarantine.
@Suite(.serialized) struct RowEventIntakeTests {
  private static let feed = """
    { name: cases, source: office, kind: spool, directory: SPOOL/a, format: csv, time_zone: Asia/Shanghai,
        mapping: { case_id: 办件编号, service_window: 窗口, events: [
          { type: submitted, occurred_at: 申请时间 }, { type: accepted, occurred_at: 受理时间 },
          { type: completed, occurred_at: 办结时间 } ] },
        defaults: { process: opening } }
    """
  private static let header = "办件编号,申请时间,受理时间,办结时间,窗口\r\n"

  private static func utf16(_ text: String) -> [UInt8] {
    text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
  }

  @Test func theSameRowsWithMoreTimes() async throws {
    try await QuarantineOffice.with([RowEventIntakeTests.feed]) { office in
      let weeks = [
        "KB1,2026/6/1 8:35,2026/6/1 9:00,,03\r\nKB2,2026/6/1 8:36,,,\r\n",
        "KB1,2026/6/1 8:35,2026/6/1 9:00,2026/6/3 10:00,03\r\nKB2,2026/6/1 8:36,2026/6/1 9:30,2026/6/9 10:00,\r\n",
      ]
      let expected = ["read 3 new 3 duplicate 0 quarantined 0\n", "read 6 new 3 duplicate 3 quarantined 0\n"]
      for (index, rows) in weeks.enumerated() {
        try office.write(
          "\(index).csv", [0xFF, 0xFE] + RowEventIntakeTests.utf16(RowEventIntakeTests.header + rows))
        let run = try await office.run(["ingest", "--feed", "cases", office.path + "/\(index).csv"])
        #expect(run.status == 0 && run.output == expected[index], "\(run)")
      }
      let clocks = try await office.rows(
        "SELECT case_id, verdict, counted_days::text FROM dashboard.clock WHERE commitment = 'opening' ORDER BY 1")
      #expect(clocks == [["KB1", "on_time", "2"], ["KB2", "late", "6"]])
      // A third time, nothing is new.
      let again = try await office.run(["ingest", "--feed", "cases", office.path + "/1.csv"])
      #expect(again.output == "read 6 new 0 duplicate 6 quarantined 0\n")
    }
  }

  /// What is refused of UTF-16 is kept as it came, shown as text, and read again.
  @Test func refusedRowsOfUTF16() async throws {
    try await QuarantineOffice.with([RowEventIntakeTests.feed]) { office in
      let row = "KB9,2026/6/1 8:35,昨天𣵦,,03"
      let bytes = [0xFF, 0xFE] + RowEventIntakeTests.utf16(RowEventIntakeTests.header + row + "\r\n")
      try office.write("t.csv", bytes)
      let run = try await office.run(["ingest", "--feed", "cases", office.path + "/t.csv"])
      #expect(run.status == 65 && run.output == "read 1 new 0 duplicate 0 quarantined 1\n")
      let hex = RowEventIntakeTests.utf16(row).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      #expect(
        try await office.rows("SELECT encode(bytes, 'hex'), field FROM bizclock.quarantine") == [[hex, "受理时间"]])
      let shown = try await office.run(["quarantine", "show", "1"])
      #expect(
        shown.output.contains(
          """
            header  办件编号,申请时间,受理时间,办结时间,窗口

                 1  KB9,2026/6/1 8:35,昨天𣵦,,03
                                      ^^^^^^
          """), "\(shown.output)")
      try office.configure([
        RowEventIntakeTests.feed.replacing("{ type: accepted, occurred_at: 受理时间 },", with: "")
      ])
      let retried = try await office.run(["quarantine", "retry", "1"])
      #expect(retried.status == 0 && retried.output == "read 1 new 1 duplicate 0 quarantined 0\n", "\(retried)")
    }
  }

  /// The same event with other fields is a conflict, kept once for the row.
  @Test func aRowThatSaysOtherwise() async throws {
    try await QuarantineOffice.with([RowEventIntakeTests.feed]) { office in
      for (index, window) in ["03", "04"].enumerated() {
        try office.write(
          "\(index).csv", RowEventIntakeTests.header + "KB1,2026/6/1 8:35,2026/6/1 9:00,,\(window)\r\n")
        _ = try await office.run(["ingest", "--feed", "cases", office.path + "/\(index).csv"])
      }
      let rows = try await office.rows(
        "SELECT code, line::text, convert_from(bytes, 'UTF8') FROM bizclock.quarantine")
      #expect(rows == [["conflict", "2", "KB1,2026/6/1 8:35,2026/6/1 9:00,,04"]])
    }
  }
}
