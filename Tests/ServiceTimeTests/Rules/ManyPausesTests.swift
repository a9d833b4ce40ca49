import Testing

@testable import ServiceTime

/// A feed that gives everything one case id makes a case with all the pauses of an office. It is folded as any other,
/// in time that grows with its events and not with their square.
@Suite struct ManyPausesTests {
  /// 8 hours of office time, with a warning at 90 %.
  static let office = TestOffice(
    .workingHours(8 * hour),
    levels: [
      Level(name: "yellow", position: .share(9_000), priority: .warning),
      Level(name: "red", position: .due, priority: .error),
    ])

  /// A case accepted on Monday 09-07 at 10:00, and from then on 20 s running, 20 s paused, until it stops.
  static func events(_ count: Int, _ office: TestOffice = office) -> [Event] {
    let start = office.at("09-07 10:00")
    var events = office.events("accepted 09-07 10:00 id=start")
    for number in 1...count {
      events.append(
        Event(
          caseID: "case", source: "desk", eventID: Identifier("e\(number)"),
          type: EventType(number.isMultiple(of: 2) ? "resumed" : "suspended"),
          occurredAt: start + Int64(number) * 20 * second))
    }
    return events
  }

  static let second: Int64 = 1_000_000

  /// Every other 20 s run: 8 h have run after 16 h of office time less the last pause, 5 h on Monday, 6.5 h on
  /// Tuesday and 4.5 h on Wednesday; 7.2 h after 14.4 h of office time less a pause, but a pause begins then, so
  /// that due is known again 20 s later. The last pause ends on 09-16 at 16:13:20. Every day but that one closes in
  /// the last instant of a pause, so that it alone counts.
  @Test func fortyThousandOfOneCase() throws {
    let office = ManyPausesTests.office
    let events = ManyPausesTests.events(40_000) + office.events("completed 09-16 16:30 id=stop")
    let fold = CaseFold(events: events, rulebook: try office.rulebook())
    let clock = try #require(fold.clocks(asOf: office.at("12-31 00:00")).first)
    #expect(clock.verdict == .late)
    #expect(office.text(clock.dueAt) == "09-09 15:29:40")
    #expect(office.reached(clock) == ["yellow/1 09-09 11:24", "red/1 09-09 15:29:40"])
    #expect(clock.pauses.count == 20_000)
    #expect(clock.measures.elapsed == 801_000 * ManyPausesTests.second)
    #expect(clock.measures.paused == 400_000 * ManyPausesTests.second)
    // 177,200 s of office time, of which half ran, and 1,000 s until the stop.
    #expect(clock.measures.working == 89_600 * ManyPausesTests.second)
    #expect(clock.measures.countedDays == 1)
    #expect(clock.overrun?.days == 1)
  }

  /// A pause until Tuesday 10:00, a closure until 10:30, another pause from 10:15 until 11:00: one pause that ends on
  /// Tuesday, on which time started again after a pause begun on Monday; so Tuesday is not counted, with or without
  /// pauses before, within and after.
  @Test(
    arguments: ["", "suspended 09-07 10:01\nresumed 09-07 10:02\n"],
    ["", (10...23).map { "\($0.isMultiple(of: 2) ? "suspended" : "resumed") 09-08 10:00:\($0)\n" }.joined()])
  func endDayUnderClosure(_ before: String, _ within: String) throws {
    let office = TestOffice(.workingDays(1)).closed("09-08 09:30", "09-08 10:30")
    let story = """
      accepted 09-07 10:00
      \(before)suspended 09-07 11:00
      resumed 09-08 10:00
      \(within)suspended 09-08 10:15
      resumed 09-08 11:00
      """
    #expect(office.text(try office.clock(story).dueAt) == "09-09 17:30")
    let more = "\nsuspended 09-08 15:00\nresumed 09-08 15:01"
    #expect(office.text(try office.clock(story + more).dueAt) == "09-09 17:30")
  }

  /// The same, event by event, with clocks looked at now and then.
  @Test func eventByEvent() throws {
    let office = ManyPausesTests.office
    let rulebook = try office.rulebook()
    let events = ManyPausesTests.events(4_000)
    var fold = CaseFold(rulebook: rulebook)
    for (index, event) in events.enumerated() {
      let took = fold.append(event)
      #expect(took)
      guard index % 499 < 2 else { continue }
      let scratch = CaseFold(events: Array(events[...index]), rulebook: rulebook)
      #expect(fold.clocks(asOf: event.occurredAt) == scratch.clocks(asOf: event.occurredAt))
    }
  }

  /// What is reckoned at each event looks at few pauses one by one, and what is settled is never copied: its place in
  /// memory changes only as it grows.
  @Test(arguments: [[], [("09-08 09:00", "09-08 11:00")], [("09-08 09:00", nil), ("09-07 11:00", "09-07 15:00")]])
  func boundedWork(_ closures: [(String, String?)]) throws {
    var office = ManyPausesTests.office
    for (from, to) in closures { office = office.closed(from, to) }
    let commitment = office.commitment
    let start = office.at("09-07 10:00")
    var run = ClockRun(
      round: 1, version: try require(commitment.versions.first).rules, calendar: try office.compiled(),
      start: start, startedBy: EventKey(source: "desk", eventID: "start"))
    var most = 0
    var moves = 0
    var place: UnsafePointer<SettledPauses.Pause>?
    let events = ManyPausesTests.events(8_000, office).dropFirst()
    for event in events {
      run.advance(to: event.occurredAt, levels: commitment.levels)
      most = max(most, run.line.events.count - run.line.unsettled.next)
      if event.type == "resumed" {
        run.resume(kind: 1, at: event.occurredAt)
      } else {
        run.pause(kind: 1, at: event.occurredAt)
      }
      let now = run.line.settled?.pauses.withUnsafeBufferPointer { $0.baseAddress }
      if now != place { moves += 1 }
      place = now
    }
    #expect(most <= PauseLine.few)
    #expect(moves <= 24)
    #expect(run.pauses.count == 4_000)
    if closures.isEmpty {
      let settled = try #require(run.line.settled).pauses.count
      #expect(settled + run.line.events.count - run.line.unsettled.next == 4_000)
    }
  }
}
