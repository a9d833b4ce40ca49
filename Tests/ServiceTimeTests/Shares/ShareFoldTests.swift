import Testing

@testable import ServiceTime

/// What a case adds to shares: by each event's own channel and local date, and by the case's attributes.
@Suite struct ShareFoldTests {
  private static func rulebook(_ counted: CaseScope, process: String = "opening") throws -> Rulebook {
    let office = TestOffice()
    let share = ShareCommitment(
      id: "share", process: process, population: [EventMatcher("step_completed:tax"), EventMatcher("registered")],
      counted: counted, target: ShareTarget(millionths: 900_000), period: .month)
    return try Rulebook(
      policy: Policy(commitments: [office.commitment], shares: [share]), calendars: [office.calendar],
      zones: ["Asia/Shanghai": office.zone])
  }

  private static func marks(_ fold: CaseFold) -> [String] {
    fold.shareMarks.map { "\($0.day) \($0.counted ? "counts" : "does not") \($0.event.eventID)" }
  }

  struct Example: Sendable, CustomTestStringConvertible {
    var rule: String
    var counted: CaseScope
    var story: String
    var marks: [String]
    var testDescription: String { rule }
    init(_ rule: String, _ counted: CaseScope, _ story: String, _ marks: [String]) {
      self.rule = rule
      self.counted = counted
      self.story = story
      self.marks = marks
    }
  }

  private static let online = CaseScope(channels: ["online"])
  private static let region = CaseScope(regionPrefixes: ["469005"])

  static let examples = [
    Example(
      "the event's own channel, not the case's", online,
      "accepted 09-07 09:00 channel=online\nstep_completed:tax 09-07 10:00 channel=window\n"
        + "step_completed:tax 09-08 10:00 channel=online\nstep_completed:tax 09-09 10:00",
      ["2026-09-07 does not e2", "2026-09-08 counts e3", "2026-09-09 does not e4"]),
    Example(
      "one of several types; other steps are no members", online,
      "registered 09-07 09:00 channel=online\nstep_completed:seal 09-07 10:00 channel=online\n"
        + "step_completed 09-07 11:00 channel=online\nstep_started:tax 09-07 11:00 channel=online",
      ["2026-09-07 counts e1"]),
    Example(
      "voids, and voids of voids", online,
      "registered 09-07 09:00 channel=online\nregistered 09-08 09:00 channel=online\nvoided 09-09 09:00 voids=e1\n"
        + "voided 09-09 10:00 voids=e2\nvoided 09-09 11:00 voids=e4",
      ["2026-09-08 counts e2"]),
    Example(
      "the case's region, known later, where the event has none", region,
      "registered 09-07 09:00\nregistered 09-08 09:00 region=46\naccepted 09-09 09:00 region=469005100",
      ["2026-09-07 counts e1", "2026-09-08 does not e2"]),
    Example(
      "the case's entity type and tags", CaseScope(entityTypes: ["enterprise"], tags: ["assisted"]),
      "registered 09-07 09:00\nregistered 09-07 10:00 entity=individual\nregistered 09-07 11:00 tags=-\n"
        + "accepted 09-09 09:00 entity=enterprise tags=new,assisted",
      ["2026-09-07 counts e1", "2026-09-07 does not e2", "2026-09-07 does not e3"]),
    Example("another process", online, "registered 09-07 09:00 channel=online process=deregistration", []),
    Example("a process not known", online, "registered 09-07 09:00 channel=online process=-", []),
    Example(
      "a process known later", online,
      "registered 09-07 09:00 channel=online process=-\naccepted 09-07 10:00",
      ["2026-09-07 counts e1"]),
    Example(
      "a process that turns out to be another", online,
      "registered 09-07 09:00 channel=online\naccepted 09-07 10:00 process=deregistration", []),
  ]

  @Test(arguments: examples) func byHand(_ example: Example) throws {
    let rulebook = try ShareFoldTests.rulebook(example.counted)
    let events = TestOffice().events(example.story)
    for order in [events, events.reversed()] {
      #expect(ShareFoldTests.marks(CaseFold(events: order, rulebook: rulebook)) == example.marks)
      // One by one, folded again where an event is declined.
      var fold = CaseFold(rulebook: rulebook)
      for (index, event) in order.enumerated() where !fold.append(event) {
        fold = CaseFold(events: Array(order[...index]), rulebook: rulebook)
      }
      #expect(ShareFoldTests.marks(fold) == example.marks)
    }
  }

  @Test func byLocalDate() throws {
    let rulebook = try ShareFoldTests.rulebook(ShareFoldTests.online)
    let events = TestOffice().events(
      "registered 09-07 23:59:59 channel=online\nregistered 09-08 00:00 channel=online\nregistered 09-08 23:59:59")
    #expect(
      ShareFoldTests.marks(CaseFold(events: events, rulebook: rulebook))
        == ["2026-09-07 counts e1", "2026-09-08 counts e2", "2026-09-08 does not e3"])
  }

  /// A process without a promise of time goes by the first calendar; without any calendar a share is refused.
  @Test func aProcessWithoutClocks() throws {
    let rulebook = try ShareFoldTests.rulebook(ShareFoldTests.online, process: "permit")
    let events = TestOffice().events("registered 09-07 09:00 channel=online process=permit")
    var fold = CaseFold(rulebook: rulebook)
    for event in events {
      let took = fold.append(event)
      #expect(took)
    }
    #expect(ShareFoldTests.marks(fold) == ["2026-09-07 counts e1"])
    // It becomes a case of another process: no clocks before nor after, and yet it is folded again.
    for event in TestOffice().events("anything 09-08 09:00 process=nothing") {
      let took = fold.append(event)
      #expect(!took)
    }
    #expect(throws: Rulebook.Fault.noCalendar(share: "share")) {
      try Rulebook(policy: Policy(commitments: [], shares: rulebook.policy.shares), calendars: [], zones: [:])
    }
  }
}
