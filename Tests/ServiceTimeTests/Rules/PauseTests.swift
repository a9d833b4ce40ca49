import Testing

@testable import ServiceTime

/// Pauses: what they span, which days they suspend, and what a pause without end leaves known.
@Suite struct PauseTests {
  static let two = TestOffice()
  static let midnight = TestOffice(dayEnd: .midnight)
  static let calendar = TestOffice(.calendarDays(3), dayEnd: .midnight)

  /// From Monday, two working days: Tuesday and Wednesday, unless they are suspended.
  static let suspended: [DueCase] = [
    DueCase(
      "within a day: it counts", two, from: "09-07 10:00", pauses: [("09-08 10:00", "09-08 15:00")],
      due: "09-09 17:30"),
    DueCase(
      "over the close: neither that day counts nor the one on which time starts again", two, from: "09-07 10:00",
      pauses: [("09-08 10:00", "09-09 09:00")], due: "09-11 17:30"),
    DueCase(
      "to the close itself: paused in the instant before it", two, from: "09-07 10:00",
      pauses: [("09-08 10:00", "09-08 17:30")], due: "09-10 17:30"),
    DueCase(
      "to a microsecond before the close", two, from: "09-07 10:00",
      pauses: [("09-08 10:00", "09-08 17:29:59.999999")], due: "09-09 17:30"),
    DueCase(
      "from the close on: that day counts", two, from: "09-07 10:00",
      pauses: [("09-08 17:30", "09-09 09:00")], due: "09-10 17:30"),
    DueCase(
      "overnight: no office time, no day", two, from: "09-07 10:00",
      pauses: [("09-08 18:00", "09-09 08:30")], due: "09-09 17:30"),
    DueCase(
      "overnight with a microsecond of office time", two, from: "09-07 10:00",
      pauses: [("09-08 18:00", "09-09 08:30:00.000001")], due: "09-10 17:30"),
    DueCase(
      "a weekend outside office hours", TestOffice(.workingDays(1)), from: "09-11 10:00",
      pauses: [("09-11 18:00", "09-14 08:00")], due: "09-14 17:30"),
    DueCase(
      "a weekend into office hours", TestOffice(.workingDays(1)), from: "09-11 10:00",
      pauses: [("09-11 18:00", "09-14 09:00")], due: "09-15 17:30"),
    DueCase(
      "the office time lost lies on the first day alone", TestOffice(.workingDays(1)), from: "09-11 10:00",
      pauses: [("09-11 17:00", "09-14 08:00")], due: "09-15 17:30"),
    DueCase(
      "ending at 24:00 it ends on the day that it closes", two, from: "09-07 10:00",
      pauses: [("09-08 10:00", "09-09 00:00")], due: "09-10 17:30"),
    DueCase(
      "begun on the day before one that it closes at 24:00", two, from: "09-07 10:00",
      pauses: [("09-07 17:00", "09-09 00:00")], due: "09-10 17:30"),
    DueCase(
      "begun on the day of the start", two, from: "09-07 10:00", pauses: [("09-07 11:00", "09-08 09:00")],
      due: "09-10 17:30"),
    DueCase(
      "day_end midnight: to 23:00 it counts", midnight, from: "09-07 10:00",
      pauses: [("09-08 10:00", "09-08 23:00")], due: "09-10 00:00"),
    DueCase(
      "day_end midnight: to 24:00 it does not", midnight, from: "09-07 10:00",
      pauses: [("09-08 10:00", "09-09 00:00")], due: "09-11 00:00"),
    DueCase(
      "day_end midnight: over it, outside office hours", midnight, from: "09-07 10:00",
      pauses: [("09-08 18:00", "09-09 01:00")], due: "09-11 00:00"),
    DueCase(
      "calendar days: over a midnight of the weekend", calendar, from: "09-11 10:00",
      pauses: [("09-12 10:00", "09-13 10:00")], due: "09-16 00:00"),
    DueCase(
      "calendar days: with office time lost the day of the resumption goes too", calendar, from: "09-10 10:00",
      pauses: [("09-11 10:00", "09-12 10:00")], due: "09-16 00:00"),
    DueCase(
      "overlapping pauses are one", two, from: "09-07 10:00",
      pauses: [("09-08 10:00", "09-09 09:00"), ("09-08 11:00", "09-10 10:00")], due: "09-14 17:30"),
    DueCase(
      "one within another", two, from: "09-07 10:00",
      pauses: [("09-08 10:00", "09-10 10:00"), ("09-08 11:00", "09-08 12:00")], due: "09-14 17:30"),
    DueCase(
      "touching pauses are one, begun on the earlier date and with office time", two, from: "09-07 10:00",
      pauses: [("09-08 18:00", "09-09 07:00"), ("09-09 07:00", "09-09 09:00")], due: "09-10 17:30"),
    DueCase(
      "apart by a microsecond they are two", two, from: "09-07 10:00",
      pauses: [("09-08 18:00", "09-09 07:00"), ("09-09 07:00:00.000001", "09-09 09:00")], due: "09-09 17:30"),
    DueCase(
      "in any order", two, from: "09-07 10:00",
      pauses: [("09-09 07:00", "09-09 09:00"), ("09-08 18:00", "09-09 07:00")], due: "09-10 17:30"),
    DueCase(
      "an empty pause is none", two, from: "09-07 10:00", pauses: [("09-08 17:29", "09-08 17:29")],
      due: "09-09 17:30"),
    DueCase(
      "one begun before the start is none", two, from: "09-07 10:00",
      pauses: [("09-07 09:59", "09-09 10:00")], due: "09-09 17:30"),
    DueCase(
      "after the last counted day it changes nothing", two, from: "09-07 10:00",
      pauses: [("09-09 17:30", "09-20 10:00")], due: "09-09 17:30"),
  ]

  static let open: [DueCase] = [
    DueCase("open-ended: unknown", two, from: "09-07 10:00", pauses: [("09-09 17:29", nil)], due: nil),
    DueCase(
      "unless the limit ran out at its beginning", two, from: "09-07 10:00", pauses: [("09-09 17:30", nil)],
      due: "09-09 17:30"),
    DueCase(
      "or before", two, from: "09-07 10:00", pauses: [("09-10 10:00", nil)], due: "09-09 17:30"),
    DueCase(
      "within the grace the limit has run out", TestOffice(grace: 8 * hour), from: "09-07 10:00",
      pauses: [("09-09 18:00", nil)], due: "09-10 01:30"),
    DueCase(
      "an earlier one with an end counts as always", two, from: "09-07 10:00",
      pauses: [("09-08 10:00", "09-08 17:30"), ("09-10 18:00", nil)], due: "09-10 17:30"),
    DueCase(
      "two open ones", two, from: "09-07 10:00", pauses: [("09-09 18:00", nil), ("09-09 10:00", nil)], due: nil),
    DueCase(
      "no days: unknown as well", TestOffice(.workingDays(0)), from: "09-07 10:00",
      pauses: [("09-07 11:00", nil)], due: nil),
    DueCase(
      "hours: unknown", TestOffice(.workingHours(2 * hour)), from: "09-07 10:00",
      pauses: [("09-07 11:59", nil)], due: nil),
    DueCase(
      "hours: run out at its beginning", TestOffice(.workingHours(2 * hour)), from: "09-07 10:00",
      pauses: [("09-07 12:00", nil)], due: "09-07 12:00"),
    DueCase(
      "ended by the stop", two, from: "09-07 10:00", pauses: [("09-08 10:00", "09-10 10:00")],
      stoppedAt: "09-10 10:00", due: "09-14 17:30"),
  ]

  @Test(arguments: suspended + open) func due(_ example: DueCase) throws { try example.check() }

  /// From a pause event to the next resume event of its kind.
  @Test(arguments: [
    // Another kind's resumption ends nothing.
    ("correction_requested 09-08 10:00\nresumed 09-08 11:00\ncorrection_received 09-10 10:00", "09-14 17:30", 1),
    // Asked twice, answered once: one pause.
    (
      "correction_requested 09-08 10:00\ncorrection_requested 09-08 11:00\ncorrection_received 09-08 12:00",
      "09-09 17:30", 1
    ),
    // Answered twice: the second ends nothing.
    (
      "correction_requested 09-08 10:00\ncorrection_received 09-08 11:00\ncorrection_received 09-09 12:00",
      "09-09 17:30", 1
    ),
    // A resumption alone.
    ("correction_received 09-08 11:00\nresumed 09-09 11:00", "09-09 17:30", 0),
    // Both kinds at once: time runs again when both have ended.
    (
      "correction_requested 09-08 10:00\nsuspended 09-08 11:00\ncorrection_received 09-08 12:00\nresumed 09-09 10:00",
      "09-11 17:30", 2
    ),
    // At one instant a resumption comes before a pause, whatever the ranks say.
    (
      "suspended 09-08 10:00\nresumed 09-08 12:00 seq=2\nsuspended 09-08 12:00 seq=3\nresumed 09-09 10:00",
      "09-11 17:30", 2
    ),
  ])
  func kinds(_ story: String, _ due: String, _ count: Int) throws {
    let clock = try TestOffice().clock("accepted 09-07 10:00\n" + story)
    #expect(TestOffice().text(clock.dueAt) == due)
    #expect(clock.pauses.count == count)
  }

  /// One event that ends a kind of pause and begins it again: it resumes first.
  @Test func oneEventResumesThenPauses() throws {
    var office = TestOffice()
    office.commitment.pause = [
      PauseKind(begin: EventMatcher("step_started"), end: EventMatcher("step_started:check"))
    ]
    let clock = try office.clock(
      "accepted 09-07 10:00\nstep_started 09-07 11:00\nstep_started:check 09-07 12:00\ncompleted 09-07 15:00")
    #expect(clock.pauses.map { office.text($0.from) } == ["09-07 11:00", "09-07 12:00"])
    #expect(clock.pauses.map { office.text($0.to) } == ["09-07 12:00", "09-07 15:00"])
    #expect(clock.measures.paused == 4 * hour)
  }
}
