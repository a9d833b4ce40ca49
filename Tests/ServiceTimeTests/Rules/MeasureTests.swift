import Testing

@testable import ServiceTime

/// The measures of a clock: counted days, elapsed, paused and working time, overrun.
@Suite struct MeasureTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var office: TestOffice
    var story: String
    var counted: Int
    var elapsed: Int64
    var paused: Int64
    var working: Int64
    var overrun: (Int64, Int)?

    init(
      _ rule: String, _ office: TestOffice, _ story: String, counted: Int, elapsed: Int64,
      paused: Int64 = 0, working: Int64, overrun: (Int64, Int)? = nil
    ) {
      testDescription = rule
      self.office = office
      self.story = "accepted 09-07 10:00\n" + story
      self.counted = counted
      self.elapsed = elapsed
      self.paused = paused
      self.working = working
      self.overrun = overrun
    }

    init(
      _ rule: String, _ story: String, counted: Int, elapsed: Int64, paused: Int64 = 0, working: Int64,
      overrun: (Int64, Int)? = nil
    ) {
      self.init(
        rule, TestOffice(), story, counted: counted, elapsed: elapsed, paused: paused, working: working,
        overrun: overrun)
    }
  }

  static let examples: [Example] = [
    Example(
      "the same day", "completed 09-07 16:00", counted: 0, elapsed: 6 * hour, working: 3 * hour + 30 * minute),
    Example(
      "the second day counts from its beginning", "completed 09-09 00:00", counted: 2, elapsed: 38 * hour,
      working: 11 * hour + 30 * minute),
    Example(
      "not the weekend", TestOffice(.workingDays(9)), "completed 09-14 10:00", counted: 5, elapsed: 168 * hour,
      working: 32 * hour + 30 * minute),
    Example(
      "calendar days do", TestOffice(.calendarDays(9)), "completed 09-14 10:00", counted: 7, elapsed: 168 * hour,
      working: 32 * hour + 30 * minute),
    Example(
      "hours: worked days", TestOffice(.workingHours(99 * hour)), "completed 09-14 10:00", counted: 5,
      elapsed: 168 * hour, working: 32 * hour + 30 * minute),
    Example(
      "paused days do not count", "suspended 09-08 10:00\nresumed 09-09 10:00\ncompleted 09-10 10:00", counted: 1,
      elapsed: 72 * hour, paused: 24 * hour, working: 13 * hour),
    Example(
      "overlapping pauses are paused once",
      "suspended 09-08 10:00\ncorrection_requested 09-08 11:00\nresumed 09-08 12:00\ncorrection_received 09-08 15:00\n"
        + "completed 09-08 17:00", counted: 1, elapsed: 31 * hour, paused: 5 * hour,
      working: 5 * hour + 3 * hour + 30 * minute - 2 * hour + 2 * hour),
    Example(
      "a pause cut by the stop", "suspended 09-08 10:00\ncompleted 09-08 15:00", counted: 1, elapsed: 29 * hour,
      paused: 5 * hour, working: 6 * hour + 30 * minute),
    Example(
      "a closure that lasts beyond the stop", TestOffice().closed("09-08 15:00", "09-09 12:00"),
      "completed 09-08 16:00", counted: 1, elapsed: 30 * hour, paused: hour, working: 9 * hour),
    Example(
      "less than a day late", "completed 09-09 18:30", counted: 2, elapsed: 56 * hour + 30 * minute,
      working: 18 * hour, overrun: (hour, 0)),
    Example(
      "a day late", "completed 09-10 08:00", counted: 3, elapsed: 70 * hour, working: 18 * hour,
      overrun: (14 * hour + 30 * minute, 1)),
    Example(
      "late over a weekend", "completed 09-14 08:00", counted: 5, elapsed: 166 * hour, working: 31 * hour,
      overrun: (110 * hour + 30 * minute, 3)),
    Example(
      "late over a pause", "suspended 09-10 10:00\nresumed 09-11 10:00\ncompleted 09-14 08:00", counted: 3,
      elapsed: 166 * hour, paused: 24 * hour, working: 24 * hour + 30 * minute,
      overrun: (110 * hour + 30 * minute, 1)),
    Example(
      "within grace not late, past it late from due, in days from the due day", TestOffice(grace: 24 * hour),
      "completed 09-11 17:30", counted: 4, elapsed: 103 * hour + 30 * minute, working: 31 * hour,
      overrun: (24 * hour, 2)),
    Example(
      "cancelled", "suspended 09-08 10:00\nwithdrawn 09-09 10:00", counted: 0, elapsed: 48 * hour,
      paused: 24 * hour, working: 6 * hour + 30 * minute),
  ]

  @Test(arguments: examples) func measures(_ example: Example) throws {
    let clock = try example.office.clock(example.story)
    #expect(
      clock.measures
        == Measures(
          countedDays: example.counted, elapsed: example.elapsed, paused: example.paused, working: example.working))
    #expect(clock.overrun == example.overrun.map { Overrun(time: $0.0, days: $0.1) })
  }

  /// Only a stop before the due day is early.
  @Test(arguments: [("09-08 23:59", true), ("09-09 00:00", false), ("09-09 18:00", false)])
  func early(_ stop: String, _ early: Bool) throws {
    #expect(try TestOffice().clock("accepted 09-07 10:00\ncompleted \(stop)").early == early)
  }

  /// Of an open clock the measures stand for its mark: the last instant at which its way changed.
  @Test func marks() throws {
    let office = TestOffice().closed("09-08 12:00", "09-08 16:00")
    let story = "accepted 09-07 10:00\nsuspended 09-10 10:00\nresumed 09-10 11:00"
    for (now, mark) in [("09-30 10:00", "09-10 11:00")] {
      let clock = try office.clock(story, asOf: now)
      #expect(office.text(clock.markAt) == mark)
      #expect(clock.measures.paused == 5 * hour)
      #expect(clock.measures.elapsed == 73 * hour)
      #expect(clock.overrun == Overrun(time: 17 * hour + 30 * minute, days: 1))
    }
    // The closure's end is a mark as well, though no event tells of it.
    #expect(office.text(try office.clock("accepted 09-07 10:00", asOf: "09-08 14:00").markAt) == "09-08 12:00")
    #expect(office.text(try office.clock("accepted 09-07 10:00", asOf: "09-08 17:00").markAt) == "09-08 16:00")
  }

  /// Why each date counts or does not.
  @Test func days() throws {
    let office = TestOffice(.workingDays(3)).closed("09-10 12:00", "09-10 18:00")
      // The 15th is a Tuesday: given hours of its own, it is worked instead of nothing.
      .with(holidays: ["09-14"], makeup: ["09-13", "09-15"])
    let reckoner = try office.reckon("09-07 10:00", pauses: [("09-08 10:00", "09-09 10:00")])
    let days = reckoner.days(through: ShippedPolicy.date("2026-09-15"))
    #expect(
      days.map { "\($0.date.description.suffix(2)) \($0.reason.rawValue) \($0.number ?? 0)" } == [
        "07 start 0", "08 suspended 0", "09 time_restarts 0", "10 closure 0", "11 counted 1", "12 rest_day 0",
        "13 counted 2", "14 holiday 0", "15 counted 3",
      ])
    #expect(days.filter(\.makeup).map(\.date.description) == ["2026-09-13"])
    #expect(reckoner.countedDates()?.map(\.description) == ["2026-09-11", "2026-09-13", "2026-09-15"])
  }
}
