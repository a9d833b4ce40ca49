@testable import ServiceTime

/// A calendar for the tests alone: it knows nothing of tables and sums, it looks at one day and one minute at a time.
///
/// Times are whole minutes since 1970 UTC, dates days since 1970. Everything is straight from the words of the rules.
struct NaiveOffice: Sendable {
  /// Offsets in minutes east of UTC, from the minute on at which they hold; the first holds before as well.
  var offsets: [(from: Int, minutes: Int)]
  /// Days of the week that are worked, Monday is 1.
  var week: Set<Int>
  /// Office hours in minutes since midnight.
  var hours: [(open: Int, close: Int)]
  /// Days that differ: whether they are worked, and hours of their own.
  var days: [Int: (worked: Bool, hours: [(open: Int, close: Int)]?)]
  /// Closures; without end while `to` is nil.
  var closures: [(from: Int, to: Int?)]
  var publishedFrom: Int?
  var publishedUntil: Int?
  /// Dates of the window that are holidays where nothing is published.
  var fixedHolidays: Set<Int>

  // MARK: - Time

  func offset(at minute: Int) -> Int {
    var found = offsets[0].minutes
    for (from, minutes) in offsets where from <= minute { found = minutes }
    return found
  }

  /// L(t).
  func date(_ minute: Int) -> Int {
    let local = minute + offset(at: minute)
    return local >= 0 ? local / 1440 : (local - 1439) / 1440
  }

  /// The minute of a reading: the first of two; one that does not exist moves forward.
  func minute(_ date: Int, _ ofDay: Int) -> Int {
    let reading = date * 1440 + ofDay
    let meant = Set(offsets.map(\.minutes)).map { reading - $0 }.filter { $0 + offset(at: $0) == reading }
    if let first = meant.min() { return first }
    // In a gap: the offset before it still applies to the reading.
    for (before, after) in zip(offsets, offsets.dropFirst())
    where after.from + before.minutes <= reading && reading < after.from + after.minutes {
      return reading - before.minutes
    }
    return reading - offsets[0].minutes
  }

  // MARK: - Days

  func isPublished(_ date: Int) -> Bool {
    date >= publishedFrom ?? date && date <= publishedUntil ?? date
  }

  /// W(d).
  func isWorked(_ date: Int) -> Bool {
    if let day = days[date] { return day.worked }
    guard week.contains((date + 3) % 7 + 1) else { return false }
    return isPublished(date) || !fixedHolidays.contains(date)
  }

  func hours(_ date: Int) -> [(open: Int, close: Int)] {
    isWorked(date) ? days[date]?.hours ?? hours : hours
  }

  /// close(d): the usual closing time on days not worked.
  func close(_ date: Int) -> Int { minute(date, hours(date).map(\.close).max() ?? 0) }

  /// end(d).
  func end(_ date: Int, midnight: Bool) -> Int { midnight ? minute(date + 1, 0) : close(date) }

  /// Of every minute from `from` through the window whether the office is open, closures left aside.
  func office(from: Int, count: Int) -> [Bool] {
    var open = [Bool](repeating: false, count: count)
    for date in (date(from) - 1)...(date(from + count) + 1) where isWorked(date) {
      for (opening, closing) in hours(date) {
        var time = minute(date, opening)
        let end = minute(date, closing)
        while time < end {
          if time >= from, time < from + count { open[time - from] = true }
          time += 1
        }
      }
    }
    return open
  }
}
