import Foundation
import LibPQ
import ServiceTime
import Settings
import Simulator
import TestSupport
import Testing

@testable import Daemon

/// What README.md says can be done can be done.
@Suite struct ReadmeTests {
  /// Every query to paste answers, under the role of dashboards, with rows.
  @Test func itsQueriesRun() async throws {
    let queries = try Readme().blocks("sql")
    #expect(queries.count >= 5)
    try await DaemonTestBase.withDaemon { office in
      let events = try ReadmeTests.events()
      try office.put("simulated.ndjson", events)
      try await office.projected(through: Int64(events.count))
      try await office.advance(to: "2026-09-16T16:00:00+08:00")
      let connection = try await Connection.connect(office.conninfo)
      try await connection.run { session in
        try session.execute("SELECT set_config('bizclock.now', '2026-09-16T16:00:00+08:00', false)")
        try session.execute("SET ROLE bizclock_dashboard")
        for query in queries {
          do {
            let found = try session.execute(query)
            #expect(found.rowCount > 0, "no rows: \(query)")
          } catch {
            Issue.record("\(error): \(query)")
          }
        }
        // The role reads the views and nothing else.
        #expect(throws: PostgresError.self) { try session.execute("SELECT count(*) FROM bizclock.event") }
      }
      await connection.close()
    }
  }

  /// Half a year of simulated cases up to the daemon's start.
  private static func events() throws -> [String] {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rulebook = try RuleLoader.compile(draft.policy, draft.calendars)
    let calendar = try #require(rulebook.mainCalendar(process: "opening"))
    let last = try #require(CivilDate("2026-09-13"))
    let simulator = Simulator(seed: 7, cases: 120, from: last + -180, to: last, calendar: calendar)
    var delivery = Delivery(simulator, zone: calendar.zone, seed: 7)
    var bytes: [UInt8] = []
    while let chunk = delivery.next() { bytes += chunk.bytes }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The commands it lists are those of the program.
  @Test func itsCommandsAreThoseOfTheProgram() throws {
    let listed = try Readme().commands()
    let help = try ReadmeTests.run(["--help"])
    let there = help.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { $0 != "SUBCOMMANDS:" }.dropFirst().prefix { !$0.isEmpty }
      .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(there.count > 5)
    #expect(listed.sorted() == there.sorted())
  }

  /// What it shows of `bizclock due` is what the program prints.
  @Test func itsDueTimesAreThoseOfTheProgram() throws {
    let readme = try Readme()
    let shown = readme.blocks("console").filter { $0.hasPrefix("$ bizclock due ") }
    #expect(!shown.isEmpty)
    for block in shown {
      let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
      let words = lines.first.map { $0.split(separator: " ").dropFirst(2).map(String.init) } ?? []
      #expect(try ReadmeTests.run(words) == lines.dropFirst().joined(separator: "\n") + "\n")
    }
  }

  /// The worked examples of its table: each counted day and the due time.
  @Test func itsTableOfDueTimesIsRight() throws {
    let examples = try Readme().dueExamples()
    #expect(examples.count == 7)
    for example in examples {
      var arguments = ["due", "--json", "--commitment", "opening", "--start", example.start]
      if let pause = example.pause { arguments += ["--pause", pause] }
      let answer = try JSONDecoder().decode(Answer.self, from: Data(try ReadmeTests.run(arguments).utf8))
      #expect(answer.counted == example.counted, "\(example.start)")
      #expect(answer.dueAt == example.due.replacing(" ", with: "T") + ":00+08:00", "\(example.start)")
      #expect(answer.provisional == example.provisional, "\(example.start)")
    }
  }

  private struct Answer: Decodable {
    var dueAt: String
    var counted: [String]
    var provisional: Bool

    enum CodingKeys: String, CodingKey {
      case dueAt = "due_at"
      case counted, provisional
    }
  }

  /// What the program prints, whatever this machine's configuration.
  private static func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: DaemonProcess.program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["BIZCLOCK_POLICY": Readme.repository.appending(path: "deploy/policy.yaml").path, "COLUMNS": "200"]
    ) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let printed = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: printed, as: UTF8.self)
  }
}

/// README.md in its parts.
struct Readme: Sendable {
  static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private let lines: [Substring]
  private let text: String

  init() throws {
    text = try String(contentsOf: Readme.repository.appending(path: "README.md"), encoding: .utf8)
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The fenced blocks of a language.
  func blocks(_ language: String) -> [String] {
    var blocks: [String] = []
    var block: [Substring]?
    for line in lines {
      if line.hasPrefix("```") {
        if let whole = block { blocks.append(whole.joined(separator: "\n")) }
        block = block == nil && line == "```\(language)" ? [] : nil
      } else {
        block?.append(line)
      }
    }
    return blocks
  }

  /// The first words of the rows of the table under the heading Commands.
  func commands() -> [String] {
    lines.drop { $0 != "## Commands" }.dropFirst().prefix { !$0.hasPrefix("## ") }
      .filter { $0.hasPrefix("| `") }
      .compactMap { $0.dropFirst(3).split(whereSeparator: { $0 == "`" || $0 == " " }).first.map(String.init) }
  }

  /// A row of the table of worked examples.
  struct DueExample {
    var start: String
    var pause: String?
    var counted: [String]
    var due: String
    var provisional: Bool
  }

  /// The table of worked examples: `--start`, `--pause`, counted days, due.
  func dueExamples() -> [DueExample] {
    lines.filter { $0.hasPrefix("| `20") }.compactMap { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
      guard cells.count == 4 else { return nil }
      return DueExample(
        start: cells[0], pause: cells[1] == "–" ? nil : cells[1],
        counted: cells[2].matches(of: /\d{4}-\d\d-\d\d/).map { String($0.output) },
        due: String(cells[3].prefix(16)), provisional: cells[3].hasSuffix("provisional"))
    }
  }
}
