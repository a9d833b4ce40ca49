import Foundation
import Journal
import Ledger
import LibPQ
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// The example of the permit desk: another country, other processes, event types with blanks, and the log of real
/// work where it is at hand.
///
/// The numbers of clocks and verdicts were reckoned apart, by a program of thirty lines that knows nothing but two
/// working days and sixteen hours of office time.
@Suite struct WaboTests {
  /// The twenty made-up cases that are shipped.
  @Test func theExcerpt() async throws {
    try await PermitDesk.with { desk in
      let outcome = try await desk.load(try PermitDesk.read(PermitDesk.excerpt))
      #expect(outcome.new == 113)
      #expect(outcome.duplicate == 0)
      #expect(outcome.quarantined == 0)
      #expect(
        try await desk.verdicts() == [
          ["receipt_letter", "late", "3"], ["receipt_letter", "on_time", "15"], ["receipt_letter", "running", "2"],
          ["stop_indication", "late", "4"], ["stop_indication", "on_time", "13"],
          ["stop_indication", "running", "3"],
        ])
      let report = try await desk.verify()
      #expect(report.differences == [])
      #expect(report.events == 113)
      #expect(report.cases == 20)
      #expect(report.clocks == 40)

      // Thursday 28 April 2011. Friday is 1; Saturday is Queen's Day, and not worked anyway; Monday 2 May is 2.
      #expect(try await desk.due("example-01", "receipt_letter") == "2011-05-02T17:00:00+02:00")
      // Thursday 22 December. Friday is 1; Monday is the day after Christmas; Tuesday is 2.
      #expect(try await desk.due("example-07", "receipt_letter") == "2011-12-27T17:00:00+01:00")
      // The same, by office hours: what the first day lacked at 12:55:45.034 the third one gives.
      #expect(try await desk.due("example-07", "stop_indication") == "2011-12-27T12:55:45.034+01:00")
      // Due Wednesday 26 October 17:00, stopped Monday 31st 09:46:37.896 after an hour was had twice on Sunday:
      // 4 days, 16:46:37.896 and that hour. Thursday, Friday and Monday are counted.
      let overrun = try await desk.rows(
        """
        SELECT overrun_seconds::text, overrun_days::text FROM dashboard.clock
        WHERE case_id = 'example-18' AND commitment = 'receipt_letter'
        """)
      #expect(overrun == [["409597.896000", "3"]])
    }
  }

  /// Its page and the README's section about it: the commands print what they show.
  @Test(arguments: [
    ("deploy/examples/wabo/README.md", ["Load it", "Ask it"], 7),
    ("README.md", ["Another office: the permit desk"], 2),
  ])
  func itsPagesShowWhatIsPrinted(_ page: String, _ sections: [String], _ commands: Int) async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let folder = FileManager.default.temporaryDirectory.appending(path: "bizclock-wabo-\(UUID().uuidString)")
      try FileManager.default.copyItem(at: PermitDesk.folder, to: folder)
      defer { try? FileManager.default.removeItem(at: folder) }
      let guide = try ConsoleGuide(Readme.repository.appending(path: page), sections: sections)
      #expect(try guide.expect(in: folder, on: conninfo) == commands)
    }
  }

  /// The whole public log: as it comes, then shuffled with every row twice, on top and from nothing.
  @Test(.enabled(if: PermitDesk.hasLog, "the public log is not there: ../shared/data/wabo-receipt.csv"))
  func theRealLog() async throws {
    let log = try PermitDesk.read(PermitDesk.log)
    let shuffled = PermitDesk.shuffledTwice(log, seed: 2011)
    let ordered = try await PermitDesk.with { desk -> [String] in
      let outcome = try await desk.load(log)
      #expect(outcome.new == 8_577)
      #expect(outcome.duplicate == 0)
      #expect(outcome.quarantined == 0)
      try await expectTheRealVerdicts(desk)
      let dump = try await desk.dump()

      let again = try await desk.load(shuffled)
      #expect(again.new == 0)
      #expect(again.duplicate == 2 * 8_577)
      #expect(again.quarantined == 0)
      #expect(try await desk.verify().differences == [])
      #expect(try await desk.dump() == dump)
      return dump
    }
    try await PermitDesk.with { desk in
      let outcome = try await desk.load(shuffled)
      #expect(outcome.new == 8_577)
      #expect(outcome.duplicate == 8_577)
      #expect(outcome.quarantined == 0)
      #expect(try await desk.verify().differences == [])
      let dump = try await desk.dump()
      #expect(dump.count == ordered.count)
      for (here, there) in zip(dump, ordered) where here != there {
        Issue.record("\(here) instead of \(there)")
        break
      }
    }
  }

  private func expectTheRealVerdicts(_ desk: PermitDesk) async throws {
    let report = try await desk.verify()
    #expect(report.differences == [])
    #expect(report.events == 8_577)
    #expect(report.cases == 1_434)
    #expect(report.clocks == 2 * 1_434)
    #expect(
      try await desk.verdicts() == [
        ["receipt_letter", "late", "252"], ["receipt_letter", "on_time", "1048"],
        ["receipt_letter", "running", "134"], ["stop_indication", "late", "265"],
        ["stop_indication", "on_time", "1018"], ["stop_indication", "running", "151"],
      ])

    // Friday 25 March 2011 10:08:19.522, two days before the clocks went forward: Monday, Tuesday. Friday's
    // 6:51:40.478 of office time and Monday's 8 hours leave 1:08:19.522 for Tuesday.
    #expect(try await desk.due("case-6655", "receipt_letter") == "2011-03-29T17:00:00+02:00")
    #expect(try await desk.due("case-6655", "stop_indication") == "2011-03-29T10:08:19.522+02:00")
    // Thursday 27 October, before they went back: Friday, Monday.
    #expect(try await desk.due("case-10164", "receipt_letter") == "2011-10-31T17:00:00+01:00")
    // Maundy Thursday 21 April: not Good Friday, not Easter Monday; Tuesday, Wednesday.
    #expect(try await desk.due("case-6801", "receipt_letter") == "2011-04-27T17:00:00+02:00")
    // Thursday 23 December 2010 17:03, after hours: all of Friday and Monday, as Christmas was on a weekend; due at
    // Monday's close, not at Tuesday's opening.
    #expect(try await desk.due("case-4896", "stop_indication") == "2010-12-27T17:00:00+01:00")
  }
}

/// A database with the example's own configuration, policy and calendar.
struct PermitDesk: Sendable {
  private static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let folder = repository.appending(path: "deploy/examples/wabo")
  static let excerpt = folder.appending(path: "excerpt.csv")
  static let log = repository.deletingLastPathComponent().appending(path: "shared/data/wabo-receipt.csv")
  static var hasLog: Bool { FileManager.default.isReadableFile(atPath: log.path) }

  struct Missing: Error {}

  private let installation: Installation
  private let conninfo: String
  /// After the last event of the log.
  private let clock = ManualClock(Instant(rfc3339: "2012-03-01T12:00:00Z") ?? Instant(microseconds: 0))

  private init(_ conninfo: String) throws {
    let configuration = try Configuration.load(
      PermitDesk.folder.appending(path: "bizclock.yaml").path, environment: [:])
    self.conninfo = conninfo
    installation = Installation(
      configuration: configuration, database: DatabaseSource(conninfo: conninfo), cluster: nil)
  }

  static func with<R: Sendable>(_ body: @Sendable (PermitDesk) async throws -> R) async throws -> R {
    try await TestCluster.shared.withDatabase(
      template: "wabo",
      prepare: { conninfo in
        let desk = try PermitDesk(conninfo)
        _ = try await desk.installation.migrate(now: desk.clock.now())
      }, { try await body(try PermitDesk($0)) })
  }

  static func read(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

  /// The header, then every row twice, in an order that the seed makes. No row holds a line break.
  static func shuffledTwice(_ text: String, seed: UInt64) -> String {
    var random = SeededGenerator(seed: seed)
    let lines = text.split(whereSeparator: \.isNewline)
    let rows = (lines.dropFirst() + lines.dropFirst()).shuffled(using: &random)
    return (lines.prefix(1) + rows).joined(separator: "\n") + "\n"
  }

  /// Loads a text as `ingest --feed wabo --retrospective` does.
  func load(_ text: String) async throws -> AppendOutcome {
    let feeds = try installation.servedFeeds(try await installation.rulebook())
    guard let feed = feeds.first(where: { $0.description.name == "wabo" })?.description else { throw Missing() }
    let file = FileManager.default.temporaryDirectory.appending(path: "bizclock-wabo-\(UUID().uuidString).csv")
    try text.write(to: file, atomically: false, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let handle = try FileHandle(forReadingFrom: file)
    defer { try? handle.close() }
    let loading = Loading(
      database: installation.database, clock: clock, log: MemorySink(), settings: installation.projectorSettings)
    return try await loading.run(
      [LoadInput(name: "log", descriptor: handle.fileDescriptor)], feed: feed, history: true)
  }

  func verify() async throws -> Verifier.Report {
    let connection = try await installation.database.connect(.administer)
    let report = try await connection.run { session -> Verifier.Report in
      guard let (_, rulebook) = try RuleLoader.load(&session) else { throw DatabaseFault.noSchema }
      return try Verifier.verify(rulebook, on: &session)
    }
    await connection.close()
    return report
  }

  func dump() async throws -> [String] {
    let connection = try await installation.database.connect(.administer)
    let dump = try await connection.run { try ProjectionDump.read(&$0) }
    await connection.close()
    return dump
  }

  func rows(_ sql: String) async throws -> [[String]] { try await TestQuery.rows(conninfo, sql) }

  /// How many clocks of each commitment have each verdict, or are open.
  func verdicts() async throws -> [[String]] {
    try await rows(
      """
      SELECT commitment, coalesce(verdict, state), count(*)::text FROM dashboard.clock GROUP BY 1, 2 ORDER BY 1, 2
      """)
  }

  /// When a clock was due, in the desk's own time.
  func due(_ caseID: String, _ commitment: String) async throws -> String? {
    let connection = try await installation.database.connect(.ask)
    let due = try await connection.run { session -> String? in
      guard let (_, rulebook) = try RuleLoader.load(&session), let zone = rulebook.calendars["nl"]?.zone else {
        throw DatabaseFault.noSchema
      }
      let found = try session.execute(
        "SELECT due_at FROM dashboard.clock WHERE case_id = $1 AND commitment = $2",
        [.text(caseID), .text(commitment)]
      )
      guard found.rowCount == 1 else { return nil }
      return Instant(microseconds: try found.timestamptz(0, 0)).rfc3339(in: zone)
    }
    await connection.close()
    return due
  }
}
