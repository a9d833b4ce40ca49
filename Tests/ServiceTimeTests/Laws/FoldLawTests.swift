import TestSupport
import Testing

@testable import ServiceTime

/// Laws of the fold: no order of arrival, no repetition and no way of taking events one by one changes a case.
@Suite struct FoldLawTests {
  /// Runs a body over cases of a seed, told by their number.
  static func each(
    _ seed: UInt64, _ count: Int,
    _ body: (RandomOffice, RandomCase, Instant, inout SeededGenerator, Comment) throws -> Void
  ) throws {
    let office = try RandomOffice.of(seed: seed)
    let now = RandomOffice.instant(office.naive.minute(office.first + 26, 0))
    for number in 0..<count {
      var random = SeededGenerator(seed: seed << 32 | UInt64(number))
      let example = RandomCase(office, &random)
      try body(office, example, now, &random, "seed \(seed), case \(number)")
    }
  }

  @Test(arguments: RandomOffice.seeds) func anyOrder(_ seed: UInt64) throws {
    try FoldLawTests.each(seed, 50) { _, example, now, random, name in
      let fold = CaseFold(events: example.events, rulebook: example.rulebook)
      for _ in 0..<3 {
        let other = CaseFold(events: example.events.shuffled(using: &random), rulebook: example.rulebook)
        #expect(other.clocks(asOf: now) == fold.clocks(asOf: now), name)
        #expect(other.attributes == fold.attributes, name)
        #expect(other.shareMarks == fold.shareMarks, name)
        #expect(other.eventCount == fold.eventCount && other.lastOrder == fold.lastOrder, name)
      }
    }
  }

  /// Appending one by one, folding from scratch where `append` declines, is folding from scratch at every prefix;
  /// repeated events are declined and change nothing.
  @Test(arguments: RandomOffice.seeds) func incrementally(_ seed: UInt64) throws {
    try FoldLawTests.each(seed, 50) { _, example, now, random, name in
      var fold = CaseFold(rulebook: example.rulebook)
      var told: [Event] = []
      let order = random.chance(50) ? example.events.sorted { $0.precedes($1) } : example.events
      var appended = 0
      for event in order {
        told.append(event)
        let scratch = CaseFold(events: told, rulebook: example.rulebook)
        if fold.append(event) { appended += 1 } else { fold = scratch }
        #expect(fold.clocks(asOf: now) == scratch.clocks(asOf: now), name)
        #expect(fold.attributes == scratch.attributes, name)
        #expect(fold.shareMarks == scratch.shareMarks, name)
        #expect(fold.eventCount == scratch.eventCount && fold.lastOrder == scratch.lastOrder, name)
        #expect(
          fold.firstOccurredAt == scratch.firstOccurredAt && fold.lastOccurredAt == scratch.lastOccurredAt, name)
        let before = fold.clocks(asOf: now)
        let tookAgain = fold.append(random.pick(told))
        #expect(!tookAgain, name)
        #expect(fold.clocks(asOf: now) == before, name)
      }
    }
  }

  /// In order and without voids every event of a known process is appended.
  @Test func appendTakesWhatComesInOrder() throws {
    let office = TestOffice()
    let events = office.events(
      "accepted 09-07 10:00\nsuspended 09-08 10:00\nextended 09-09 10:00 days=1\nresumed 09-09 11:00\ncompleted 09-11 10:00"
    )
    var fold = CaseFold(rulebook: try office.rulebook())
    for event in events {
      let took = fold.append(event)
      #expect(took)
    }
    #expect(fold.clocks(asOf: office.at("12-31 00:00")).first?.verdict == .onTime)
    // Late, void, and changing what applies: declined.
    for story in [
      "resumed 09-08 11:00 id=x", "voided 09-30 10:00 id=x voids=e1",
      "resumed 09-30 10:00 id=x process=deregistration",
    ] {
      let before = fold.clocks(asOf: office.at("12-31 00:00"))
      for event in office.events(story) {
        let took = fold.append(event)
        #expect(!took)
      }
      #expect(fold.clocks(asOf: office.at("12-31 00:00")) == before)
      #expect(fold.attributes.process == "opening")
    }
    // What a void named before is declined when it comes.
    var voided = CaseFold(
      events: office.events("accepted 09-07 10:00\nvoided 09-07 11:00 voids=late"), rulebook: try office.rulebook())
    for event in office.events("completed 09-08 10:00 id=late") {
      let took = voided.append(event)
      #expect(!took)
    }
  }

  /// A level that is pending is reached at its instant if nothing else happens; what was reached stays reached.
  @Test(arguments: RandomOffice.seeds) func asOf(_ seed: UInt64) throws {
    try FoldLawTests.each(seed, 30) { office, example, now, random, name in
      let fold = CaseFold(events: example.events, rulebook: example.rulebook)
      let earlier = RandomOffice.instant(office.minuteOfDays(4...20, &random))
      for (then, later) in zip(fold.clocks(asOf: earlier), fold.clocks(asOf: now)) {
        #expect(then.reached == later.reached.filter { $0.at <= earlier }, name)
        #expect(then.pending.allSatisfy { $0.at > earlier }, name)
        #expect(then.reached + then.pending == later.reached + later.pending, name)
      }
    }
  }
}
