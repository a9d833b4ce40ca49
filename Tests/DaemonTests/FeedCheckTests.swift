import Foundation
import Testing

@testable import Daemon

/// `bizclock feed check` as people and programs call it, without a database.
@Suite(.serialized) struct FeedCheckTests {
  /// A configuration file, its database out of reach, and files beside it.
  private final class Folder: Sendable {
    let path = FileManager.default.temporaryDirectory.path + "/bizclock-check-\(UUID().uuidString)"

    init(_ feed: String, head: String = "database: \"host=/nonexistent dbname=none\"") throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try configure(feed, head: head)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func configure(_ feed: String, head: String = "database: \"host=/nonexistent dbname=none\"") throws {
      let text = """
        \(head)
        feeds:
          - name: office
            source: office
            kind: spool
            directory: spool
        \(feed)

        """
      try text.write(toFile: path + "/bizclock.yaml", atomically: true, encoding: .utf8)
    }

    func write(_ name: String, _ text: String, _ encoding: String.Encoding = .utf8) throws -> String {
      let file = "\(path)/\(name)"
      try #require(text.data(using: encoding)).write(to: URL(filePath: file))
      return file
    }

    func check(_ arguments: [String], input: String = "") async throws -> ProgramRun {
      try await ProgramRun.finished(
        ["feed", "check"] + arguments + ["--config", path + "/bizclock.yaml"], input: input)
    }

    func json(_ arguments: [String]) async throws -> [String: Any] {
      let run = try await check(arguments + ["--json"])
      return try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any], "\(run)")
    }
  }

  private static let table = """
    企业开办办件明细表,,,,
    办件编号,申请时间,受理时间,办结时间,企业名称
    KB1,2026/9/1 8:05,2026/9/1 9:05,2026/9/2 10:00,甲\u{1B}[31m
    KB2,2026/9/1 8:06,2026/9/1 9:06,,乙
    KB3,昨天,,,丙

    """

  /// A file that nothing is known of: the mapping that is suggested, pasted, understands it.
  @Test func aSuggestionIsPasted() async throws {
    let folder = try Folder("    format: csv")
    let file = try folder.write("办件.csv", FeedCheckTests.table, String.Encoding(rawValue: 0x8000_0632))
    let before = try await folder.check(["office", file])
    #expect(before.status == 65)
    #expect(
      before.output.contains("encoding   GB18030\ndelimiter  ,\nheader     below 1 lines that are passed over\n"))
    #expect(before.output.contains("bad_csv     4"))
    #expect(before.output.contains("No column of the header is a field of an event"))
    #expect(
      before.output.contains("Suggested, to be looked over and pasted under the feed office in \(folder.path)"))
    let lines = before.output.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix("Suggested") })
    try folder.configure("    format: csv\n" + lines[(start + 2)...].joined(separator: "\n"))

    let after = try await folder.check(["office", file])
    #expect(after.status == 65)
    #expect(after.output.contains("read       5 events; 1 rows refused"))
    #expect(after.output.contains("bad_time     1"))
    #expect(!after.output.contains("Suggested"))
    #expect(after.output.contains("甲\\u{1b}[31m") && !after.output.contains("\u{1B}"))
    let found = try await folder.json(["office", file, "--rows", "3"])
    #expect(
      found["events"] as? Int == 5 && found["refused"] as? Int == 1 && found["encoding"] as? String == "GB18030")
    #expect(found["suggestion"] is NSNull)
    let rows = try #require(found["rows"] as? [[String: Any]])
    #expect(rows.map { $0["type"] as? String } == ["submitted", "accepted", "completed"])
    #expect(rows.map { $0["line"] as? Int } == [3, 3, 3])
    #expect(rows.first?["occurred_at"] as? String == "2026-09-01T08:05:00+08:00")
    let rejects = try #require(found["rejects"] as? [[String: Any]])
    #expect(rejects.map { $0["code"] as? String } == ["bad_time"] && rejects.first?["line"] as? Int == 5)
    #expect(rejects.first?["field"] as? String == "申请时间")

    // Without the row that is at fault all is well.
    let good = try folder.write("good.csv", FeedCheckTests.table.replacing("KB3,昨天,,,丙\n", with: ""))
    let clean = try await folder.check(["office", good])
    #expect(clean.status == 0 && clean.errors.isEmpty)
  }

  @Test func whatIsNotMapped() async throws {
    let folder = try Folder(
      """
          format: csv
          time_zone: Asia/Shanghai
          keep: [电话]
          mapping:
            case_id: 办件编号
            occurred_at: 时间
            type: { column: 环节, values: { 受理: accepted } }
            uscc: 信用代码
          defaults: { process: opening }
      """)
    let file = try folder.write("t.csv", "办件编号,时间,环节,经办人\nKB1,2026/9/1 8:05,受理,王\nKB1,2026/9/1 9:05,刻章,王\n")
    let run = try await folder.check(["office", file])
    #expect(run.status == 0)
    #expect(
      run.output.contains("Columns that the feed names and the file lacks\n\n  信用代码  (for uscc)\n  电话  (for keep)"))
    #expect(run.output.contains("type   环节    刻章      1  刻章"), "\(run.output)")
    #expect(run.output.contains("Types that move no clock\n\n  刻章  1 events"))
    #expect(run.output.contains("经办人    dropped"))
    let piped = try await folder.check(["office", "-", "--json"], input: "办件编号,时间,环节\nKB1,2026/9/1 8:05,受理\n")
    #expect(piped.status == 0 && piped.output.contains(#""events":1,"refused":0"#))
  }

  /// Each kind of failure has its own exit status, and says what to do.
  @Test func failures() async throws {
    let folder = try Folder("    format: csv")
    let missing = try await folder.check(["office", folder.path + "/none.csv"])
    #expect(missing.status == 66 && missing.errors == "bizclock: There is no file \(folder.path)/none.csv.\n")
    #expect(try await folder.check(["office", folder.path]).status == 66)
    let unknown = try await folder.check(["offce", folder.path + "/none.csv"])
    #expect(unknown.status == 64 && unknown.errors.contains("has no feed offce; it has office."))
    #expect(try await folder.check(["office", "x", "--rows", "-1"]).status == 64)
    try folder.configure("    format: csv\n    mapping: { events: [{ typ: accepted }] }")
    let wrong = try await folder.check(["office", folder.path + "/none.csv"])
    #expect(
      wrong.status == 78 && wrong.errors.contains("bizclock.yaml:8: feeds[office].mapping.events[1]: unknown key"))
    try folder.configure("    format: csv", head: "database: private\npolicy: none.yaml")
    #expect(try await folder.check(["office", folder.path + "/none.csv"]).status == 78)
    try folder.configure("    format: csv")
    let book = try folder.write("b.xlsx", "PK\u{3}\u{4}[Content_Types].xml xl/workbook.xml")
    let run = try await folder.check(["office", book])
    #expect(run.status == 65)
    #expect(run.output.contains("encoding   an Excel workbook (.xlsx)"))
    #expect(run.output.contains("save it as \"CSV UTF-8\", and hand that file over."))
  }

  /// Whatever its length, a file takes no memory: the program is looked at from outside while it reads.
  @Test func memoryIsBounded() async throws {
    let folder = try Folder(
      "    format: csv\n    time_zone: Asia/Shanghai\n    mapping: { case_id: 办件编号, events: [{ type: accepted, "
        + "occurred_at: 受理时间 }, { type: completed, occurred_at: 办结时间 }] }")
    // A program that another test starts meanwhile would hold the end of a pipe of Foundation's open.
    let fifo = folder.path + "/big.csv"
    #expect(mkfifo(fifo, 0o600) == 0)
    let output = FileManager.default.temporaryDirectory.appending(path: "check-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: output) }
    let process = Process()
    process.executableURL = URL(filePath: DaemonProcess.program)
    process.arguments = ["feed", "check", "office", fifo, "--json", "--config", folder.path + "/bizclock.yaml"]
    process.standardOutput = try FileHandle(forWritingTo: output)
    let ended = AsyncStream<Void>.makeStream()
    process.terminationHandler = { _ in ended.continuation.finish() }
    try process.run()
    let descriptor = open(fifo, O_WRONLY | O_CLOEXEC)
    let input = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    func highWater() throws -> Int {
      let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
      return (Int(line.filter(\.isNumber)) ?? 0) << 10
    }
    let encoding = String.Encoding(rawValue: 0x8000_0632)
    func send(_ text: String) throws {
      try input.write(contentsOf: try #require(text.data(using: encoding)))
    }
    try send("办件编号,受理时间,办结时间,备注\r\n")
    // One row too long among them, and one that never ends its quote.
    let block = String(repeating: "KB1,2026/3/5 9:05,,备注备注备注备注备注备注备注备注\r\n", count: 10_000)
    var first = 0
    for number in 0..<24 {
      try send(block)
      if number == 4 { try send("\"" + String(repeating: "长", count: 1 << 20) + "\r\n") }
      if number == 11 { first = try highWater() }
    }
    let last = try highWater()
    close(descriptor)
    for await _ in ended.stream {}
    #expect(process.terminationStatus == 65)
    let printed = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: output)) as? [String: Any])
    #expect(printed["events"] as? Int == 240_000)
    #expect(printed["refused"] as? Int == 1)
    #expect(last - first < 4 << 20, "\(first) \(last)")
    #expect(last < 96 << 20, "\(last)")
  }
}
