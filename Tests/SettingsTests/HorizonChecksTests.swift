import ServiceTime
import Testing

@testable import Settings

/// For how long calendars are published: a year that nobody listed must not count as known.
@Suite struct HorizonChecksTests {
  private static func base(_ more: String) -> String {
    "{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: \"09:00-17:00\", \(more) }"
  }
  private static let holidays = "days: [{ date: 2025-10-01, kind: holiday }, { date: 2026-01-01, kind: holiday }]"
  private static let remedy =
    " is listed, but the calendar counts as published; add the days (a file beside the policy file goes before one in "
    + "calendars/), or let published_from and published_until say for which days the lists are complete"

  @Test(arguments: [
    (
      holidays,
      "cn].id: the calendar has no published_until; add the last day for which its days are complete, for "
        + "example `published_until: 2026-12-28`"
    ),
    (
      "fixed_holidays: [], days: [{ date: 2026-06-01, kind: makeup_workday }]",
      "cn].id: the calendar has no published_until; add the last day for which its days are complete, for example "
        + "`published_until: 2026-12-28`"
    ),
    (
      "days: []",
      "cn].id: the calendar has neither days nor published_until; add its days and the last day for which "
        + "they are complete, or `fixed_holidays: []` if it has no holidays"
    ),
    ("\(holidays), published_until: 2027-12-28", "cn].published_until: no fixed holiday of 2027" + remedy),
    ("published_until: 2026-12-28", "cn].published_until: no fixed holiday of 2026" + remedy),
    (
      "\(holidays), published_from: 2022-10-04, published_until: 2026-12-28",
      "cn].published_until: no fixed holiday of 2 years from 2023 to 2024" + remedy
    ),
    // A local day of a year does not make up for its holidays.
    (
      "days: [{ date: 2026-10-01, kind: holiday }, { date: 2027-04-20, kind: holiday }], published_until: 2027-12-28",
      "cn].published_until: no fixed holiday of 2027" + remedy
    ),
  ])
  func refuses(_ more: String, _ message: String) {
    #expect(
      Reading.faults(policy: CalendarTests.text(HorizonChecksTests.base(more), "{ id: town, base: cn }"))
        == ["policy.yaml:2: calendars[" + message])
  }

  @Test(arguments: [
    "\(holidays), published_until: 2026-12-28", "\(holidays), published_until: 2026-01-01", "fixed_holidays: []",
    "fixed_holidays: [], published_until: 2027-12-28",
    // No fixed holiday of 2026 is within the span, and none of 2027 on a day that is worked.
    "days: [{ date: 2026-12-19, kind: makeup_workday }], published_until: 2026-12-28",
    "fixed_holidays: [\"05-01\"], days: [{ date: 2026-05-01, kind: holiday }], published_until: 2027-12-28",
  ])
  func allows(_ more: String) throws {
    let text = CalendarTests.text(
      HorizonChecksTests.base(more), "{ id: town, base: cn, days: [] }",
      "{ id: port, base: town, regions: [\"46\"] }")
    #expect(try Reading.draft(text).remarks == [])
  }

  /// Where no holiday has a fixed date, a year without any may be meant.
  @Test func aYearWithoutHolidaysMayBeMeant() throws {
    let base = HorizonChecksTests.base(
      "fixed_holidays: [], \(HorizonChecksTests.holidays), published_until: 2027-12-28")
    #expect(
      try Reading.draft(CalendarTests.text(base)).remarks.map(\.description) == [
        "policy.yaml:2: calendars[cn].published_until: no holiday of 2027" + HorizonChecksTests.remedy
      ])
  }

  @Test func layers() throws {
    let base = HorizonChecksTests.base("\(HorizonChecksTests.holidays), published_until: 2026-12-28")
    let remarks = try Reading.draft(
      CalendarTests.text(
        base, "{ id: a, base: cn, published_until: 2027-12-28 }", "{ id: b, base: cn, published_from: 2024-01-01 }",
        "{ id: c, base: cn, published_from: 2026-01-01, published_until: 2026-06-30 }")
    ).remarks
    #expect(
      remarks.map(\.description) == [
        "policy.yaml:3: calendars[a].published_until: 2027-12-28 has no effect: the base is published until 2026-12-28; "
          + "move it there, or take it out here",
        "policy.yaml:4: calendars[b].published_from: 2024-01-01 has no effect: the base is published from 2025-10-01; "
          + "move it there, or take it out here",
      ])
    // A base without holidays has no end; a layer that lists some has one.
    #expect(
      Reading.faults(
        policy: CalendarTests.text(
          CalendarTests.cn, "{ id: a, base: cn, \(HorizonChecksTests.holidays) }", "{ id: b, base: a }")) == [
          "policy.yaml:3: calendars[a].id: the calendar has no published_until; add the last day for which its days are "
            + "complete, for example `published_until: 2026-12-28`"
        ])
  }

  /// The next year's date without the next year's days, and last year's days under the present date.
  @Test func theShippedCalendarWithAForgottenYear() throws {
    let policy = try Reading.text("deploy/policy.yaml")
    let days = try Reading.text("deploy/calendars/cn.csv")
    let files = ["cn.csv": days, "cn-46.csv": try Reading.text("deploy/regions/cn-46.csv")]
    #expect(Reading.faults(policy: policy, files: files) == [])
    let line =
      try #require(
        policy.split(separator: "\n", omittingEmptySubsequences: false).firstIndex {
          $0.contains(" published_until: ")
        }) + 1
    let late = policy.replacing("published_until: 2026-12-28", with: "published_until: 2027-12-28")
    #expect(
      Reading.faults(policy: late, files: files) == [
        "policy.yaml:\(line): calendars[cn].published_until: no fixed holiday of 2027" + HorizonChecksTests.remedy
      ])
    for year in [2013, 2026] {
      let former = days.split(separator: "\n").filter { !$0.hasPrefix("\(year)-") }.joined(separator: "\n")
      #expect(
        Reading.faults(policy: policy, files: files.merging(["cn.csv": former]) { $1 }) == [
          "policy.yaml:\(line): calendars[cn].published_until: no fixed holiday of \(year)"
            + HorizonChecksTests.remedy
        ])
    }
  }
}
