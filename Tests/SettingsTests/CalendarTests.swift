import ServiceTime
import Testing

@testable import Settings

/// Calendars: weeks, hours, days, layers and closures.
@Suite struct CalendarTests {
  /// A policy of calendars, each on a line of its own from line 2 on.
  static func text(_ calendars: String...) -> String {
    "calendars:\n" + calendars.map { "  - \($0)\n" }.joined() + "commitments: []\n"
  }

  static func calendar(_ more: String, files: [String: String] = [:]) throws -> CalendarDefinition? {
    try Reading.draft(text("{ id: cn, time_zone: Asia/Shanghai, \(more) }"), files: files).calendars.first
  }

  static let cn = "{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: \"09:00-17:00\", fixed_holidays: [] }"

  static let weekTable: [(String, Set<Weekday>)] = [
    ("mon-fri", [.monday, .tuesday, .wednesday, .thursday, .friday]),
    ("sun-thu", Set(Weekday.allCases).subtracting([.friday, .saturday])),
    ("\"mon,tue , thu\"", [.monday, .tuesday, .thursday]), ("sat", [.saturday]), ("mon-mon", [.monday]),
    ("[mon-wed, fri]", [.monday, .tuesday, .wednesday, .friday]), ("mon-sun", Set(Weekday.allCases)),
  ]

  @Test(arguments: weekTable)
  func weeks(_ text: String, _ week: Set<Weekday>) throws {
    #expect(try CalendarTests.calendar("week: \(text), hours: \"09:00-17:00\", fixed_holidays: []")?.week == week)
  }

  @Test(arguments: [
    "mon-tue-wed", "[]", "[mon, mon-fri]", "\"mon,mon\"", "monday", "mon-", "\"fri-mon,sat\"", "{}",
  ])
  func wrongWeeks(_ text: String) {
    let faults = Reading.faults(
      policy: CalendarTests.text("{ id: cn, time_zone: Asia/Shanghai, week: \(text), hours: \"09:00-17:00\" }"))
    #expect(faults.count == 1, "\(faults)")
    #expect(faults.first?.hasPrefix("policy.yaml:2: calendars[cn].week") == true)
  }

  static let lunch: [OfficeHours] = [
    OfficeHours(open: 30_600, close: 43_200), OfficeHours(open: 52_200, close: 63_000),
  ]

  @Test(arguments: [
    ("[\"08:30-12:00\", \"14:30-17:30\"]", CalendarTests.lunch),
    ("\"08:30-12:00;14:30-17:30\"", CalendarTests.lunch),
    ("8:30-12:00 14:30-17:30", CalendarTests.lunch), ("\"00:00-24:00\"", [OfficeHours(open: 0, close: 86_400)]),
    (
      "[\"08:00-12:00\", \"12:00-13:00\"]",
      [OfficeHours(open: 28_800, close: 43_200), OfficeHours(open: 43_200, close: 46_800)]
    ),
  ])
  func hours(_ text: String, _ hours: [OfficeHours]) throws {
    #expect(try CalendarTests.calendar("week: mon-fri, hours: \(text), fixed_holidays: []")?.hours == hours)
  }

  @Test(arguments: [
    ("[]", "names no office hours; write for example [\"08:30-12:00\", \"14:30-17:30\"]"),
    ("\"09:00\"", "\"09:00\" is not a span of office hours; write for example 08:30-12:00"),
    ("\"09:00-09:00\"", "09:00-09:00 ends before it begins"),
    ("\"09:00-24:01\"", "\"09:00-24:01\" is not a span of office hours; write for example 08:30-12:00"),
    ("\"09:60-12:00\"", "\"09:60-12:00\" is not a span of office hours; write for example 08:30-12:00"),
    (
      "[\"14:30-17:30\", \"08:30-12:00\"]",
      "08:30-12:00 overlaps or comes before 14:30-17:30; list office hours in order, apart"
    ),
    (
      "\"08:30-12:00;11:00-17:30\"",
      "11:00-17:30 overlaps or comes before 08:30-12:00; list office hours in order, apart"
    ),
  ])
  func wrongHours(_ text: String, _ message: String) {
    let faults = Reading.faults(
      policy: CalendarTests.text("{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: \(text) }"))
    #expect(faults.count == 1)
    #expect(faults.first?.hasSuffix(": " + message) == true, "\(faults)")
  }

  @Test func daysOfFilesAndOfTheCalendarItself() throws {
    let file = """
      \u{FEFF}# a comment
      date,kind,name,hours
      2026-09-20,makeup_workday,"国庆, 补班",8:30-12:00;14:30-17:30

      2026-10-01,holiday,国庆节,
       2026-10-02 , holiday , x
      2026-10-03,holiday
      """.replacing("\n", with: "\r\n")
    let days = """
      [a.csv, { date: 2026-10-05, kind: holiday, name: 地方 }, { date: 2026-10-06, kind: makeup_workday, hours: "09:00-12:00" }]
      """
    let calendar = try #require(
      try CalendarTests.calendar(
        "week: mon-fri, hours: \"09:00-17:00\", days: \(days), published_until: 2026-12-28", files: ["a.csv": file])
    )
    #expect(
      calendar.days == [
        DayOverride(
          date: Reading.date("2026-09-20"), kind: .makeupWorkday, name: "国庆, 补班", hours: CalendarTests.lunch),
        DayOverride(date: Reading.date("2026-10-01"), kind: .holiday, name: "国庆节"),
        DayOverride(date: Reading.date("2026-10-02"), kind: .holiday, name: "x"),
        DayOverride(date: Reading.date("2026-10-03"), kind: .holiday, name: ""),
        DayOverride(date: Reading.date("2026-10-05"), kind: .holiday, name: "地方"),
        DayOverride(
          date: Reading.date("2026-10-06"), kind: .makeupWorkday, name: "",
          hours: [OfficeHours(open: 32_400, close: 43_200)]),
      ])
  }

  @Test(arguments: [
    ("", "a.csv: holds no days; begin with the line date,kind,name"),
    ("# x\n\n", "a.csv: holds no days; begin with the line date,kind,name"),
    ("date,knd\n", "a.csv:1: unknown column \"knd\"; did you mean \"kind\"?"),
    ("date,name\n", "a.csv:1: the first line must name the columns: date,kind,name"),
    ("date,kind,date\n", "a.csv:1: the first line must name the columns: date,kind,name"),
    ("date,kind\n2026-01-01\n", "a.csv:2: fewer cells than columns; write date,kind,name"),
    ("date,kind\n2026-01-01,holiday,x\n", "a.csv:2: more cells than columns; take a comma out"),
    (
      "date,kind,name\n2026-01-01,holiday,\"x\n",
      "a.csv:2: a quote is not closed; write \"…\" around a name with a comma"
    ),
    (
      "date,kind\n2026/1/1,holiday\n",
      "a.csv:2: date: \"2026/1/1\" is not a date from 1970 to 2110; write YYYY-MM-DD"
    ),
    (
      "date,kind\n1969-12-31,holiday\n",
      "a.csv:2: date: \"1969-12-31\" is not a date from 1970 to 2110; write YYYY-MM-DD"
    ),
    ("date,kind\n2026-01-01,Holiday\n", "a.csv:2: kind: unknown kind \"Holiday\"; did you mean \"holiday\"?"),
    (
      "date,kind,hours\n2026-01-01,holiday,09:00-12:00\n",
      "a.csv:2: hours: a holiday has no office hours; leave them out"
    ),
    (
      "date,kind,hours\n2026-01-03,makeup_workday,9-12\n",
      "a.csv:2: hours: \"9-12\" is not a span of office hours; write for example 08:30-12:00"
    ),
    (
      "date,kind\n2026-01-01,holiday\n2026-01-01,holiday\n",
      "a.csv:3: date: 2026-01-01 is already listed on line 2; keep one"
    ),
  ])
  func wrongDaysFiles(_ file: String, _ message: String) {
    let text = CalendarTests.text(
      "{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: \"09:00-17:00\", days: a.csv }")
    #expect(Reading.faults(policy: text, files: ["a.csv": file]) == [message])
  }

  @Test(arguments: [
    (
      "days: [{ date: 2026-01-01, kind: holiday }, { date: 2026-01-01, kind: holiday }]",
      "date: 2026-01-01 is already listed on line 2; keep one"
    ),
    ("days: [{ date: 2026-01-01 }]", "calendars[cn].days[1]: has no kind; add for example `kind: holiday`"),
    (
      "days: [{ date: 2026-01-01, kind: holiday, hours: \"09:00-12:00\" }]",
      "calendars[cn].days[1].hours: a holiday has no office hours; leave them out"
    ),
    (
      "days: [../etc]",
      "calendars[cn].days[1]: \"../etc\" is not the name of a days file; write a plain name such as cn.csv"
    ),
    (
      "days: [b.csv]",
      "calendars[cn].days[1]: the days file b.csv is not there; put it beside the policy file or take it out of days"
    ),
    (
      "published_until: 2026-02-29", "calendars[cn].published_until: \"2026-02-29\" is not a date; write YYYY-MM-DD"
    ),
    (
      "published_from: 2026-02-01, published_until: 2026-01-01",
      "calendars[cn].published_until: 2026-01-01 is before published_from 2026-02-01; put the later date here"
    ),
    (
      "published_until: 2025-12-31, days: [{ date: 2026-01-01, kind: holiday }]",
      "calendars[cn].published_until: 2025-12-31 is before the listed day 2026-01-01; move it to the last day that the lists are complete for"
    ),
    (
      "published_from: 2026-01-02, days: [{ date: 2026-01-01, kind: holiday }]",
      "calendars[cn].published_from: 2026-01-02 is after the listed day 2026-01-01; move it back or leave it out"
    ),
    (
      "fixed_holidays: [\"02-30\"]",
      "calendars[cn].fixed_holidays[1]: \"02-30\" is not a day of the year; write MM-DD, for example \"05-01\""
    ),
    ("fixed_holidays: [\"05-01\", \"05-01\"]", "calendars[cn].fixed_holidays[2]: is named twice; keep one"),
    (
      "fixed_holidays: [], closures: [{ from: 2024-09-05 }]",
      "calendars[cn].closures[2024-09-05].from: \"2024-09-05\" is not a time with an offset; write for example 2024-09-05T18:00:00+08:00"
    ),
    (
      "fixed_holidays: [], closures: [{ from: 2024-09-05T18:00:00Z, to: 2024-09-05T18:00:00Z }]",
      "calendars[cn].closures[2024-09-05T18:00:00Z].to: the closure ends before it begins; put the later time here"
    ),
    (
      "regions: [\"46\"], fixed_holidays: []",
      "calendars[cn].regions: regions choose a layer over a base; add the base, or take regions out"
    ),
    (
      "holidays: [], fixed_holidays: []",
      "calendars[cn]: unknown key \"holidays\"; use one of: id, base, time_zone, week, hours, days, regions, published_from, published_until, fixed_holidays, closures"
    ),
  ])
  func wrongCalendars(_ more: String, _ message: String) {
    let text = CalendarTests.text(
      "{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: \"09:00-17:00\", \(more) }")
    #expect(Reading.faults(policy: text) == ["policy.yaml:2: " + message])
  }

  @Test func openEndedClosuresAndFixedHolidays() throws {
    let calendar = try #require(
      try CalendarTests.calendar(
        "week: mon-fri, hours: \"09:00-17:00\", fixed_holidays: [\"02-29\", \"12-25\"], published_until: 2026-12-24, "
          + "closures: [{ from: \"2024-09-05T18:00:00+08:00\", name: 台风 }]"))
    #expect(calendar.fixedHolidays == [MonthDay(month: 2, day: 29), MonthDay(month: 12, day: 25)])
    #expect(calendar.closures.map(\.to) == [nil])
    #expect(calendar.closures.map(\.name) == ["台风"])
  }

  @Test func layersInherit() throws {
    let text = CalendarTests.text(
      CalendarTests.cn, "{ id: city, base: cn, regions: [\"4690\"] }",
      "{ id: town, base: city, regions: [\"469005\", \"469006\"], hours: \"10:00-12:00\", time_zone: Europe/Amsterdam }"
    )
    let calendars = try Reading.draft(text).calendars
    #expect(calendars[1] == CalendarDefinition(id: "city", base: "cn", regions: ["4690"]))
    #expect(
      calendars[2]
        == CalendarDefinition(
          id: "town", base: "city", timeZone: "Europe/Amsterdam", hours: [OfficeHours(open: 36_000, close: 43_200)],
          regions: ["469005", "469006"]))
  }

  /// The longest prefix wins alone: what the wider layer adds is lost unless the narrower is built on it.
  @Test func layersWithinLayersThatAreNotTheirBases() throws {
    let hainan = "{ id: hainan, base: cn, regions: [\"46\"] }"
    let within = "{ id: wenchang, base: cn, regions: [\"469005\", \"469006\"] }"
    func remarks(_ layers: String...) throws -> [String] {
      let text = "calendars:\n" + ([CalendarTests.cn] + layers).map { "  - \($0)\n" }.joined() + "commitments: []\n"
      return try Reading.draft(text).remarks.map(\.description)
    }
    func remark(_ line: Int, _ layer: String, _ prefix: String, in region: String, of other: String) -> String {
      "policy.yaml:\(line): calendars[\(layer)].regions: \(prefix) lies within \(region) of the calendar \(other), of which "
        + "nothing counts in \(prefix): no day, no closure; build \(layer) on it (`base: \(other)`)"
    }
    let lost = ["469005", "469006"]
    #expect(try remarks(hainan, within) == lost.map { remark(4, "wenchang", $0, in: "46", of: "hainan") })
    #expect(try remarks(within, hainan) == lost.map { remark(3, "wenchang", $0, in: "46", of: "hainan") })
    #expect(try remarks(hainan, within.replacing("base: cn", with: "base: hainan")) == [])
    #expect(try remarks(hainan, within.replacing("\"4690", with: "\"4590")) == [])
    // The nearest is told; where it is the base, what lies around it is its own concern.
    let city = "{ id: city, base: hainan, regions: [\"4690\"] }"
    #expect(try remarks(hainan, city, within) == lost.map { remark(5, "wenchang", $0, in: "4690", of: "city") })
    #expect(try remarks(hainan, city, within.replacing("base: cn", with: "base: city")) == [])
    let own = city.replacing("base: hainan", with: "base: cn")
    #expect(
      try remarks(hainan, own, within.replacing("base: cn", with: "base: city")) == [
        remark(4, "city", "4690", in: "46", of: "hainan")
      ])
  }

  @Test func layersThatClash() {
    #expect(
      Reading.faults(
        policy: CalendarTests.text(
          CalendarTests.cn, CalendarTests.cn, "{ id: a, base: a }", "{ id: b, base: c }", "{ id: c, base: b }",
          "{ id: d, base: cn, regions: [\"46\"] }", "{ id: e, base: cn, regions: [\"46\", \"47\"] }",
          "{ id: f, base: d, regions: [\"47\"] }")) == [
          "policy.yaml:3: calendars[cn].id: the calendar cn is already on line 2; choose another id",
          "policy.yaml:4: calendars[a].base: the calendar a is built on itself; name another base",
          "policy.yaml:5: calendars[b].base: the calendar b is built on itself; name another base",
          "policy.yaml:6: calendars[c].base: the calendar c is built on itself; name another base",
          "policy.yaml:8: calendars[e].regions: the region 46 of the base cn is already claimed by the calendar d; "
            + "keep one",
          "policy.yaml:9: calendars[f].regions: the region 47 of the base cn is already claimed by the calendar e; "
            + "keep one",
        ])
  }
}
