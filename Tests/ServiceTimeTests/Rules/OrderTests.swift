import Testing

@testable import ServiceTime

/// The order of events, which is never that of their arrival.
@Suite struct OrderTests {
  /// Each line comes before all lines after it.
  static let ascending = """
    voided 09-07 09:59:59.999999 seq=9
    accepted 09-07 10:00 id=b
    completed 09-07 10:00 id=a
    completed 09-07 10:00 id=b
    completed 09-07 10:00 source=other id=a
    voided 09-07 10:00 id=a
    anything 09-07 10:00 id=a
    elsewhere 09-07 10:00 id=b
    voided 09-07 10:00 seq=-1
    anything 09-07 10:00 seq=0
    submitted 09-07 10:00 seq=1
    accepted 09-07 10:00 seq=1
    submitted 09-07 10:00 seq=2
    submitted 09-07 10:00:00.000001
    """

  @Test func order() {
    let events = TestOffice().events(OrderTests.ascending)
    #expect(events.count == 14)
    for (index, event) in events.enumerated() {
      #expect(!event.precedes(event))
      for later in events[(index + 1)...] {
        #expect(event.precedes(later), "\(event.type) \(event.eventID) before \(later.type) \(later.eventID)")
        #expect(!later.precedes(event))
      }
    }
  }

  /// The life-cycle types by rank; unknown ones are last and equal by their names.
  @Test func ranks() {
    let types = EventType.lifeCycle.map { EventType($0) }
    #expect(types.map(\.rank) == Array(0..<17 as Range<UInt8>))
    #expect(types.allSatisfy { $0.isKnown })
    #expect(EventType.lifeCycle.first == "submitted")
    #expect(EventType.lifeCycle.last == "voided")
    #expect(!EventType("Accepted").isKnown)
    #expect(EventType("a") != EventType("b"))
    #expect(EventType("a") == EventType("a"))
    #expect(EventType("a").rank > EventType("voided").rank)
    #expect(EventType.Rank.extended == EventType("extended").rank)
    #expect(EventType.Rank.rejected == EventType("rejected").rank)
    #expect(EventType.Rank.reopened == EventType("reopened").rank)
    #expect(EventType.Rank.voided == EventType("voided").rank)
  }

  /// Identifiers are told apart by their bytes, though Swift takes some spellings for one.
  @Test func bytes() {
    let composed = "\u{e9}"
    let decomposed = "e\u{301}"
    #expect(composed == decomposed)
    #expect(Identifier(composed) != Identifier(decomposed))
    #expect(Set([Identifier(composed), Identifier(decomposed)]).count == 2)
    #expect(Identifier(decomposed) < Identifier(composed))
    #expect(!(Identifier(composed) < Identifier(decomposed)))
  }

  /// Ties at one instant: the order of the ranks decides what the clock does.
  @Test func ties() throws {
    let office = TestOffice()
    // Accepted before completed: the clock starts and stops at once.
    #expect(try office.clock("completed 09-07 10:00\naccepted 09-07 10:00").state == .stopped)
    // A sequence the other way round: the stop comes before the start.
    #expect(try office.clock("completed 09-07 10:00 seq=1\naccepted 09-07 10:00 seq=2").state == .running)
    // Rejected ranks before completed, and the first stop counts.
    #expect(
      try office.clock("accepted 09-07 10:00\ncompleted 09-08 10:00\nrejected 09-08 10:00").outcome == "rejected")
    // Withdrawn ranks after completed.
    #expect(
      try office.clock("accepted 09-07 10:00\nwithdrawn 09-08 10:00\ncompleted 09-08 10:00").state == .stopped)
    // A request and its answer at one instant: a pause of no length.
    let clock = try office.clock(
      "accepted 09-07 10:00\ncorrection_received 09-08 10:00\ncorrection_requested 09-08 10:00")
    #expect(clock.pauses.first?.to == office.at("09-08 10:00"))
  }
}
