import Foundation
import Testing

@testable import Daemon

/// Times that `due` cannot reckon are told apart from those that nobody knows yet.
@Suite struct DueRangeTests {
  @Test(arguments: [
    "2199-01-01T10:00", "9999-12-31T23:59", "2199-01-01T10:00:00+08:00", "9999-12-31T23:59:59Z", "2099-12-31T10:00",
    "1969-12-31T10:00", "0001-01-01T00:00:00Z",
  ])
  func aStartThatCannotBeReckonedIsRefused(_ start: String) throws {
    let words = "\(start) lies outside of 1970-01-01 to 2099-12-30, within which time is reckoned."
    for form in [[], ["--json"]] {
      let run = try ProgramRun(["due", "--commitment", "opening", "--start", start] + form)
      #expect(run.status == 64 && run.output.isEmpty && run.errors.contains(words), "\(run.output)\(run.errors)")
    }
    let batch = try ProgramRun(
      ["due", "--batch"], input: "{\"commitment\":\"opening\",\"start\":\"\(start)\"}\n")
    #expect(batch.status == 65 && batch.output == "{\"error\":\"\(words)\"}\n")
    #expect(batch.errors == "line 1: \(words)\n")
  }

  @Test(arguments: ["2026-09-18", "2026-09-18T10:00:00+8", "2026-13-18T10:00", "soon"])
  func whatIsNoTimeIsToldSo(_ start: String) throws {
    let run = try ProgramRun(["due", "--commitment", "opening", "--start", start])
    #expect(run.status == 64 && run.errors.contains("\(start) is not a time; write for example"), "\(run.errors)")
  }

  /// A table of days that ends before the due day says so.
  @Test func aLongTableIsCutShortInWords() throws {
    func lines(_ extend: String) throws -> [Substring] {
      let run = try ProgramRun([
        "due", "--commitment", "opening", "--start", "2026-01-05T10:00", "--extend", extend,
      ])
      #expect(run.status == 0, "\(run.errors)")
      return run.output.split(separator: "\n")
    }
    let long = try lines("3000")
    let last = try #require(long.firstIndex(of: "later dates are left out"))
    #expect(long[last - 1].hasPrefix("2036-12-17"))
    #expect(!(try lines("300").contains("later dates are left out")))
  }

  /// Why there is no due time.
  @Test func whatIsUnknownIsToldWhy() throws {
    func due(_ more: String...) throws -> String {
      let run = try ProgramRun(["due", "--commitment", "opening"] + more)
      #expect(run.status == 0, "\(run.errors)")
      return run.output.split(separator: "\n").first { $0.hasPrefix("due ") }.map(String.init) ?? run.output
    }
    #expect(
      try due("--start", "2026-09-18T10:00", "--pause", "2026-09-18T11:00")
        == "due    unknown while a pause without end lasts")
    #expect(
      try due("--start", "2099-12-01T10:00", "--extend", "3660")
        == "due    unknown: it lies beyond the calendar's table, which ends with 2110")
    // A pause begun before the start counts for nothing.
    #expect(
      try due("--start", "2099-12-01T10:00", "--extend", "3660", "--pause", "2099-11-30T10:00")
        == "due    unknown: it lies beyond the calendar's table, which ends with 2110")
    #expect(
      try due("--start", "2099-12-01T10:00") == "due    2099-12-03T17:30:00+08:00  "
        + "provisional: the calendar is not published that far")

    let policy = FileManager.default.temporaryDirectory.appending(path: "bizclock-\(UUID().uuidString).yaml").path
    defer { try? FileManager.default.removeItem(atPath: policy) }
    try """
    calendars:
      - { id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: ["09:00-17:00"], fixed_holidays: [], closures: [{ from: "2026-09-18T12:00:00+08:00", name: 台风停工 }] }
    commitments:
      - { id: opening, process: opening, start: [accepted], stop: [completed], calendar: cn, versions: [{ from: 2019-01-01, limit: 2 working_days }] }

    """.write(toFile: policy, atomically: true, encoding: .utf8)
    #expect(
      try due("--policy", policy, "--start", "2026-09-18T10:00")
        == "due    unknown while a closure without end lasts")
  }
}
