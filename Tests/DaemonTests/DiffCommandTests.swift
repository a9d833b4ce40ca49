import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// `diff` shows what `apply` moves; `apply` moves that or nothing.
@Suite struct DiffCommandTests {
  /// An office with three openings: one finished in time, one late, one open for years.
  private static func with(
    _ body: @Sendable (OfficeFolder, @Sendable ([String]) throws -> ProgramRun) async throws -> Void
  ) async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      try await office.migrate()
      let config = ["--config", office.path + "/bizclock.yaml"]
      let events = [
        ("K1", "accepted", "06-01T09:00"), ("K1", "completed", "06-02T10:00"), ("K2", "accepted", "06-01T09:00"),
        ("K2", "completed", "06-05T10:00"), ("K3", "accepted", "06-08T09:00"),
      ].map { DaemonTestBase.event($0, $1, "2026-\($2):00+08:00") }
      let loaded = try ProgramRun(config + ["ingest", "-"], input: events.joined(separator: "\n") + "\n")
      #expect(loaded.status == 0, "\(loaded.errors)")
      try await body(office) { try ProgramRun(config + $0) }
    }
  }

  /// A draft with five days from June on.
  private static func draft(_ office: OfficeFolder) throws -> String {
    let path = office.path + "/policy.yaml"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let old = "limit: 2 working_days"
    let line = try #require(text.split(separator: "\n").first { $0.contains(old) }).description
    let changed =
      line + "\n" + line.replacing("2019-01-01", with: "2026-06-01").replacing(old, with: "limit: 5 working_days")
    #expect(changed.contains("2026-06-01"))
    try text.replacing(line, with: changed).write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private static func token(_ run: ProgramRun) throws -> String {
    let line = try #require(run.output.split(separator: "\n").last { $0.hasPrefix("token ") })
    return String(line.dropFirst(6))
  }

  @Test func aPolicyIsShownThenApplied() async throws {
    try await DiffCommandTests.with { office, run in
      #expect(try run(["policy", "diff", office.path + "/policy.yaml"]).status == 0)
      let draft = try DiffCommandTests.draft(office)
      let shown = try run(["policy", "diff", draft])
      #expect(shown.status == 1, "\(shown.errors)")
      #expect(shown.output.contains("would move, of 3 cases judged again:"))
      #expect(
        shown.output.contains("opening     late → on_time                             1"), "\(shown.output)")
      let cases = try run(["policy", "diff", draft, "--cases"])
      #expect(
        cases.output.contains(
          "K2 opening/1: late due 2026-06-03T17:30:00+08:00 → on_time due 2026-06-08T17:30:00+08:00\n"),
        "\(cases.output)")
      #expect(try DiffCommandTests.token(cases) == DiffCommandTests.token(shown))
      let json = try run(["policy", "diff", draft, "--cases", "--json"])
      let lines = try json.output.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      #expect(lines.compactMap { $0["case_id"] as? String } == ["K1", "K2", "K3"])
      #expect(lines.last?["changed_verdicts"] as? Int == 1)
      #expect(lines.last?["token"] as? String == (try DiffCommandTests.token(shown)))
      // Nothing was done.
      let rules = "SELECT count(*)::text FROM bizclock.rules"
      #expect(try await TestQuery.rows(office.conninfo, rules) == [["2"]])

      let apply = ["policy", "apply", draft, "--reason", "decision", "--by", "Li"]
      let refused = try run(apply)
      #expect(refused.status == 64)
      #expect(refused.errors.contains("1 verdicts of finished clocks would become others: nothing was changed."))
      #expect(try run(apply + ["--restate", "--expect", "x"]).status == 64)
      let other = try run(apply + ["--restate", "--expect", "0123456789abcdef-0123456789abcdef"])
      #expect(other.status == 75)
      #expect(other.errors.contains("Something else would move now than what diff showed"))
      #expect(try await TestQuery.rows(office.conninfo, rules) == [["2"]])
      let applied = try run(apply + ["--restate", "--expect", DiffCommandTests.token(shown)])
      #expect(applied.status == 0, "\(applied.errors)")
      #expect(applied.output.contains("\nin force: 3 cases judged again, 3 clocks changed, 2 verdicts restated, "))
      #expect(
        try await TestQuery.rows(
          office.conninfo,
          "SELECT applied_by, reason, restate::text, verdicts::text FROM bizclock.rules ORDER BY id DESC LIMIT 1")
          == [["Li", "decision", "true", "1"]])
      #expect(try run(["verify"]).status == 0)
      let again = try run(["policy", "diff", draft])
      #expect(again.status == 0 && again.output == "already in force: nothing would move\n")
      // A day that no case asks for: nothing moves, and yet the rules would be others.
      let text = try String(contentsOfFile: draft, encoding: .utf8)
      try text.replacing("days: [cn.csv]", with: "days: [cn.csv, { date: 2026-11-20, kind: holiday }]").write(
        toFile: draft, atomically: true, encoding: .utf8)
      let unmoved = try run(["calendar", "diff", draft])
      #expect(unmoved.status == 0, "\(unmoved.errors)")
      #expect(
        unmoved.output.hasPrefix("the draft changes the calendar cn\nnothing would move ("), "\(unmoved.output)")
    }
  }

  /// A closure told afterwards moves verdicts only by consent, and shows before what it moves.
  @Test func aClosureIsShownThenDeclared() async throws {
    try await DiffCommandTests.with { office, run in
      let begin = [
        "calendar", "closure", "begin", "--calendar", "cn", "--name", "台风停工", "--from", "2026-06-02T12:00", "--to",
        "2026-06-04T08:00", "--reason", "typhoon",
      ]
      let shown = try run(begin + ["--dry-run"])
      #expect(shown.status == 1)
      #expect(shown.output.contains("late → on_time"), "\(shown.output)")
      #expect(try run(["calendar", "closure", "list"]).output == "no closures\n")
      let refused = try run(begin)
      #expect(refused.status == 64)
      #expect(refused.errors.contains("repeat with --restate"))
      #expect(try run(["calendar", "closure", "list"]).output == "no closures\n")
      #expect(try run(begin + ["--restate"]).status == 0)
      #expect(try run(["verify"]).status == 0)
      // One that begins now takes nobody's consent.
      let now = try run([
        "calendar", "closure", "begin", "--calendar", "cn", "--name", "second", "--reason", "another",
      ])
      #expect(now.status == 0, "\(now.errors)")
      #expect(try run(["verify"]).status == 0)
    }
  }
}
