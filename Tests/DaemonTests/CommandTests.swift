import Foundation
import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// The commands as people and programs call them.
@Suite struct CommandTests {
  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "ServiceTimeTests/Fixtures")

  /// The worked examples of the field, 2 working days with the start day excluded; 7 calendar days.
  @Test(arguments: [
    ("opening", "2026-09-18T10:00:00+08:00", [], "2026-09-21T17:30:00+08:00", ["2026-09-20", "2026-09-21"], false),
    ("opening", "2026-09-30T10:00:00+08:00", [], "2026-10-09T17:30:00+08:00", ["2026-10-08", "2026-10-09"], false),
    ("opening", "2026-10-03T20:00:00+08:00", [], "2026-10-09T17:30:00+08:00", ["2026-10-08", "2026-10-09"], false),
    ("opening", "2026-10-09T10:00:00+08:00", [], "2026-10-12T17:30:00+08:00", ["2026-10-10", "2026-10-12"], false),
    ("opening", "2026-02-13T10:00:00+08:00", [], "2026-02-24T17:30:00+08:00", ["2026-02-14", "2026-02-24"], false),
    ("opening", "2026-12-30T10:00:00+08:00", [], "2027-01-04T17:30:00+08:00", ["2026-12-31", "2027-01-04"], true),
    (
      "opening", "2026-11-03T10:00:00+08:00", ["2026-11-04T10:00:00+08:00/2026-11-06T09:00:00+08:00"],
      "2026-11-10T17:30:00+08:00", ["2026-11-09", "2026-11-10"], false
    ),
  ])
  func dueGivesTheWorkedExamples(
    _ commitment: String, _ start: String, _ pauses: [String], _ due: String, _ counted: [String],
    _ provisional: Bool
  ) throws {
    var arguments = ["due", "--commitment", commitment, "--start", start, "--json"]
    for pause in pauses { arguments += ["--pause", pause] }
    let answer = try Answer.read(ProgramRun(arguments).output)
    #expect(answer.dueAt == due)
    #expect(answer.counted == counted)
    #expect(answer.provisional == provisional)
  }

  /// 7 calendar days from 2026-09-24 end on 2026-10-01, 24:00; the night job has until 08:00.
  @Test func aNoticeOfSevenDays() throws {
    let answer = try Answer.read(
      ProgramRun(["due", "--commitment", "dereg_notice", "--start", "2026-09-24T10:00:00+08:00", "--json"]).output)
    #expect(answer.counted.last == "2026-10-01")
    #expect(answer.dueAt == "2026-10-02T08:00:00+08:00")
  }

  @Test func dueAnswersAllVectorsInOneBatch() throws {
    let questions = try String(
      contentsOf: CommandTests.fixtures.appending(path: "due-vectors.ndjson"), encoding: .utf8)
    let expected = questions.split(separator: "\n")
    let asked = try expected.map { line -> String in
      let vector = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let question = vector.filter { ["commitment", "start", "pauses"].contains($0.key) }
      return String(decoding: try JSONSerialization.data(withJSONObject: question), as: UTF8.self)
    }
    let run = try ProgramRun(["due", "--batch"], input: asked.joined(separator: "\n"))
    #expect(run.status == 0)
    let answers = run.output.split(separator: "\n")
    #expect(answers.count == 600)
    #expect(expected.count == answers.count)
    for (question, answer) in zip(expected, answers) {
      #expect(try Answer.read(String(question)).normal == Answer.read(String(answer)).normal)
    }
  }

  @Test func aBadQuestionIsNamedAndTheRestAnswered() throws {
    let run = try ProgramRun(
      ["due", "--batch"],
      input: """
        {"commitment":"opening","start":"2026-09-18T10:00:00+08:00","pauses":[]}
        {"commitment":"opera","start":"2026-09-18T10:00:00+08:00"}
        {"commitment":"opening","start":"yesterday"}

        """)
    #expect(run.status == 65)
    let answers = run.output.split(separator: "\n")
    #expect(answers.count == 3)
    #expect(
      answers.last
        == #"{"error":"yesterday is not a time; write for example 2026-09-18T10:00 or 2026-09-18T10:00:00+08:00."}"#
    )
    #expect(run.errors.contains("line 2: There is no commitment opera"))
    #expect(run.errors.contains("line 3: yesterday is not a time"))
  }

  /// What would give a confident wrong date is refused.
  @Test(arguments: [
    (["--pause", "2026-09-20T10:00/2026-09-19T10:00"], "ends before it begins"),
    (["--region", "abc"], "--region abc is not a region code"),
    (
      ["--pause", "2026-09-19T10:00/2199-01-01T10:00"], "2199-01-01T10:00 lies outside of 1970-01-01 to 2099-12-30"
    ),
  ])
  func dueRefusesWhatCannotBe(_ more: [String], _ words: String) throws {
    let run = try ProgramRun(["due", "--commitment", "opening", "--start", "2026-09-18T10:00"] + more)
    #expect(run.status == 64)
    #expect(run.errors.contains(words))
    #expect(!run.errors.contains("Usage: bizclock <subcommand>"))
  }

  @Test func aPauseThatEndsBeforeItBeginsIsAFaultOfTheLine() throws {
    let run = try ProgramRun(
      ["due", "--batch"],
      input:
        #"{"commitment":"opening","start":"2026-09-18T10:00","#
        + #""pauses":[["2026-09-20T10:00","2026-09-19T10:00"]]}"#
        + "\n")
    #expect(run.status == 65)
    #expect(run.output.hasPrefix(#"{"error":"The pause "#))
  }

  /// A full disk is no success.
  @Test(arguments: [
    "manual bizclock.1", "due --commitment opening --start 2026-09-18T10:00", "simulate --cases 5 --seed 1",
    "policy check \(CommandTests.repository)/deploy/policy.yaml",
  ])
  func whatCannotBeWrittenFails(_ command: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "exec '\(DaemonProcess.program)' \(command) >/dev/full"]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 74)
    let told = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    #expect(told.contains("Standard output cannot be written: No space left on device."))
  }

  private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// From an empty database to a verified one, and a tampered one is told.
  @Test func fromMigrateToVerify() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      let config = ["--config", office.path + "/bizclock.yaml"]
      #expect(try ProgramRun(config + ["migrate", "--check"]).status == 1)
      #expect(try ProgramRun(config + ["migrate"]).status == 0)
      #expect(try ProgramRun(config + ["migrate", "--check"]).status == 0)

      var events: [String] = []
      for line in try String(
        contentsOf: CommandTests.fixtures.appending(path: "case-vectors.ndjson"), encoding: .utf8
      )
      .split(separator: "\n") {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        for event in object?["events"] as? [Any] ?? [] {
          events.append(String(decoding: try JSONSerialization.data(withJSONObject: event), as: UTF8.self))
        }
      }
      var random = SeededGenerator(seed: 3)
      let load = events.shuffled(using: &random).joined(separator: "\n") + "\n"
      let first = try ProgramRun(config + ["ingest", "--json", "-"], input: load)
      #expect(first.output == "{\"read\":2319,\"new\":2319,\"duplicate\":0,\"quarantined\":0}\n", "\(first.errors)")
      let again = try ProgramRun(config + ["ingest", "-"], input: load + "{\"case_id\":\"C\n")
      #expect(again.output == "read 2320 new 0 duplicate 2319 quarantined 1\n")
      #expect(again.status == 65)
      let clean = try ProgramRun(config + ["verify"])
      #expect(clean.status == 0)
      #expect(clean.output.hasSuffix("no difference\n"))

      let explained = try ProgramRun(config + ["explain", "T777-000002"])
      #expect(explained.status == 0)
      #expect(explained.output.contains("2022-11-18 17:30"))
      #expect(explained.output.contains("clock opening, round 1"))
      let unknown = try ProgramRun(config + ["explain", "nobody"])
      #expect(unknown.status == 66)
      let status = try ProgramRun(config + ["status", "--json"])
      #expect(status.output.contains("\"head\":2319,\"position\":2319"))
      // Whoever listens on the database is a daemon; each feed lies as far behind as its last event is old.
      #expect(status.output.contains("\"daemons\":0,"))
      let last = try await TestQuery.rows(
        conninfo, "SELECT extract(epoch FROM last_event_at)::int8::text FROM bizclock.feed WHERE name = 'ingest'")
      let seconds = try #require(last.first?.first.flatMap { Int64($0) })
      let object = try #require(try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any])
      let feed = try #require((object["feeds"] as? [[String: Any]])?.first { $0["name"] as? String == "ingest" })
      let lag = try #require(feed["lag_seconds"] as? Int64)
      #expect(abs(lag - (Int64(Date().timeIntervalSince1970) - seconds)) < 300)
      let listener = try await Connection.connect(
        conninfo,
        options: {
          var o = ConnectionOptions(); o.applicationName = "bizclock listen"; return o
        }())
      #expect(try ProgramRun(config + ["status", "--json"]).output.contains("\"daemons\":1,"))
      await listener.close()

      _ = try await TestQuery.rows(
        conninfo,
        "UPDATE bizclock.clock SET counted_days = counted_days + 1 WHERE case_id = 'T777-000002' RETURNING round::text"
      )
      let tampered = try ProgramRun(config + ["verify"])
      #expect(tampered.status == 1)
      #expect(tampered.output.contains("T777-000002 clock opening/1"))
    }
  }

  @Test func policyIsCheckedAndAppliedWithItsReason() async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let office = try OfficeFolder(conninfo: conninfo)
      defer { office.remove() }
      try await office.migrate()
      let config = ["--config", office.path + "/bizclock.yaml"]
      let policy = office.path + "/policy.yaml"
      #expect(try ProgramRun(["policy", "check", policy]).status == 0)
      let text = try String(contentsOfFile: policy, encoding: .utf8)
      try text.replacing("limit: 2 working_days", with: "limit: 0 calendar_days").write(
        toFile: policy, atomically: true, encoding: .utf8)
      let wrong = try ProgramRun(["policy", "check", policy])
      #expect(wrong.status == 78)
      #expect(wrong.errors.contains("policy.yaml:"))
      try text.replacing("limit: 2 working_days", with: "limit: 3 working_days").write(
        toFile: policy, atomically: true, encoding: .utf8)
      let applied = try ProgramRun(config + ["policy", "apply", policy, "--reason", "a trial", "--by", "me"])
      #expect(applied.status == 0, "\(applied.errors)")
      let again = try ProgramRun(config + ["policy", "apply", policy, "--reason", "once more"])
      #expect(again.output == "already in force: nothing was changed\n")
      #expect(try ProgramRun(config + ["policy", "apply", policy, "--reason", " "]).status == 64)
      #expect(try ProgramRun(config + ["policy", "apply", policy, "--reason", "x", "--by", ""]).status == 64)
      let folder = try ProgramRun(config + ["ingest", office.path])
      #expect(folder.status == 74)
      #expect(folder.errors.contains("\(office.path) cannot be read: Is a directory."))
      let rules = try await TestQuery.rows(
        conninfo, "SELECT kind, applied_by, reason FROM bizclock.rules ORDER BY id")
      #expect(rules.count == 3)
      #expect(rules.last == ["policy", "me", "a trial"])
      let limits = try await TestQuery.rows(
        conninfo, "SELECT limit_text FROM dashboard.before_after WHERE commitment = 'opening' ORDER BY version_from"
      )
      #expect(limits == [["5 working_days"], ["3 working_days"]])
    }
  }

  @Test func simulateWritesTheSameBytesAndRefusesNonsense() throws {
    let arguments = ["simulate", "--cases", "50", "--seed", "9"]
    let first = try ProgramRun(arguments)
    #expect(first.output.split(separator: "\n").count > 200)
    #expect(try ProgramRun(arguments).output == first.output)
    let refused = try ProgramRun(["simulate", "--cases", "0", "--seed", "9"])
    #expect(refused.status == 64)
    #expect(refused.errors.contains("--cases is a number from 1"))
  }
}

/// An answer of `due`, or a question that holds its answer.
struct Answer: Decodable {
  struct Level: Decodable {
    var name: String
    var at: String?
  }
  var dueAt: String?
  var provisional: Bool
  var counted: [String]
  var levels: [Level]

  enum CodingKeys: String, CodingKey {
    case dueAt = "due_at"
    case provisional, counted, levels
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    dueAt = try values.decodeIfPresent(String.self, forKey: .dueAt)
    provisional = try values.decode(Bool.self, forKey: .provisional)
    counted = try values.decodeIfPresent([String].self, forKey: .counted) ?? []
    levels = try values.decode([Level].self, forKey: .levels)
  }

  static func read(_ line: String) throws -> Answer { try JSONDecoder().decode(Answer.self, from: Data(line.utf8)) }

  /// The same instants written in one way.
  var normal: [String?] {
    func instant(_ text: String?) -> String? { text.flatMap { Instant(rfc3339: $0)?.rfc3339(in: .utc) } }
    return [instant(dueAt), "\(provisional)"] + counted + levels.flatMap { [$0.name, instant($0.at)] }
  }
}
