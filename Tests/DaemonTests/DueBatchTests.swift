import Foundation
import Testing

@testable import Daemon

/// Many questions to `due`: what a line leaves out is as the options say.
@Suite struct DueBatchTests {
  /// A layer of 469005 has a holiday of its own on 2026-04-20, a Monday.
  private static let policy = """
    calendars:
      - { id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: ["08:30-12:00", "14:30-17:30"], fixed_holidays: [], published_until: 2026-12-28 }
      - { id: wenchang, base: cn, regions: ["469005"], days: [{ date: 2026-04-20, kind: holiday, name: 三月三 }] }
    commitments:
      - id: permit
        process: construction_permit
        start: [accepted]
        stop: [completed]
        calendar: cn
        versions: [{ from: 2026-01-01, limit: 3 working_days }]

    """
  private static let start = #""start":"2026-04-16T09:30""#

  @Test(arguments: [
    ([], #"{"commitment":"permit",START}"#, "2026-04-21"),
    ([], #"{"commitment":"permit",START,"region":"469005100"}"#, "2026-04-22"),
    (["--region", "469005100"], #"{"commitment":"permit",START}"#, "2026-04-22"),
    (["--region", "469005100"], #"{"commitment":"permit",START,"region":null}"#, "2026-04-22"),
    (["--region", "469005100"], #"{"commitment":"permit",START,"region":"460105"}"#, "2026-04-21"),
    ([], #"{"commitment":"permit",START,"extend_days":2}"#, "2026-04-23"),
    (["--extend", "2"], #"{"commitment":"permit",START}"#, "2026-04-23"),
    (["--extend", "2"], #"{"commitment":"permit",START,"extend_days":0}"#, "2026-04-21"),
    (["--commitment", "permit", "--start", "2026-04-16T09:30"], "{}", "2026-04-21"),
    (["--pause", "2026-04-17T09:00/2026-04-17T19:00"], #"{"commitment":"permit",START}"#, "2026-04-22"),
    (
      ["--pause", "2026-04-17T09:00/2026-04-17T19:00"], #"{"commitment":"permit",START,"pauses":[]}"#, "2026-04-21"
    ),
  ])
  func theOptionsAreTheDefaultsOfEachLine(_ options: [String], _ line: String, _ due: String) throws {
    let run = try DueBatchTests.ask(options, line)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.hasPrefix("{\"due_at\":\"\(due)T17:30:00+08:00\""), "\(run.output)")
  }

  @Test(arguments: [
    (#""regoin":"469005""#, "regoin: there is no such member; use commitment, start, pauses, region, extend_days"),
    (#""regoin":null"#, "regoin: there is no such member"),
    (#""region":469005"#, "region: a text is needed"), (#""region":"abc""#, "region abc is not a region code"),
    (#""extend_days":"2""#, "extend_days: a number is needed"), (#""extend_days":true"#, "extend_days: a number"),
    (#""extend_days":1.5"#, "extend_days: a whole number from 0 to 3660"), (#""extend_days":-1"#, "a whole number"),
    (#""extend_days":1e300"#, "a whole number"), (#""pauses":"x""#, "pauses: a list is needed"),
  ])
  func whatIsNotUnderstoodIsRefused(_ member: String, _ words: String) throws {
    let run = try DueBatchTests.ask([], "\n" + #"{"commitment":"permit",START,"# + member + "}")
    #expect(run.status == 65)
    #expect(run.output.hasPrefix("{\"error\":\"") && run.output.contains(words), "\(run.output)")
    #expect(run.errors.hasPrefix("line 2: ") && run.errors.contains(words), "\(run.errors)")
  }

  @Test(arguments: ["commitment", "start"])
  func whatNobodySaysIsNeeded(_ name: String) throws {
    let line = name == "start" ? #"{"commitment":"permit"}"# : "{START}"
    #expect(try DueBatchTests.ask([], line).output == "{\"error\":\"\(name): a text is needed\"}\n")
  }

  private static func ask(_ options: [String], _ line: String) throws -> ProgramRun {
    let policy = FileManager.default.temporaryDirectory.appending(path: "bizclock-\(UUID().uuidString).yaml").path
    defer { try? FileManager.default.removeItem(atPath: policy) }
    try DueBatchTests.policy.write(toFile: policy, atomically: true, encoding: .utf8)
    return try ProgramRun(
      ["due", "--policy", policy, "--batch"] + options, input: line.replacing("START", with: start) + "\n")
  }
}
