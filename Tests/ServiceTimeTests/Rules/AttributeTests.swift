import Testing

@testable import ServiceTime

/// What a case is, from its events in event order.
@Suite struct AttributeTests {
  static func fold(_ story: String, _ office: TestOffice = TestOffice()) throws -> CaseFold {
    CaseFold(events: office.events(story), rulebook: try office.rulebook())
  }

  /// The latest of most, the first of channel and service window; arrival says nothing.
  @Test func latestAndFirst() throws {
    let lines = [
      "submitted 09-07 09:00 process=- entity=individual",
      "accepted 09-07 10:00 region=469005 channel=online window=3 tags=assisted,new",
      "step_started 09-07 11:00 process=- region=469005101 channel=window window=4 entity=enterprise",
      "step_completed 09-07 12:00 process=- tags=-",
    ]
    for order in [lines, lines.reversed()] {
      let attributes = try AttributeTests.fold(order.joined(separator: "\n")).attributes
      #expect(attributes.process == "opening")
      #expect(attributes.region == "469005101")
      #expect(attributes.entityType == "enterprise")
      #expect(attributes.channel == "online")
      #expect(attributes.serviceWindow == "3")
      // Tags are replaced whole, by an empty list as well; saying nothing changes nothing.
      #expect(attributes.tags == [])
    }
  }

  /// While the process is not known a case keeps its events and has no clocks.
  @Test func unknownProcess() throws {
    let office = TestOffice()
    let story = "accepted 09-07 10:00 process=-\nsuspended 09-08 10:00 process=-"
    let fold = try AttributeTests.fold(story)
    #expect(fold.eventCount == 2)
    #expect(fold.clocks(asOf: office.at("12-31 00:00")).isEmpty)
    let known = try office.clock(story + "\nresumed 09-09 10:00 process=opening")
    #expect(known.startedAt == office.at("09-07 10:00"))
    #expect(office.text(known.dueAt) == "09-11 17:30")
    #expect(try office.clocks(story + "\nresumed 09-09 10:00 process=deregistration").isEmpty)
    // The latest counts.
    #expect(try office.clocks("accepted 09-07 10:00\nresumed 09-09 10:00 process=deregistration").isEmpty)
  }

  /// Scopes: every named attribute must match; an unknown one does not, so it does not exclude.
  @Test(arguments: [
    (CaseScope(), CaseScope(), "", 1),
    (CaseScope(regionPrefixes: ["46"]), CaseScope(), " region=469005", 1),
    (CaseScope(regionPrefixes: ["46"]), CaseScope(), " region=11", 0),
    (CaseScope(regionPrefixes: ["46"]), CaseScope(), "", 0),
    (CaseScope(regionPrefixes: ["11", "46"]), CaseScope(), " region=469005", 1),
    (CaseScope(entityTypes: ["enterprise"]), CaseScope(), " entity=enterprise", 1),
    (CaseScope(entityTypes: ["enterprise"]), CaseScope(), "", 0),
    (CaseScope(channels: ["online"]), CaseScope(), " channel=window", 0),
    (CaseScope(tags: ["assisted"]), CaseScope(), " tags=new,assisted", 1),
    (CaseScope(tags: ["assisted"]), CaseScope(), " tags=-", 0),
    (CaseScope(regionPrefixes: ["46"], channels: ["online"]), CaseScope(), " region=46 channel=window", 0),
    (CaseScope(), CaseScope(entityTypes: ["individual"]), " entity=individual", 0),
    (CaseScope(), CaseScope(entityTypes: ["individual"]), "", 1),
    (CaseScope(), CaseScope(regionPrefixes: ["46"], entityTypes: ["individual"]), " entity=individual", 1),
    (
      CaseScope(), CaseScope(regionPrefixes: ["46"], entityTypes: ["individual"]), " region=46 entity=individual", 0
    ),
  ])
  func scopes(_ applies: CaseScope, _ excludes: CaseScope, _ attributes: String, _ count: Int) throws {
    var office = TestOffice()
    office.commitment.appliesTo = applies
    office.commitment.excludes = excludes
    #expect(try office.clocks("accepted 09-07 10:00" + attributes).count == count)
  }

  /// The layer with the longest matching prefix counts a case; its holidays come on top, its hours win.
  @Test(arguments: [
    ("", "09-09 17:30", "office"), (" region=11", "09-09 17:30", "office"),
    (" region=4601", "09-10 17:30", "province"),
    (" region=469005", "09-11 16:00", "county"), (" region=46", "09-10 17:30", "province"),
  ])
  func layers(_ region: String, _ due: String, _ calendar: String) throws {
    var office = TestOffice()
    func holiday(_ date: String) -> DayOverride {
      DayOverride(date: ShippedPolicy.date(date), kind: .holiday, name: "local")
    }
    office.layers = [
      CalendarDefinition(
        id: "county", base: "province", hours: [OfficeHours(open: 32_400, close: 57_600)],
        days: [holiday("2026-09-09")], regions: ["469005"]),
      CalendarDefinition(id: "province", base: "office", days: [holiday("2026-09-08")], regions: ["46"]),
    ]
    let clock = try office.clock("accepted 09-07 10:00" + region)
    #expect(office.text(clock.dueAt) == due)
    #expect(clock.calendar == calendar)
  }

  /// A layer may take a holiday of its base back, and give a day hours of its own.
  @Test func overridesOfOverrides() throws {
    var office = TestOffice().with(holidays: ["09-08"])
    office.layers = [
      CalendarDefinition(
        id: "county", base: "office",
        days: [
          DayOverride(
            date: ShippedPolicy.date("2026-09-08"), kind: .makeupWorkday, name: "fair",
            hours: [OfficeHours(open: 36_000, close: 50_400)])
        ], regions: ["46"])
    ]
    office.commitment.versions[0].limit = .workingDays(1)
    #expect(office.text(try office.clock("accepted 09-07 10:00").dueAt) == "09-09 17:30")
    #expect(office.text(try office.clock("accepted 09-07 10:00 region=46").dueAt) == "09-08 14:00")
  }
}
