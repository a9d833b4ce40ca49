import Foundation
import Testing

@testable import ServiceTime

/// Civil dates against a plain walk through the calendar, and a sample against Foundation's.
@Suite struct CivilDateTests {
  /// Every month of the years 1 to 9999, one after the other.
  @Test func everyMonthInOrder() {
    var number = CivilDate(year: 1, month: 1, day: 1).dayNumber
    #expect(number == -719_162)
    var weekday = 1
    var wrong = 0
    for year in 1...9999 {
      let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      for month in 1...12 {
        let days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        // The first and last of each month, and one between; the days run on by one.
        for day in [1, 15, days] {
          let date = CivilDate(year: year, month: month, day: day)
          let fields = date.fields
          let walked = Int(number) + day - 1
          if Int(date.dayNumber) != walked || fields.year != year || fields.month != month || fields.day != day
            || Int(date.weekday.rawValue) != (weekday - 1 + day - 1) % 7 + 1
          {
            wrong += 1
          }
        }
        if CivilDate.daysInMonth(year: year, month: month) != days { wrong += 1 }
        number += Int32(days)
        weekday = (weekday - 1 + days) % 7 + 1
      }
    }
    #expect(wrong == 0)
    #expect(number == 2_932_897)
  }

  @Test func foundationAgrees() throws {
    var calendar = Foundation.Calendar(identifier: .gregorian)
    calendar.timeZone = try require(TimeZone(secondsFromGMT: 0))
    var random = SeededGenerator(seed: 1970)
    for _ in 0..<2_000 {
      // From the day on which Foundation's calendar, too, is Gregorian.
      let number = Int32.random(in: -140_000...2_932_896, using: &random)
      let parts = calendar.dateComponents(
        [.year, .month, .day, .weekday], from: Date(timeIntervalSince1970: Double(number) * 86_400))
      let date = CivilDate(dayNumber: number)
      #expect(date.fields.year == parts.year && date.fields.month == parts.month && date.fields.day == parts.day)
      // Foundation counts from Sunday, 1.
      #expect(Int(date.weekday.rawValue) % 7 + 1 == parts.weekday)
    }
  }

  @Test(arguments: [
    ("2026-09-18", true), ("0001-01-01", true), ("9999-12-31", true), ("2024-02-29", true), ("2000-02-29", true),
    ("2026-02-29", false), ("1900-02-29", false), ("2026-04-31", false), ("2026-13-01", false),
    ("2026-00-10", false), ("2026-01-00", false), ("0000-01-01", false), ("2026-9-18", false),
    ("2026/09/18", false), ("2026-09-18 ", false), ("", false), ("２026-09-1", false),
  ])
  func text(_ text: String, _ isDate: Bool) {
    let date = CivilDate(text)
    #expect((date != nil) == isDate)
    if let date { #expect(date.description == text) }
  }

  @Test func arithmetic() {
    let date = ShippedPolicy.date("2026-02-27")
    #expect((date + 2).description == "2026-03-01")
    #expect((date + -58).description == "2025-12-31")
    #expect((date + 2) - date == 2)
    #expect(date < date + 1)
    #expect(CivilDate(year: 2026, month: 2, day: 30) == ShippedPolicy.date("2026-03-02"))
  }

  @Test func weekdays() {
    #expect(ShippedPolicy.date("1970-01-01").weekday == .thursday)
    #expect(ShippedPolicy.date("2026-09-18").weekday == .friday)
    for day in Weekday.allCases { #expect(Weekday(shortName: day.shortName) == day) }
    #expect(Weekday(shortName: "Mon") == nil)
  }
}
