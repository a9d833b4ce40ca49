import Testing

@testable import ServiceTime

/// When levels are reached, and reached again.
@Suite struct LevelReachTests {
  static let levels = [
    Level(name: "yellow", position: .daysBefore(1)), Level(name: "red", position: .due, priority: .error),
    Level(name: "escalated", position: .daysAfter(1), priority: .critical),
  ]
  static let office = TestOffice(levels: levels)

  @Test(
    arguments: [
      // A stop at the level's instant comes before it.
      ("completed 09-09 17:30", ["yellow/1 09-08 17:30"]),
      ("completed 09-09 17:30:00.000001", ["yellow/1 09-08 17:30", "red/1 09-09 17:30"]),
      ("completed 09-10 17:30", ["yellow/1 09-08 17:30", "red/1 09-09 17:30"]),
      (
        "completed 09-10 18:00", ["yellow/1 09-08 17:30", "red/1 09-09 17:30", "escalated/1 09-10 17:30"]
      ),
      ("withdrawn 09-09 17:30", ["yellow/1 09-08 17:30"]),
      ("withdrawn 09-09 18:00", ["yellow/1 09-08 17:30", "red/1 09-09 17:30"]),
      // While due is unknown nothing is reached; what lies behind is reached when it is known again.
      (
        "suspended 09-08 17:30\nresumed 09-09 18:00\ncompleted 09-10 10:00", ["yellow/1 09-09 18:00"]
      ),
      ("suspended 09-08 17:30\ncompleted 09-10 10:00", []),
      // An extension moves a level that was reached: it is reached again, of a later instant.
      (
        "extended 09-09 10:00 days=1\ncompleted 09-10 10:00", ["yellow/1 09-08 17:30", "yellow/2 09-09 17:30"]
      ),
      (
        "extended 09-08 10:00 days=1\ncompleted 09-10 10:00", ["yellow/1 09-09 17:30"]
      ),
      (
        "extended 09-09 10:00 days=1\nextended 09-10 10:00 days=1\ncompleted 09-11 18:00",
        ["yellow/1 09-08 17:30", "yellow/2 09-09 17:30", "yellow/3 09-10 17:30", "red/1 09-11 17:30"]
      ),
      // Of the same instant it is not reached again.
      ("suspended 09-09 10:00\nresumed 09-09 11:00\ncompleted 09-09 12:00", ["yellow/1 09-08 17:30"]),
      // A pause after due changes nothing about it; the level after it waits.
      (
        "suspended 09-10 10:00\nresumed 09-11 10:00\ncompleted 09-14 18:00",
        ["yellow/1 09-08 17:30", "red/1 09-09 17:30", "escalated/1 09-14 17:30"]
      ),
      // A reopened clock goes on: the day of the stop and that of the reopening do not count.
      (
        "completed 09-09 10:00\nreopened 09-10 10:00\ncompleted 09-14 10:00",
        ["yellow/1 09-08 17:30", "red/1 09-11 17:30"]
      ),
      // What happened before the start, or after the stop, reaches nothing.
      ("completed 09-07 10:00\nextended 09-30 10:00 days=1", []),
    ] as [(String, [String])])
  func reached(_ story: String, _ expected: [String]) throws {
    let clock = try LevelReachTests.office.clock("accepted 09-07 10:00\n" + story)
    #expect(LevelReachTests.office.reached(clock) == expected)
    #expect(clock.pending.isEmpty)
  }

  static let plain = TestOffice(levels: [
    Level(name: "first", position: .plain(-100 * hour)), Level(name: "six", position: .plain(-6 * hour)),
    Level(name: "two", position: .plain(2 * hour)),
  ])
  @Test(
    arguments: [
      // At t0 if it lies before.
      ("completed 09-08 10:00", ["first/1 09-07 10:00"]),
      // Not if the clock stops at the same instant.
      ("completed 09-07 10:00", []),
      // At 11:30 due was unknown: it is reached at the resumption.
      (
        "suspended 09-09 10:00\nresumed 09-09 12:00\ncompleted 09-09 13:00",
        ["first/1 09-07 10:00", "six/1 09-09 12:00"]
      ),
      // At 11:30 the clock was stopped: it is reached at the reopening, before the lunch break has ended.
      (
        "completed 09-09 11:00\nreopened 09-09 12:00\ncompleted 09-09 13:00",
        ["first/1 09-07 10:00", "six/1 09-09 12:00"]
      ),
      // A paused clock is open: with its due time known it reaches what comes.
      (
        "suspended 09-09 18:00\ncompleted 09-14 10:00",
        ["first/1 09-07 10:00", "six/1 09-09 11:30", "two/1 09-09 19:30"]
      ),
    ] as [(String, [String])])
  func plainTime(_ story: String, _ expected: [String]) throws {
    let clock = try LevelReachTests.plain.clock("accepted 09-07 10:00\n" + story)
    #expect(LevelReachTests.plain.reached(clock) == expected)
  }

  /// A pause over the close of the last day moves due and what hangs on it: a level in plain time is reached again.
  @Test func revisionAfterAPause() throws {
    let office = LevelReachTests.plain
    let clock = try office.clock(
      "accepted 09-07 10:00\nsuspended 09-09 17:00\nresumed 09-09 18:00\ncompleted 09-10 12:00")
    #expect(office.reached(clock) == ["first/1 09-07 10:00", "six/1 09-09 11:30", "six/2 09-10 11:30"])
    #expect(clock.reached.map { office.text($0.dueAt) } == ["09-09 17:30", "09-09 17:30", "09-10 17:30"])
  }

  /// What is still to come is pending, and as of its instant it is reached.
  @Test func asOf() throws {
    let office = LevelReachTests.office
    let before = try office.clock("accepted 09-07 10:00", asOf: "09-08 17:29:59.999999")
    #expect(before.reached.isEmpty)
    #expect(before.pending.map(\.level) == ["yellow", "red", "escalated"])
    #expect(before.pending.map { office.text($0.at) } == ["09-08 17:30", "09-09 17:30", "09-10 17:30"])
    let after = try office.clock("accepted 09-07 10:00", asOf: "09-08 17:30")
    #expect(after.reached.map(\.level) == ["yellow"])
    #expect(after.pending.map(\.level) == ["red", "escalated"])
    #expect(after.reached.first?.priority == .warning)
    let unknown = try office.clock("accepted 09-07 10:00\nsuspended 09-07 11:00", asOf: "09-08 18:00")
    #expect(unknown.reached.isEmpty && unknown.pending.isEmpty)
  }

  /// Each round reaches its own levels.
  @Test func rounds() throws {
    let office = LevelReachTests.office
    let clocks = try office.clocks(
      "accepted 09-07 10:00\nwithdrawn 09-09 10:00\naccepted 09-14 10:00\ncompleted 09-16 10:00")
    #expect(clocks.map { office.reached($0) } == [["yellow/1 09-08 17:30"], ["yellow/1 09-15 17:30"]])
  }

  /// A void told later undoes a level, and brings back one that was hidden.
  @Test func voids() throws {
    let office = LevelReachTests.office
    let started = "accepted 09-07 10:00\nsuspended 09-08 10:00 id=p\nresumed 09-09 10:00\ncompleted 09-10 10:00"
    let before = try office.clock(started)
    #expect(office.reached(before) == [])
    let after = try office.clock(started + "\nvoided 09-30 10:00 voids=p")
    #expect(office.reached(after) == ["yellow/1 09-08 17:30", "red/1 09-09 17:30"])
  }
}
