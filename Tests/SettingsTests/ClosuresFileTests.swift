import ServiceTime
import Testing

@testable import Settings

/// Declared closures: a file beside the calendar in force, read with what its author wrote.
@Suite struct ClosuresFileTests {
  private static let zone = TimeZoneTable.fixed(name: "Asia/Shanghai", offset: 28_800)
  private static let policy = CalendarTests.text(
    "{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: \"09:00-17:00\", fixed_holidays: [], "
      + "closures: [{ from: \"2024-09-05T18:00:00+08:00\", to: \"2024-09-06T18:00:00+08:00\", name: a }] }",
    "{ id: town, base: cn, regions: [\"46\"] }")

  @Test func written() throws {
    let closures = [
      Closure(from: ClosuresFileTests.at("2026-09-05T18:00:00.5Z"), to: nil, name: "台风, 停工"),
      Closure(
        from: ClosuresFileTests.at("2026-07-01T00:00:00Z"), to: ClosuresFileTests.at("2026-07-02T00:00:00Z"),
        name: "b"),
    ]
    let text = ClosuresFile(closures: closures).text(in: ClosuresFileTests.zone)
    #expect(
      text == """
        from,to,name
        2026-07-01T08:00:00+08:00,2026-07-02T08:00:00+08:00,b
        2026-09-06T02:00:00.5+08:00,,"台风, 停工"

        """)
    let files = ["closures/town.csv": text]
    #expect(try ClosuresFile.read(calendar: "town", in: files).closures == closures.reversed())
    #expect(try ClosuresFile.read(calendar: "cn", in: files).closures == [])
    let draft = try PolicyDraft.parse(PolicyDocuments(policyText: ClosuresFileTests.policy, files: files))
    #expect(draft.calendars.map { $0.closures.map(\.name) } == [["a"], ["b", "台风, 停工"]])
  }

  @Test(arguments: [
    ("from,to\n", "closures/cn.csv:1: begins otherwise than with from,to,name"),
    ("from,to,name\nx,,y\n", "closures/cn.csv:2: is no closure; write from,to,name"),
    ("from,to,name\n2026-07-01T00:00:00Z,\n", "closures/cn.csv:2: is no closure; write from,to,name"),
    (
      "from,to,name\n2026-07-01T00:00:00Z,2026-07-01T00:00:00Z,y\n",
      "closures/cn.csv:2: to: \"2026-07-01T00:00:00Z\" is no time after the beginning"
    ),
    (
      "from,to,name\n2026-07-01T00:00:00Z,later,y\n",
      "closures/cn.csv:2: to: \"later\" is no time after the beginning"
    ),
  ])
  func wrong(_ text: String, _ message: String) {
    let fault = #expect(throws: SettingsError.self) {
      try PolicyDraft.parse(
        PolicyDocuments(policyText: ClosuresFileTests.policy, files: ["closures/cn.csv": text]))
    }
    #expect(fault?.faults.map(\.description) == [message])
  }

  /// The folder is not one for days.
  @Test func noDaysFile() {
    let text = CalendarTests.text(
      "{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: \"09:00-17:00\", days: closures/cn.csv }")
    #expect(
      Reading.faults(policy: text) == [
        "policy.yaml:2: calendars[cn].days: the folder closures/ is kept for closures that are declared; "
          + "put days files elsewhere"
      ])
  }

  /// A silence as people write it, and when it has run out.
  @Test(arguments: [
    ("4 working_hours", "4 working_hours"), ("1h30m working_hours", "1h30m working_hours"), ("30m", "30m"),
    ("90s", "1m30s"), ("26h00m05s", "26h5s"),
  ])
  func silences(_ text: String, _ shown: String) throws {
    let silence = try Silence(settingsText: text)
    #expect(silence.description == shown)
    #expect(try Silence(settingsText: shown) == silence)
    let start = ClosuresFileTests.at("2026-07-01T00:00:00Z")
    switch silence {
    case .plain(let time): #expect(silence.runsOut(since: start, nil) == start + time)
    case .officeTime: #expect(silence.runsOut(since: start, nil) == nil)
    }
  }

  private static func at(_ text: String) -> Instant { Instant(rfc3339: text) ?? .earliest }
}
