import Journal
import ServiceTime
import Settings
import Testing

@testable import Daemon

/// The calendar's horizon: told from two months before it, once a day.
@Suite struct HorizonServiceTests {
  /// The shipped calendar is published until 2026-12-28.
  @Test(arguments: [
    ("2026-10-29T12:00:00+08:00", 60), ("2026-12-27T23:59:59+08:00", 1), ("2026-12-28T12:00:00+08:00", 0),
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
    #expect(try HorizonServiceTests.warnings("2026-10-28T23:59:59+08:00").isEmpty)
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
