import Foundation
import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// `bizclock quarantine` as people and programs call it; one at a time, for each starts many programs.
@Suite(.serialized) struct QuarantineCommandTests {
  private static let native = "{ name: office, source: office, kind: spool, directory: SPOOL/a, format: ndjson }"
  private static let table = """
    { name: table, source: table, kind: spool, directory: SPOOL/b, format: csv, ZONE
        mapping: { case_id: 办件编号, occurred_at: 时间, type: { column: 环节, values: { 受理: accepted, 办结: completed } } },
        defaults: { process: opening } }
    """
  private static let zone = "time_zone: Asia/Shanghai,"

  private static func table(_ zone: String) -> String { table.replacing("ZONE", with: zone) }

  private static func event(
    _ caseID: String, _ type: String = "accepted", process: String = "opening", more: String = ""
  )
    -> String
  {
    DaemonTestBase.event(
      caseID, type, "2026-06-01T09:00:00+08:00", id: "\(caseID)-\(type)", process: process, more: more)
      + "\n"
  }

  /// A table without its zone: the mark stands under the time; corrected, the rows come in, once, and are projected.
  @Test func aMappingIsCorrected() async throws {
    try await QuarantineOffice.with([QuarantineCommandTests.table("")]) { office in
      let file = "办件编号,时间,环节\nK1,2026-06-01 09:05,受理\nK2,2026-06-01 10:05,受理\nK1,2026-06-02 09:05,办结\n"
      try office.write("t.csv", file)
      let loaded = try await office.run(["ingest", "--feed", "table", office.path + "/t.csv"])
      #expect(loaded.status == 65)
      #expect(loaded.output == "read 3 new 0 duplicate 0 quarantined 3\n")
      let list = try await office.run(["quarantine", "list"])
      #expect(list.status == 0)
      #expect(list.output.contains("/t.csv:4  bad_time  occurred_at (column \"时间\")"))
      let json = try await office.json(["quarantine", "list", "--json", "--limit", "2"])
      #expect(json["more"] as? Int == 1)
      #expect((json["summary"] as? [[String: Any]])?.first?["entries"] as? Int == 3)
      let entries = try #require(json["entries"] as? [[String: Any]])
      #expect(entries.map { $0["line"] as? Int } == [4, 3])
      #expect(entries.allSatisfy { $0["code"] as? String == "bad_time" && $0["feed"] as? String == "table" })

      let shown = try await office.run(["quarantine", "show", "1"])
      #expect(
        shown.output.contains(
          "\n  header  办件编号,时间,环节\n\n       1  K1,2026-06-01 09:05,受理\n             ^^^^^^^^^^^^^^^^\n\nnext: Give the feed a time_zone"
        ), "\(shown.output)")
      let still = try await office.run(["quarantine", "retry", "--feed", "table"])
      #expect(still.status == 65)
      #expect(still.output == "read 3 new 0 duplicate 0 quarantined 3\n")
      #expect(still.errors.contains("entry 2 stays: bad_time: occurred_at (column \"时间\")"))

      try office.configure([QuarantineCommandTests.table(QuarantineCommandTests.zone)])
      let ready = try await office.run(["quarantine", "show", "1"])
      #expect(
        ready.output.hasSuffix("by the configuration of now it can be taken in: bizclock quarantine retry 1\n"))
      let one = try await office.run(["quarantine", "retry", "2", "--by", "Li"])
      #expect(one.output == "read 1 new 1 duplicate 0 quarantined 0\n", "\(one.errors)")
      #expect(one.status == 0)
      let rest = try await office.run(["quarantine", "retry", "--all", "--by", "Wang", "--json"])
      #expect(
        rest.output
          == #"{"read":2,"new":2,"duplicate":0,"quarantined":0,"stay":[],"unconfigured":[]}"# + "\n")
      #expect(
        try await office.rows(
          "SELECT case_id, verdict FROM dashboard.clock WHERE commitment = 'opening' ORDER BY 1")
          == [["K1", "on_time"], ["K2", "null"]])
      #expect(
        try await office.rows("SELECT resolution, resolved_by FROM bizclock.quarantine ORDER BY id")
          == [["retried", "Wang"], ["retried", "Li"], ["retried", "Wang"]])
      // Again, by number and all: nothing is to be done.
      let again = try await office.run(["quarantine", "retry", "2"])
      #expect(again.output == "read 0 new 0 duplicate 0 quarantined 0\n")
      #expect(again.errors.contains("entry 2 was retried already, by Li at "))
      #expect(again.status == 0)
      #expect(try await office.run(["quarantine", "list"]).output == "No open entry.\n")
      // The feed brings the file once more.
      let repeated = try await office.run(["ingest", "--feed", "table", office.path + "/t.csv"])
      #expect(repeated.output == "read 3 new 0 duplicate 3 quarantined 0\n")
      #expect(try await office.run(["verify"]).status == 0)
    }
  }

  @Test func aPolicyIsCorrected() async throws {
    try await QuarantineOffice.with([QuarantineCommandTests.native]) { office in
      let lines = QuarantineCommandTests.event("P1", process: "permit")
      #expect(try await office.run(["ingest", "--feed", "office", "-"], input: lines).status == 65)
      let shown = try await office.run(["quarantine", "show", "1"])
      #expect(shown.output.contains("\"process\":\"permit\"}\n"))
      #expect(shown.output.contains(" ^^^^^^^^\n\nnext: Name the process in a commitment"))
      try await PolicyChange.apply(
        to: office.folder.conninfo, at: "2026-09-14T08:00:00+08:00",
        replacing: "  - id: one_day\n    process: opening", with: "  - id: one_day\n    process: permit")
      #expect(
        try await office.run(["quarantine", "retry", "1"]).output == "read 1 new 1 duplicate 0 quarantined 0\n")
      #expect(
        try await office.rows("SELECT case_id, commitment FROM dashboard.clock") == [["P1", "one_day"]])
    }
  }

  /// A conflict stays one, and is shown beside what the ledger has.
  @Test func aConflict() async throws {
    try await QuarantineOffice.with([QuarantineCommandTests.native]) { office in
      let event = QuarantineCommandTests.event("C1")
      let other = QuarantineCommandTests.event("C1", more: #","region":"469005","grid":"\u0007bell""#)
      let loaded = try await office.run(["ingest", "--feed", "office", "-"], input: event + other)
      #expect(loaded.output == "read 2 new 1 duplicate 0 quarantined 1\n")
      let shown = try await office.run(["quarantine", "show", "1"])
      #expect(shown.output.contains("event C1-accepted of case C1, source office, in the ledger since "))
      #expect(shown.output.contains("\nregion  –              469005\n"))
      #expect(shown.output.contains("\ngrid    –              \\u{7}bell\n"))
      let json = try await office.json(["quarantine", "show", "1", "--json"])
      #expect((json["conflict"] as? [[String: Any]])?.map { $0["field"] as? String } == ["region", "grid"])
      #expect((json["now"] as? [String: Any])?["reads_as"] as? String == "conflict")
      let retried = try await office.run(["quarantine", "retry", "--code", "conflict"])
      #expect(retried.status == 65)
      #expect(retried.output == "read 1 new 0 duplicate 0 quarantined 1\n")
      #expect(retried.errors.contains("The ledger keeps what came first under an id, also once it is voided."))
      #expect(
        try await office.rows("SELECT code FROM bizclock.quarantine WHERE resolved_at IS NULL") == [["conflict"]])
    }
  }

  /// Bytes that could drive a terminal are escaped; --raw writes them; what is no text is shown in hex.
  @Test func bytesAreShownSafely() async throws {
    try await QuarantineOffice.with([QuarantineCommandTests.native]) { office in
      let line = "{\"case_id\":\"\u{1b}[31m\u{202e}\",x"
      try office.write("a", Array((line + "\n").utf8) + [0x7B, 0x22, 0xE4, 0xB8, 0x22, 0x3A, 0x31, 0x7D, 0x0A])
      #expect(try await office.run(["ingest", "--feed", "office", office.path + "/a"]).status == 65)
      let shown = try await office.run(["quarantine", "show", "1"])
      #expect(!shown.output.unicodeScalars.contains("\u{1b}"))
      #expect(!shown.output.unicodeScalars.contains("\u{202e}"))
      #expect(
        shown.output.contains("       1  {\"case_id\":\"\\u{1b}[31m\\u{202e}\",x\n                      ^^^^^^\n"),
        "\(shown.output)")
      let raw = try await office.run(["quarantine", "show", "1", "--raw"])
      #expect(raw.output == line)
      let hex = try await office.run(["quarantine", "show", "2"])
      #expect(
        hex.output.contains(
          "       1  7b 22 e4 b8 22 3a 31 7d                          {\"..\":1}\n                ^^\n"),
        "\(hex.output)")
      let json = try await office.json(["quarantine", "show", "2", "--json"])
      #expect(json["text"] is NSNull)
      #expect(json["hex"] as? String == "7b22e4b8223a317d")
      #expect((json["fault_at"] as? [String: Any])?["byte"] as? Int == 3)
      #expect(try await office.json(["quarantine", "show", "1", "--json"])["text"] as? String == line)
    }
  }

  /// Cut at 64 KiB: it says so, and that the file is to be handed over again; only a part of it is shown.
  @Test func aLineThatWasCut() async throws {
    try await QuarantineOffice.with([QuarantineCommandTests.native]) { office in
      let line = "{\"case_id\":\"" + String(repeating: "x", count: 1 << 20) + "\"}\n"
      #expect(try await office.run(["ingest", "--feed", "office", "-"], input: line).status == 65)
      let retried = try await office.run(["quarantine", "retry", "1"])
      #expect(retried.status == 65)
      #expect(retried.errors.contains("entry 1 stays: only the first 65536 of its 1048590 bytes were kept: split"))
      let shown = try await office.run(["quarantine", "show", "1"])
      #expect(shown.output.contains("1048590 bytes, of which the first 65536 are kept"))
      #expect(shown.output.contains("(57344 bytes after; --raw writes all)"))
      #expect(try await office.run(["quarantine", "show", "1", "--raw"]).output.utf8.count == 65_536)
    }
  }

  /// A feed that is no more: its entries stay, unless another's settings are named.
  @Test func aFeedThatIsNotConfigured() async throws {
    try await QuarantineOffice.with([QuarantineCommandTests.table("")]) { office in
      try office.write("t.csv", "办件编号,时间,环节\nK1,2026-06-01 09:05,受理\n")
      #expect(try await office.run(["ingest", "--feed", "table", office.path + "/t.csv"]).status == 65)
      #expect(try await office.run(["ingest", "-"], input: "{\n").status == 65)
      let renamed = QuarantineCommandTests.table(QuarantineCommandTests.zone).replacing(
        "name: table", with: "name: desk")
      try office.configure([renamed])
      let stays = try await office.run(["quarantine", "retry", "--all"])
      #expect(stays.status == 65)
      #expect(stays.output == "read 2 new 0 duplicate 0 quarantined 2\n")
      #expect(
        stays.errors.contains("1 of feed table stay: the configuration has no feed of this name; --as-feed NAME"))
      #expect(stays.errors.contains("entry 2 stays: bad_json"))
      #expect(try await office.run(["quarantine", "show", "1"]).output.contains("(not configured)"))
      #expect(try await office.run(["quarantine", "retry", "1", "--as-feed", "nobody"]).status == 64)
      // Read by the settings of a feed of another form: what it says then is told, and not kept.
      let mistaken = try await office.run(["quarantine", "retry", "2", "--as-feed", "desk"])
      #expect(mistaken.status == 65 && mistaken.errors.contains("entry 2 stays: "))
      #expect(!mistaken.errors.contains("entry 2 stays: bad_json"))
      #expect(
        try await office.rows("SELECT code FROM bizclock.quarantine WHERE id = 2") == [["bad_json"]])
      let taken = try await office.run(["quarantine", "retry", "1", "--as-feed", "desk"])
      #expect(taken.output == "read 1 new 1 duplicate 0 quarantined 0\n", "\(taken.errors)")
      #expect(try await office.rows("SELECT source FROM bizclock.event") == [["table"]])
    }
  }

  /// The header row of a file that no mapping fitted, and its rows.
  @Test func aHeaderThatIsUnderstoodNow() async throws {
    let wrong = QuarantineCommandTests.table(QuarantineCommandTests.zone)
      .replacing("办件编号", with: "编号").replacing("时间", with: "办理时间").replacing("column: 环节", with: "column: 步骤")
    try await QuarantineOffice.with([wrong]) { office in
      try office.write("t.csv", "办件编号,时间,环节\nK1,2026-06-01 09:05,受理\n")
      #expect(try await office.run(["ingest", "--feed", "table", office.path + "/t.csv"]).status == 65)
      try office.configure([QuarantineCommandTests.table(QuarantineCommandTests.zone)])
      #expect(try await office.run(["quarantine", "show", "1"]).output.contains("next: it is a header row"))
      let retried = try await office.run(["quarantine", "retry", "--all"])
      #expect(retried.output == "read 2 new 1 duplicate 0 quarantined 0\n", "\(retried.errors)")
      #expect(retried.errors.contains("1 are the header row of a file"))
    }
  }

  /// Never by a slip: a whole feed takes --yes, numbers must be there, and nothing is deleted.
  @Test func discarding() async throws {
    try await QuarantineOffice.with([QuarantineCommandTests.native]) { office in
      let lines = "{\n}\n" + QuarantineCommandTests.event("P1", process: "permit")
      #expect(try await office.run(["ingest", "--feed", "office", "-"], input: lines).status == 65)
      let discard = ["quarantine", "discard", "--reason", "a test", "--by", "Li"]
      for (arguments, status, words) in [
        ([], 64, "Say which entries"), (["1", "--feed", "office"], 64, "either by number"),
        (["1", "77"], 66, "no entry 77; nothing was done"),
        (
          ["--feed", "office"], 64,
          "3 open entries are meant (office bad_json 2, office unknown_process 1); add --yes"
        ),
        (["--code", "bad_json"], 64, "2 open entries are meant"),
      ] as [([String], Int32, String)] {
        let run = try await office.run(discard + arguments)
        #expect(run.status == status, "\(arguments)")
        #expect(run.errors.contains(words), "\(arguments): \(run.errors)")
      }
      #expect(try await office.run(["quarantine", "discard", "1"]).status == 64)
      #expect(try await office.run(["quarantine", "discard", "1", "--reason", " "]).status == 64)
      let open = "SELECT count(*)::text FROM bizclock.quarantine WHERE resolved_at IS NULL"
      #expect(try await office.rows(open) == [["3"]])
      #expect(try await office.run(discard + ["1"]).output == "discarded 1\n")
      let twice = try await office.run(discard + ["1"])
      #expect(twice.output == "discarded 0\n")
      #expect(twice.errors.contains("entry 1 was discarded already, by Li"))
      #expect(try await office.run(discard + ["--feed", "office", "--code", "bad_json"]).output == "discarded 1\n")
      #expect(try await office.run(discard + ["--feed", "office", "--yes"]).output == "discarded 1\n")
      #expect(try await office.run(["quarantine", "show", "1"]).output.contains("entry 1, discarded by Li at "))
      #expect(try await office.run(["quarantine", "list", "--all"]).output.contains("  discarded  "))
      #expect(
        try await office.rows(
          "SELECT DISTINCT resolution, resolved_by, reason, count(*)::text FROM bizclock.quarantine GROUP BY 1, 2, 3"
        )
          == [["discarded", "Li", "a test", "3"]])
      #expect(try await office.run(["quarantine", "show", "9"]).status == 66)
      // A discarded fault that comes again is kept again; a retry leaves the discarded one.
      #expect(try await office.run(["ingest", "--feed", "office", "-"], input: lines).status == 65)
      #expect(
        try await office.run(["quarantine", "retry", "--all"]).output == "read 3 new 0 duplicate 0 quarantined 3\n")
    }
  }

  /// On a terminal a summary comes first, and lines are no longer than it is wide.
  @Test func aSummaryOnATerminal() async throws {
    try await QuarantineOffice.with([QuarantineCommandTests.native]) { office in
      #expect(try await office.run(["ingest", "--feed", "office", "-"], input: "{\n}\n").status == 65)
      let shown = try await office.terminal(["quarantine", "list"], columns: 100)
      let lines = shown.split(whereSeparator: \.isNewline).map { $0.split(separator: " ").map(String.init) }
      #expect(lines.first == ["feed", "code", "entries", "oldest"], "\(shown)")
      #expect(lines.dropFirst(2).first?.prefix(3) == ["office", "bad_json", "2"])
      #expect(shown.split(whereSeparator: \.isNewline).map(\.count).max() == 100)
      #expect(shown.contains("…"))
      let piped = try await office.run(["quarantine", "list"]).output
      #expect(piped.hasPrefix("id"))
      #expect(!piped.contains("…"))
    }
  }
}
