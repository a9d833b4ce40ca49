import Journal
import ServiceTime
import Settings
import Testing

@testable import Daemon

/// The calendar's horizon: told from the first day of the month before it, once a day, until the next year is in.
@Suite struct HorizonServiceTests {
  /// The shipped calendar is published until 2026-12-28.
  @Test(arguments: [
    ("2026-11-01T00:00:00+08:00", 57), ("2026-12-27T23:59:59+08:00", 1), ("2026-12-28T12:00:00+08:00", 0),
    ("2027-01-04T12:00:00+08:00", -7),
  ])
  func warnsWhenTheEndIsNear(_ now: String, _ left: Int64) throws {
    let warning = try #require(HorizonServiceTests.warnings(now).first)
    #expect(warning["days_left"] == .integer(left))
    #expect(warning.event == .calendarHorizon)
    #expect(warning.priority == .warning)
    #expect(warning["published_until"] == .text("2026-12-28"))
  }

  @Test func isSilentBefore() throws {
    #expect(try HorizonServiceTests.warnings("2026-10-31T23:59:59+08:00").isEmpty)
  }

  /// Layers over one calendar end with it: that is said once. One with days of its own says so itself.
  @Test func layersDoNotRepeatIt() throws {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let layers = [
      CalendarDefinition(id: "city", base: "cn", regions: ["4690"]),
      CalendarDefinition(id: "town", base: "city", regions: ["469005"]),
      CalendarDefinition(id: "port", base: "cn", regions: ["4601"], publishedUntil: CivilDate("2026-11-30")),
    ]
    let rulebook = try RuleLoader.compile(draft.policy, draft.calendars + layers)
    let warnings = HorizonService.warnings(
      rulebook.calendars.values.sorted { $0.id < $1.id },
      now: try #require(Instant(rfc3339: "2026-12-01T09:00:00Z")))
    #expect(warnings.map { $0["calendar"] } == [.text("cn"), .text("port")])
  }

  @Test func aDaemonSaysSoOnceADay() async throws {
    try await DaemonTestBase.withDaemon(at: "2026-12-01T09:00:00+08:00") { office in
      try await office.logged(.calendarHorizon)
      #expect(
        office.lines(.calendarHorizon).map(\.message) == [
          "Calendar cn is published until 2026-12-28, 27 days from now: due times past it are provisional. Add the next "
            + "year's days and run: bizclock calendar apply."
        ])
    }
  }

  private static func warnings(_ now: String) throws -> [LogRecord] {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rulebook = try RuleLoader.compile(draft.policy, draft.calendars)
    return HorizonService.warnings(Array(rulebook.calendars.values), now: try #require(Instant(rfc3339: now)))
  }
}
