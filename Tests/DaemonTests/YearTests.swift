import Foundation
import ServiceTime
import Settings
import Simulator
import TestSupport
import Testing

@testable import Daemon

/// What was printed on a day of the year can be asked for again, to the byte, whatever has arrived and been decided
/// since.
@Suite struct YearTests {
  /// The days on which the office prints.
  private static let moments = [
    "2025-02-28T18:00:00+08:00", "2025-04-15T09:30:00+08:00", "2025-07-01T08:00:00+08:00",
    "2025-09-10T12:00:00+08:00", "2025-12-30T16:45:00+08:00",
  ]
  private static let cases =
    ProcessInfo.processInfo.environment["BIZCLOCK_YEAR_CASES"].flatMap(Int.init) ?? 1_500

  /// An event as it is told, and when it arrives.
  private struct Told {
    var line: String
    var caseID: String
    var arrives: Instant
  }

  /// A year of cases; one event in 23 arrives three weeks late.
  private static func year() throws -> [Told] {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rulebook = try RuleLoader.compile(draft.policy, draft.calendars)
    let calendar = try #require(rulebook.mainCalendar(process: "opening"))
    let (first, last) = (try #require(CivilDate("2025-01-02")), try #require(CivilDate("2025-12-31")))
    var delivery = Delivery(
      Simulator(seed: 25, cases: cases, from: first, to: last, calendar: calendar), zone: calendar.zone, seed: 25)
    var told: [Told] = []
    while let chunk = delivery.next() {
      for line in String(decoding: chunk.bytes, as: UTF8.self).split(separator: "\n") {
        let occurred = try #require(value("occurred_at", of: line).flatMap { Instant(rfc3339: $0) })
        let caseID = try #require(value("case_id", of: line))
        let late = told.count % 23 == 22 ? Int64(21 * 86_400 * 1_000_000) : 0
        told.append(Told(line: String(line), caseID: caseID, arrives: occurred + (60_000_000 + late)))
      }
    }
    return told
  }

  private static func value(_ key: String, of line: some StringProtocol) -> String? {
    guard let start = line.range(of: "\"\(key)\":\"")?.upperBound else { return nil }
    return line[start...].firstIndex(of: "\"").map { String(line[start..<$0]) }
  }

  /// The commands by which an office prints, with the moment at which it stands.
  private static func prints(_ day: String, _ cases: [String]) -> [[String]] {
    let range = ["--from", "2025-01-01", "--to", day]
    return [
      ["report"] + range + ["--by", "town,channel"],
      ["report"] + range + ["--by", "month,outcome", "--lang", "zh", "--format", "html"],
      ["report"] + range + ["--by", "region,entity_type,tag", "--format", "csv"],
    ] + cases.map { ["explain", $0] } + [["explain", cases.last ?? "", "--lang", "zh"]]
  }

  private struct Report: Decodable, Equatable {
    var asOf: String
    var totals: [Total]

    struct Total: Decodable, Equatable {
      var commitment: String
      var finished: Int
      var onTime: Int
      var late: Int
      var premature: Int
      var open: Int
      var overdue: Int
    }
  }

  private struct Comparison: Decodable {
    var sums: [Sum]
    var count: Int

    struct Sum: Decodable {
      var commitment: String
      var reasons: [String]
      var finished: Int
      var onTime: Int
      var late: Int
      var premature: Int
    }
  }

  private static func decoded<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(text.utf8))
  }

  /// What was printed at a moment.
  private struct Printed {
    var moment: String
    /// The report for programs, to its last byte; it names the moment for which it stands.
    var json: String
    var asOf: String
    var texts: [(arguments: [String], text: String)]
    /// What SQL said.
    var rows: [[String]]
  }

  private static let range = ["--from", "2025-01-01", "--to", "2025-12-31"]

  private static func rows(_ office: LoadedOffice, asOf: String) async throws -> [[String]] {
    try await office.rows(
      "SELECT to_jsonb(k)::text FROM dashboard.on_time_as_of('\(asOf)', '2025-01-01', '2025-12-31') k")
  }

  @Test func earlierReportsStayAsTheyWerePrinted() async throws {
    let told = try YearTests.year()
    // The office knows the days of its own year, as published the autumn before.
    try await LoadedOffice.with(
      at: "2025-01-02T08:00:00+08:00",
      policy: { $0.replacing("published_until: 2026-12-28", with: "published_until: 2025-12-28") },
      file: (
        "cn.csv",
        { $0.split(separator: "\n").filter { !$0.hasPrefix("2026-") }.joined(separator: "\n") + "\n" }
      )
    ) { office in
      let printed = try await YearTests.live(office, told)
      try await YearTests.changeThePast(office, told)

      let now = try YearTests.decoded(
        Report.self, try office.run(["report", "--format", "json"] + YearTests.range))
      for earlier in printed {
        let asked = ["--as-of", earlier.asOf]
        let again = try office.run(["report", "--format", "json"] + YearTests.range + asked)
        #expect(again == earlier.json, "\(earlier.moment)")
        #expect(try await YearTests.rows(office, asOf: earlier.asOf) == earlier.rows)
        for (arguments, text) in earlier.texts {
          let asked = arguments[0] == "explain" ? ["--as-of", earlier.moment] : asked
          #expect(try office.run(arguments + asked) == text, "\(earlier.moment): \(arguments)")
          #expect(try office.run(arguments) != text, "\(arguments) tells nothing new")
        }
        // And what is new is told, by reason, and adds up.
        let then = try YearTests.decoded(Report.self, earlier.json)
        let comparison = try YearTests.decoded(
          Comparison.self,
          try office.run(
            ["report", "--format", "json", "--limit", "0", "--compare-as-of", earlier.asOf] + YearTests.range))
        try YearTests.expectToAddUp(then, comparison, now)
        let reasons = Set(comparison.sums.flatMap(\.reasons))
        #expect(
          reasons.isSuperset(of: ["finished", "late_data", "policy", "closure", "voided"])
            || earlier.moment < "2025-09", "\(earlier.moment): \(reasons)")
      }
      #expect(try office.run(["verify"]).contains("no difference"))
    }
  }

  /// The year as it went: events as they arrived, and reports on some days.
  private static func live(_ office: LoadedOffice, _ told: [Told]) async throws -> [Printed] {
    let arriving = told.sorted { $0.arrives < $1.arrives }
    var rest = arriving[...]
    var printed: [Printed] = []
    var day = try #require(CivilDate("2025-01-03"))
    let last = try #require(CivilDate("2026-01-07"))
    var moments = YearTests.moments[...]
    while day <= last {
      var now = "\(day)T07:00:00+08:00"
      let prints = moments.first.map { $0 < now } ?? false
      if prints, let moment = moments.popFirst() { now = moment }
      let instant = try #require(Instant(rfc3339: now))
      let arrived = rest.prefix { $0.arrives <= instant }
      rest = rest.dropFirst(arrived.count)
      if !arrived.isEmpty { try await office.load(arrived.map(\.line), at: now) }
      if prints {
        printed.append(try await print(office, now, arrived: arriving.prefix(arriving.count - rest.count)))
      } else {
        day = day + 9
      }
    }
    #expect(printed.count == YearTests.moments.count)
    return printed
  }

  private static func print(
    _ office: LoadedOffice, _ loaded: String, arrived: ArraySlice<Told>
  ) async throws -> Printed {
    // A minute later: what is recorded at one instant has times a few microseconds after it.
    let now = loaded.replacing(":00+08:00", with: ":59+08:00")
    office.clock.advance(to: try #require(Instant(rfc3339: now)))
    let json = try office.run(["report", "--format", "json"] + range)
    let asOf = try decoded(Report.self, json).asOf
    // One that is finished, and one that has just begun.
    let cases = [arrived[arrived.endIndex - min(arrived.count, 300)].caseID, arrived[arrived.endIndex - 1].caseID]
    return Printed(
      moment: now, json: json, asOf: asOf,
      texts: try prints(String(now.prefix(10)), cases).map { ($0, try office.run($0)) },
      rows: try await rows(office, asOf: asOf))
  }

  /// Next year's calendar, two typhoons, an amendment in the middle of the year, a region corrected, and
  /// completions that never happened: all of it late.
  private static func changeThePast(_ office: LoadedOffice, _ told: [Told]) async throws {
    let shipped = try PolicyDocuments.shipped()
    try office.rewrite("cn.csv") { _ in shipped.files["cn.csv"] ?? "" }
    try office.rewrite("policy.yaml") {
      $0.replacing("published_until: 2025-12-28", with: "published_until: 2026-12-28")
    }
    try await office.apply(.calendar, at: "2026-01-08T09:00:00+08:00")
    try office.rewrite("policy.yaml") {
      $0.replacing(
        "    published_until: 2026-12-28\n",
        with: """
              published_until: 2026-12-28
              closures: [{ from: 2025-02-17T08:00:00+08:00, to: 2025-02-21T12:00:00+08:00, name: 台风停工 },
                { from: 2025-09-08T08:00:00+08:00, to: 2025-09-10T18:00:00+08:00, name: 台风停工 }]

          """)
    }
    try await office.apply(.calendar, because: .closure, at: "2026-01-08T10:00:00+08:00")
    try office.rewrite("policy.yaml") {
      $0.replacing(
        "legal_limit: 5 working_days, day_end: close }\n",
        with: """
          legal_limit: 5 working_days, day_end: close }
                - { from: 2025-02-01, limit: 1 working_days, legal_limit: 5 working_days, day_end: close }

          """
      ).replacing("企业开办 }", with: "企业开办一件事 }").replacing(
        "yellow: { at: -1 working_days, priority: warning }", with: "yellow: { at: 90%, priority: warning }")
    }
    try await office.apply(.policy, at: "2026-01-08T11:00:00+08:00")
    let completed = told.filter { value("type", of: $0.line) == "completed" }
    let voids = completed.enumerated().filter { $0.offset % 40 == 0 }.map { _, told in
      let id = value("event_id", of: told.line) ?? ""
      return #"{"event_id":"void \#(id)","case_id":"\#(told.caseID)","type":"voided","voids":"\#(id)","#
        + #""occurred_at":"2026-01-09T09:00:00+08:00"\#(source(told.line))}"#
    }
    let corrected = Set(told.map(\.caseID)).sorted().enumerated().filter { $0.offset % 30 == 0 }.map { _, caseID in
      #"{"event_id":"correction","case_id":"\#(caseID)","type":"region_corrected","region":"469005101","#
        + #""occurred_at":"2026-01-09T09:30:00+08:00"}"#
    }
    try await office.load(voids + corrected, at: "2026-01-09T10:00:00+08:00")
  }

  /// The member that tells the line's source, if it tells one.
  private static func source(_ line: String) -> String {
    value("source", of: line).map { #","source":"\#($0)""# } ?? ""
  }

  private static let figures: [(String, @Sendable (Report.Total) -> Int, @Sendable (Comparison.Sum) -> Int)] = [
    ("finished", { $0.finished }, { $0.finished }), ("on time", { $0.onTime }, { $0.onTime }),
    ("late", { $0.late }, { $0.late }), ("premature", { $0.premature }, { $0.premature }),
  ]

  private static func expectToAddUp(_ then: Report, _ comparison: Comparison, _ now: Report) throws {
    for commitment in Set(then.totals.map(\.commitment) + now.totals.map(\.commitment)) {
      let before = then.totals.first { $0.commitment == commitment }
      let after = now.totals.first { $0.commitment == commitment }
      let sums = comparison.sums.filter { $0.commitment == commitment }
      for (name, total, sum) in figures {
        let told: Int = sums.map(sum).reduce(0, +)
        let was: Int = before.map(total) ?? 0
        let isNow: Int = after.map(total) ?? 0
        #expect(was + told == isNow, "\(commitment) \(name)")
      }
    }
  }
}
