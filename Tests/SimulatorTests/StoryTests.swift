import ServiceTime
import Simulator
import Testing

/// What a service office sees really occurs.
@Suite struct StoryTests {
  /// A kind of case, and how many of 6,000 there are at least.
  struct Kind: CustomStringConvertible, Sendable {
    let description: String
    let least: Int
    let matches: @Sendable ([Event]) -> Bool

    init(_ description: String, _ least: Int, _ matches: @escaping @Sendable ([Event]) -> Bool) {
      self.description = description
      self.least = least
      self.matches = matches
    }
  }

  static let kinds: [Kind] = [
    Kind("openings", 4_000) { $0[0].process == "opening" },
    Kind("deregistrations", 1_500) { $0[0].process == "deregistration" },
    Kind("enterprises", 2_000) { $0[0].entityType == "enterprise" },
    Kind("individual businesses", 2_000) { $0[0].entityType == "individual" },
    Kind("cooperatives", 150) { $0[0].entityType == "cooperative" },
    Kind("assisted", 60) { $0[0].tags == ["assisted"] },
    Kind("towns", 1_000) { $0[0].region?.utf8.count == 9 },
    Kind("communities with their group", 3_000) { $0[0].region?.utf8.count == 12 && $0[0].grid != nil },
    Kind("windows", 1_000) { $0[0].channel == "window" && $0[0].serviceWindow != nil },
    Kind("self service", 300) { $0[0].channel == "self_service" },
    Kind("one correction", 500) { $0.count("correction_requested") == 1 },
    Kind("two corrections", 100) { $0.count("correction_requested") >= 2 },
    Kind("never answered", 20) { $0.count("correction_requested") > $0.count("correction_received") },
    Kind("corrected before acceptance", 40) { events in
      guard let asked = events.first(where: { $0.type == "correction_requested" }),
        let accepted = events.first(where: { $0.type == "accepted" })
      else { return false }
      return asked.occurredAt < accepted.occurredAt
    },
    Kind("special procedures", 100) { $0.count("suspended") > 0 && $0.count("resumed") > 0 },
    Kind("parallel steps", 1_000) { $0.count("step_completed") >= 4 },
    Kind("extended", 50) { $0.contains { $0.type == "extended" && (1...3).contains($0.extendDays ?? 0) } },
    Kind("withdrawn", 60) { $0.count("withdrawn") > 0 },
    Kind("rejected", 100) { $0.count("rejected") > 0 },
    Kind("a new start after a rejection", 40) { $0.contains("rejected", then: "accepted") },
    Kind("a new start after a withdrawal", 8) { $0.contains("withdrawn", then: "accepted") },
    Kind("reopened and completed again", 40) { $0.contains("reopened", then: "completed") },
    Kind("voided", 100) { $0.count("voided") > 0 },
    Kind("a void of a void", 8) { events in
      let voids = Set(events.filter { $0.type == "voided" }.map(\.eventID))
      return events.contains { $0.voids.map(voids.contains) ?? false }
    },
    Kind("a void dated before what it voids", 8) { events in
      events.contains { void in
        events.contains { $0.eventID == void.voids && $0.occurredAt > void.occurredAt }
      }
    },
    Kind("events of one second in sequence", 1_000) { $0.contains { $0.sequence == 2 } },
    Kind("notices", 700) { $0.count("notice_published") > 0 },
    Kind("objections", 15) { $0.count("objection_raised") > 0 },
    Kind("a new notice after an objection", 8) { $0.contains("objection_raised", then: "notice_published") },
    Kind("open at the end", 60) { events in
      !events.contains { ["completed", "rejected", "withdrawn"].contains($0.type.name) }
    },
  ]

  static let office = Result { try SimulatedOffice() }
  static let cases = office.map { $0.cases(6_000) }

  @Test(arguments: kinds)
  func everyKindOccurs(kind: Kind) throws {
    #expect(try StoryTests.cases.get().count(where: kind.matches) >= kind.least)
  }

  @Test func eventsComeInOrderAndInTime() throws {
    let end = try StoryTests.office.get().end
    var last = Instant.earliest
    for events in try StoryTests.cases.get() {
      let first = try #require(events.first)
      #expect(first.process != nil && first.type == "submitted")
      #expect(first.occurredAt >= last, "cases come by their first event")
      last = first.occurredAt
      #expect(zip(events, events.dropFirst()).allSatisfy { $0.occurredAt <= $1.occurredAt })
      #expect(events.allSatisfy { $0.occurredAt < end && $0.caseID == first.caseID })
      #expect(Set(events.map(\.eventID)).count == events.count)
      for (a, b) in zip(events, events.dropFirst()) where a.occurredAt == b.occurredAt {
        #expect(a.precedes(b), "events of one second have their order")
      }
    }
  }

  @Test func voidsNameAnEventOfTheirCase() throws {
    for events in try StoryTests.cases.get() {
      for event in events {
        #expect((event.type == .voided) == (event.voids != nil))
        if let target = event.voids {
          #expect(events.contains { $0.eventID == target && $0.source == event.source })
        }
      }
    }
  }

  @Test func individualsHaveNoNotice() throws {
    for events in try StoryTests.cases.get() where events[0].entityType == "individual" {
      #expect(events.count("notice_published") == 0 && events.count("notice_ended") == 0)
    }
  }

  @Test func parallelStepsFollowTheLicence() throws {
    for events in try StoryTests.cases.get() where events[0].process == "opening" {
      guard let licence = events.first(where: { $0.type == "step_completed" && $0.step == "licence" }) else {
        continue
      }
      for event in events where event.type == "step_started" && event.step != "licence" {
        #expect(licence.precedes(event))
      }
    }
  }

  @Test func nineTaxStepsOfTenAreOnline() throws {
    let tax = try StoryTests.cases.get().joined().filter { $0.type == "step_completed" && $0.step == "tax" }
    let online = tax.count { $0.channel == "online" }
    #expect((870...930).contains(online * 1_000 / tax.count))
  }
}

extension [Event] {
  func count(_ type: EventType) -> Int { count { $0.type == type } }

  func contains(_ first: EventType, then second: EventType) -> Bool {
    guard let index = firstIndex(where: { $0.type == first }) else { return false }
    return self[index...].contains { $0.type == second }
  }
}
