import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// A policy file holds promises and calendars: `policy diff` and `policy apply` take both, in one transaction.
@Suite struct WholeDraftTests {
  private static let hours = #"hours: ["08:30-12:00", "14:30-17:30"]"#
  private static let shorter = #"hours: ["08:30-12:00", "13:30-16:30"]"#

  /// An office with an opening accepted on Monday, 1 June 2026, and one that was finished half an hour before it was due.
  private static func with(_ body: @Sendable (DraftOffice) async throws -> Void) async throws {
    try await DraftOffice.with { office in
      let events = [
        ("K1", "accepted", "06-01T09:00"), ("K2", "accepted", "06-01T09:00"), ("K2", "completed", "06-03T17:00"),
      ].map { DaemonTestBase.event($0, $1, "2026-\($2):00+08:00") }
      let loaded = try await office.run("ingest", "-", input: events.joined(separator: "\n") + "\n")
      #expect(loaded.status == 0, "\(loaded.errors)")
      try await body(office)
      #expect(try await office.run("verify").status == 0)
    }
  }

  @Test func hoursOfThePolicyFileComeIntoForce() async throws {
    try await WholeDraftTests.with { office in
      try office.edit(WholeDraftTests.hours, WholeDraftTests.shorter)
      let shown = try await office.run("policy", "diff", office.draft)
      #expect(shown.status == 1, "\(shown.errors)")
      #expect(
        shown.output.hasPrefix("the draft changes the calendar cn\nwould move, of 2 cases"), "\(shown.output)")
      let json = try await office.run("policy", "diff", office.draft, "--json").output
      #expect(json.contains(#""changes":[{"kind":"calendar","name":"cn","change":"altered"}]"#), "\(json)")
      let applied = try await office.apply("--reason", "summer", "--restate")
      #expect(applied.output.hasPrefix("the draft changes the calendar cn\nin force: 2 cases"), "\(applied.output)")
      #expect(try await office.due() == ["K1 one_day 06-02 16:30", "K1 opening 06-03 16:30"])
      #expect(try await office.run("explain", "K1").output.contains("due 2026-06-03 16:30"))
      // The promises are as they were: they stay in force as they were applied.
      #expect(try await office.rules() == ["calendar summer"])
      #expect(try await office.reasons() == ["calendar"])
      for kind in ["policy", "calendar"] {
        #expect(try await office.run(kind, "diff", office.draft).output == "already in force: nothing would move\n")
        let again = try await office.run(kind, "apply", office.draft, "--reason", "again")
        #expect(again.output == "already in force: nothing was changed\n")
      }
      #expect(
        try await office.run("policy", "diff", office.draft, "--json").output.contains(#""changes":[]"#))
      #expect(try await office.rules() == ["calendar summer"])
    }
  }

  /// A calendar that is new and a promise that moves to it.
  @Test func aPromiseMovesToANewCalendarOfTheFile() async throws {
    try await WholeDraftTests.with { office in
      try office.edit(
        "calendars:\n",
        """
        calendars:
          - { id: hall, time_zone: Asia/Shanghai, week: mon-sun, hours: ["09:00-21:00"], fixed_holidays: [] }

        """)
      try office.edit(
        "    calendar: cn\n    versions:\n      - { from: 2019-01-01, limit: 1 working_days, day_end: close }"
      ) {
        $0.replacing("cn", with: "hall")
      }
      #expect(try await office.run("policy", "check", office.draft).status == 0)
      let applied = try await office.apply("--reason", "the hall opens", "--restate")
      #expect(
        applied.output.hasPrefix("the draft changes one_day and the calendar hall (new)\n"), "\(applied.output)")
      #expect(try await office.rules() == ["policy the hall opens", "calendar the hall opens"])
      #expect(try await office.due() == ["K1 one_day 06-02 21:00", "K1 opening 06-03 17:30"])
    }
  }

  /// A limit and hours: both or neither, and the token stands for both.
  @Test func aLimitAndHoursAreOneTransaction() async throws {
    try await WholeDraftTests.with { office in
      try office.edit(WholeDraftTests.hours, WholeDraftTests.shorter)
      let hours = try await office.token()
      try office.edit("limit: 2 working_days") { $0.replacing("2", with: "1") }
      let both = try await office.token()
      let refused = try await office.run("policy", "apply", office.draft, "--reason", "both")
      #expect(refused.status == 64, "\(refused.errors)")
      let other = try await office.run(
        "policy", "apply", office.draft, "--reason", "both", "--restate", "--expect", hours)
      #expect(other.status == 75, "\(other.errors)")
      #expect(try await office.rules() == [])
      #expect(try await office.due() == ["K1 one_day 06-02 17:30", "K1 opening 06-03 17:30"])
      let applied = try await office.apply("--reason", "both", "--restate", "--expect", both)
      #expect(applied.output.hasPrefix("the draft changes opening and the calendar cn\n"), "\(applied.output)")
      #expect(try await office.rules() == ["policy both", "calendar both"])
      #expect(
        try await TestQuery.rows(
          office.folder.conninfo,
          "SELECT count(DISTINCT applied_at)::text FROM bizclock.rules WHERE reason = 'both'") == [["1"]])
      #expect(try await office.due() == ["K1 one_day 06-02 16:30", "K1 opening 06-02 16:30"])
      #expect(try await office.reasons() == ["policy"])
    }
  }

  /// Somebody applied another file's calendars meanwhile: what the older file would take back is said by name.
  @Test func calendarsInForceThatTheFileDoesNotHaveAreNamed() async throws {
    try await WholeDraftTests.with { office in
      let old = try office.text()
      try office.edit("    published_until: 2026-12-28\n") {
        $0 + "  - { id: port, base: cn, regions: [\"4601\"], days: [] }\n"
      }
      try office.edit(WholeDraftTests.hours, WholeDraftTests.shorter)
      let newer = try await office.run("calendar", "apply", office.draft, "--reason", "newer", "--restate")
      #expect(newer.status == 0, "\(newer.errors)")
      try old.write(toFile: office.draft, atomically: true, encoding: .utf8)
      try office.edit("limit: 2 working_days") { $0.replacing("2", with: "3") }
      let shown = try await office.run("policy", "diff", office.draft)
      #expect(
        shown.output.hasPrefix("the draft changes opening and the calendars cn, port (gone)\n"), "\(shown.output)")
      // `calendar` leaves the promise.
      #expect(
        try await office.run("calendar", "diff", office.draft).output.hasPrefix(
          "the draft changes the calendars cn, "))
    }
  }

  /// What a supervisor declared is no part of the draft, and stays.
  @Test func aDeclaredClosureOutlastsIt() async throws {
    try await WholeDraftTests.with { office in
      let declared = try await office.run(
        "calendar", "closure", "begin", "--calendar", "cn", "--name", "台风停工", "--from", "2026-06-02T08:00", "--to",
        "2026-06-03T08:00", "--reason", "typhoon", "--restate")
      #expect(declared.status == 0, "\(declared.errors)")
      #expect(
        try await office.run("policy", "diff", office.draft).output == "already in force: nothing would move\n")
      try office.edit(WholeDraftTests.hours, WholeDraftTests.shorter)
      try office.edit("limit: 2 working_days") { $0.replacing("2", with: "3") }
      _ = try await office.apply("--reason", "both", "--restate")
      #expect(
        try await office.run("calendar", "closure", "list").output.contains("2026-06-03T08:00:00+08:00  declared"))
      #expect(try await office.due() == ["K1 one_day 06-03 16:30", "K1 opening 06-05 16:30"])
      // One whose calendar is not in the file any more is refused.
      try office.write(
        office.text().replacing("id: cn", with: "id: zh").replacing("calendar: cn", with: "calendar: zh"))
      let lost = try await office.run("policy", "apply", office.draft, "--reason", "renamed", "--restate")
      #expect(lost.status == 64)
      #expect(lost.errors.contains("The draft has no calendar cn, of which closures were declared"))
      #expect(try await office.rules().count == 3)
    }
  }
}
