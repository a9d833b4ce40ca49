import Testing

@testable import ServiceTime

/// Voids make what they name never have happened, whichever arrives first.
@Suite struct VoidTests {
  static let story = "accepted 09-07 10:00 id=start\ncompleted 09-08 10:00 id=stop\n"

  @Test(arguments: [
    // Later, earlier and at the same instant as what it names.
    ("voided 09-09 10:00 voids=stop", Clock.State.running), ("voided 09-01 10:00 voids=stop", .running),
    ("voided 09-08 10:00 voids=stop", .running),
    // Of another source, or of what is not there.
    ("voided 09-09 10:00 voids=stop source=other", .stopped), ("voided 09-09 10:00 voids=none", .stopped),
    ("voided 09-09 10:00", .stopped),
    // A void of a void, later in event order: the stop stands.
    ("voided 09-09 10:00 id=v voids=stop\nvoided 09-10 10:00 voids=v", .stopped),
    // Earlier: it does not act.
    ("voided 09-09 10:00 id=v voids=stop\nvoided 09-08 10:00 voids=v", .running),
    // A tie, settled by the id.
    ("voided 09-09 10:00 id=v voids=stop\nvoided 09-09 10:00 id=w voids=v", .stopped),
    ("voided 09-09 10:00 id=v voids=stop\nvoided 09-09 10:00 id=u voids=v", .running),
    // A tie, settled by the sequence.
    ("voided 09-09 10:00 id=v voids=stop seq=1\nvoided 09-09 10:00 id=u voids=v seq=2", .stopped),
    // A void of a void of a void.
    (
      "voided 09-09 10:00 id=v voids=stop\nvoided 09-10 10:00 id=w voids=v\nvoided 09-11 10:00 voids=w", .running
    ),
    // One voided void of two.
    ("voided 09-09 10:00 id=v voids=stop\nvoided 09-09 11:00 voids=stop\nvoided 09-10 10:00 voids=v", .running),
    // Of itself, and of each other: only the later acts.
    ("voided 09-09 10:00 id=v voids=v", .stopped),
    ("voided 09-09 10:00 id=v voids=w\nvoided 09-10 10:00 id=w voids=v", .stopped),
    // An event that bears a void's id in another source is not the void.
    ("voided 09-09 10:00 id=v voids=stop\nvoided 09-10 10:00 voids=v source=other", .running),
  ])
  func voids(_ story: String, _ state: Clock.State) throws {
    #expect(try TestOffice().clock(VoidTests.story + story).state == state)
  }

  @Test func aVoidedStartIsNone() throws {
    #expect(try TestOffice().clocks(VoidTests.story + "voided 09-09 10:00 voids=start").isEmpty)
    let events = TestOffice().events(VoidTests.story + "voided 09-09 10:00 voids=start")
    #expect(CaseFold.happened(events).map(\.eventID) == ["stop"])
    let fold = CaseFold(events: events, rulebook: try TestOffice().rulebook())
    #expect(fold.eventCount == 1)
    #expect(fold.firstOccurredAt == TestOffice().at("09-08 10:00"))
    #expect(fold.lastOccurredAt == TestOffice().at("09-08 10:00"))
  }

  /// A void carries no attributes, and what it names takes its own away.
  @Test func attributes() throws {
    let events = TestOffice().events(
      """
      submitted 09-07 09:00 process=- region=46 channel=window
      accepted 09-07 10:00 id=a region=469005 channel=online
      voided 09-08 10:00 voids=a process=deregistration region=11 channel=online window=7
      """)
    let attributes = CaseFold(events: events, rulebook: try TestOffice().rulebook()).attributes
    #expect(attributes.process == nil)
    #expect(attributes.region == "46")
    #expect(attributes.channel == "window")
    #expect(attributes.serviceWindow == nil)
  }

  /// A void acts as nothing else, whatever a policy says of its type.
  @Test func rolesOfAVoid() throws {
    var office = TestOffice()
    office.commitment.stop.append(EventMatcher("voided"))
    #expect(try office.clock("accepted 09-07 10:00\nvoided 09-08 10:00 voids=none").isOpen)
  }
}
