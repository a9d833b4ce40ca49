import Testing

@testable import ServiceTime

/// Stops and their verdicts, and what still counts after a stop or a cancellation.
@Suite struct StopTests {
  static let office = TestOffice()

  @Test(arguments: [
    ("09-09 17:29", Verdict.onTime), ("09-09 17:30", .onTime), ("09-09 17:30:00.000001", .late),
    ("09-10 09:00", .late), ("09-07 10:00", .onTime),
  ])
  func verdict(_ stop: String, _ verdict: Verdict) throws {
    let clock = try StopTests.office.clock("accepted 09-07 10:00\ncompleted \(stop)")
    #expect(clock.state == .stopped)
    #expect(clock.verdict == verdict)
    #expect(clock.outcome == "completed")
    #expect(StopTests.office.text(clock.stoppedAt) == StopTests.office.text(StopTests.office.at(stop)))
  }

  static let notice = TestOffice(
    .calendarDays(7), floor: .calendarDays(7), dayEnd: .midnight, grace: 8 * hour)
  @Test(arguments: [
    ("09-13 23:59", Verdict.premature), ("09-14 00:00", .onTime), ("09-15 00:00", .onTime),
    ("09-15 08:00", .onTime), ("09-15 08:01", .late), ("09-07 10:00", .premature),
  ])
  func floor(_ stop: String, _ verdict: Verdict) throws {
    #expect(try StopTests.notice.clock("accepted 09-07 10:00\nnotice_ended \(stop)").verdict == verdict)
  }

  /// A floor below the limit, and one in working days.
  @Test func floorsOfTheirOwn() throws {
    let low = TestOffice(.calendarDays(7), floor: .calendarDays(3), dayEnd: .midnight)
    #expect(try low.clock("accepted 09-07 10:00\ncompleted 09-09 23:59").verdict == .premature)
    #expect(try low.clock("accepted 09-07 10:00\ncompleted 09-10 00:00").verdict == .onTime)
    let worked = TestOffice(.workingDays(5), floor: .workingDays(3))
    #expect(try worked.clock("accepted 09-10 10:00\ncompleted 09-14 23:59").verdict == .premature)
    #expect(try worked.clock("accepted 09-10 10:00\ncompleted 09-15 08:00").verdict == .onTime)
    // A suspended day moves the floor as it moves the limit.
    let story = "accepted 09-10 10:00\nsuspended 09-11 10:00\nresumed 09-11 18:00\ncompleted "
    #expect(try worked.clock(story + "09-15 23:59").verdict == .premature)
    #expect(try worked.clock(story + "09-16 08:00").verdict == .onTime)
  }

  /// The first stop at or after the start; it ends every open pause.
  @Test func firstStop() throws {
    let clock = try StopTests.office.clock(
      """
      completed 09-07 09:00
      accepted 09-07 10:00
      suspended 09-08 10:00
      correction_requested 09-08 11:00
      rejected 09-10 10:00
      completed 09-30 10:00
      """)
    #expect(clock.outcome == "rejected")
    #expect(clock.verdict == .onTime)
    #expect(clock.pauses.map { StopTests.office.text($0.to) } == ["09-10 10:00", "09-10 10:00"])
    #expect(StopTests.office.text(clock.dueAt) == "09-14 17:30")
  }

  /// An event with several roles acts as pause before it acts as stop, as stop before it cancels.
  @Test func rolesInOrder() throws {
    var office = StopTests.office
    office.commitment.pause.append(PauseKind(begin: EventMatcher("completed"), end: EventMatcher("reopened")))
    office.commitment.cancel.append(EventMatcher("completed"))
    let clock = try office.clock("accepted 09-07 10:00\ncompleted 09-09 10:00")
    #expect(clock.state == .stopped)
    #expect(
      clock.pauses == [ClockPause(kind: "completed", from: office.at("09-09 10:00"), to: office.at("09-09 10:00"))])
  }

  /// A plain type matches whatever the step; `type:step` that step only.
  @Test func steps() throws {
    var office = StopTests.office
    office.commitment.stop = [EventMatcher("step_completed:licence")]
    #expect(try office.clock("accepted:desk 09-07 10:00\nstep_completed:seal 09-08 10:00").isOpen)
    #expect(try office.clock("accepted:desk 09-07 10:00\nstep_completed 09-08 10:00").isOpen)
    #expect(try !office.clock("accepted:desk 09-07 10:00\nstep_completed:licence 09-08 10:00").isOpen)
    office.commitment.stop = [EventMatcher("step_completed")]
    #expect(try !office.clock("accepted 09-07 10:00\nstep_completed:seal 09-08 10:00").isOpen)
  }

  /// After a stop pauses, extensions, further stops, cancellations and starts count for nothing.
  @Test(arguments: [
    "suspended 09-09 11:00\nresumed 09-20 10:00", "extended 09-09 11:00 days=3", "rejected 09-10 10:00",
    "withdrawn 09-10 10:00", "accepted 09-10 10:00",
  ])
  func afterAStop(_ story: String) throws {
    let stopped = "accepted 09-07 10:00\ncompleted 09-09 10:00\n"
    let clocks = try StopTests.office.clocks(stopped + story)
    #expect(clocks == (try StopTests.office.clocks(stopped)))
  }

  /// Which stops a reopening undoes.
  @Test(
    arguments: [
      ("completed", nil, nil, true), ("rejected", nil, nil, true), ("notice_ended", nil, nil, false),
      ("notice_ended", ["notice_ended"], nil, true), ("completed", ["notice_ended"], nil, false),
      ("completed", [], nil, false), ("completed", nil, Limit.workingDays(1), false),
      ("completed", ["completed"], Limit.workingDays(1), true),
    ] as [(String, [String]?, Limit?, Bool)])
  func reopening(_ stop: String, _ allowed: [String]?, _ floor: Limit?, _ isOpen: Bool) throws {
    var office = TestOffice(floor: floor)
    office.commitment.reopen = allowed
    let clocks = try office.clocks("accepted 09-07 10:00\n\(stop) 09-08 10:00\nreopened 09-10 10:00")
    #expect(clocks.count == 1)
    #expect(clocks.first?.isOpen == isOpen)
  }

  /// Stop to reopening is a pause: Tuesday, and Thursday on which time starts again, do not count.
  @Test func reopenedClockRunsOn() throws {
    let office = StopTests.office
    let story = "accepted 09-07 10:00\ncompleted 09-08 10:00\nreopened 09-10 10:00"
    let open = try office.clock(story)
    #expect(office.text(open.dueAt) == "09-14 17:30")
    #expect(open.verdict == nil)
    #expect(
      open.pauses == [ClockPause(kind: "reopened", from: office.at("09-08 10:00"), to: office.at("09-10 10:00"))])
    let again = try office.clock(story + "\ncompleted 09-14 17:31")
    #expect(again.verdict == .late)
    #expect(again.round == 1)
    #expect(again.measures.paused == 48 * hour)
    #expect(again.measures.countedDays == 2)
    // A second reopening.
    let twice = try office.clock(story + "\nrejected 09-11 10:00\nreopened 09-11 11:00")
    #expect(twice.pauses.count == 2)
    #expect(office.text(twice.dueAt) == "09-14 17:30")
  }

  /// A start after a rejection is a new round with its own pauses and extensions.
  @Test func roundAfterARejection() throws {
    let office = StopTests.office
    let clocks = try office.clocks(
      """
      accepted 09-07 10:00
      suspended 09-08 10:00
      extended 09-08 11:00 days=4
      rejected 09-09 10:00
      accepted 09-14 10:00
      resumed 09-15 10:00
      completed 09-17 10:00
      """)
    #expect(clocks.map(\.round) == [1, 2])
    #expect(clocks.map(\.verdict) == [.onTime, .late])
    #expect(clocks.map(\.pauses.count) == [1, 0])
    #expect(clocks.map(\.extendedDays) == [4, 0])
    #expect(office.text(clocks.last?.dueAt) == "09-16 17:30")
    // After the new round began, a reopening of the first means nothing.
    #expect(
      try office.clocks("accepted 09-07 10:00\nrejected 09-08 10:00\naccepted 09-09 10:00\nreopened 09-09 11:00")
        .map(\.state) == [.stopped, .running])
  }

  /// A cancellation: no verdict, no due; whether the clock was past due is kept.
  @Test(arguments: [
    ("withdrawn 09-08 10:00", false), ("withdrawn 09-09 17:30", false), ("withdrawn 09-09 17:30:00.000001", true),
    // Unknown is not past.
    ("suspended 09-08 10:00\nwithdrawn 09-30 10:00", false),
    // Known, since the limit had run out before the pause.
    ("suspended 09-09 18:00\nwithdrawn 09-30 10:00", true),
    ("suspended 09-08 10:00\nresumed 09-10 10:00\nwithdrawn 09-14 10:00", false),
  ])
  func cancellation(_ story: String, _ breached: Bool) throws {
    let clock = try StopTests.office.clock("accepted 09-07 10:00\n" + story)
    #expect(clock.state == .cancelled)
    #expect(clock.verdict == nil)
    #expect(clock.dueAt == nil)
    #expect(clock.overrun == nil)
    #expect(clock.outcome == "withdrawn")
    #expect(clock.breached == breached)
    #expect(clock.pauses.allSatisfy { $0.to != nil })
  }

  @Test func roundsAfterCancellations() throws {
    let office = StopTests.office
    let clocks = try office.clocks(
      """
      accepted 09-07 10:00
      suspended 09-07 11:00
      withdrawn 09-08 10:00
      resumed 09-08 11:00
      completed 09-08 12:00
      reopened 09-08 13:00
      accepted 09-09 10:00
      withdrawn 09-10 10:00
      accepted 09-14 10:00
      """)
    #expect(clocks.map(\.round) == [1, 2, 3])
    #expect(clocks.map(\.state) == [.cancelled, .cancelled, .running])
    #expect(clocks.first?.measures.paused == 23 * hour)
    #expect(office.text(clocks.last?.dueAt) == "09-16 17:30")
  }
}
