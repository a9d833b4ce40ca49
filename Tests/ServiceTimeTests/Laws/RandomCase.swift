@testable import ServiceTime

/// A case drawn at random under one of an office's promises.
struct RandomCase {
  let rules: NaiveRules
  let commitment: Commitment
  let events: [Event]
  let rulebook: Rulebook

  init(_ office: RandomOffice, _ random: inout SeededGenerator) {
    let promise = random.pick(office.promises)
    rules = promise.rules
    commitment = promise.commitment
    events = RandomCase.events(office, commitment.process, &random)
    rulebook = office.rulebook
  }

  private static func events(_ office: RandomOffice, _ process: String, _ random: inout SeededGenerator) -> [Event]
  {
    let types = [
      "accepted", "accepted", "correction_requested", "correction_requested", "correction_received",
      "correction_received", "suspended", "resumed", "extended", "step_completed", "completed", "rejected",
      "reopened", "withdrawn", "anything", "voided", "voided",
    ]
    var events: [Event] = []
    // A few instants that several events share, so that ties are common.
    let shared = (0..<3).map { _ in office.minuteOfDays(2...12, &random) }
    for number in 0..<random.pick(2...11) {
      let type = number == 0 ? "accepted" : random.pick(types)
      let at = random.chance(25) ? random.pick(shared) : office.minuteOfDays(number == 0 ? 0...6 : 1...16, &random)
      var event = Event(
        caseID: "case", source: random.chance(85) ? "desk" : "other", eventID: Identifier("e\(number % 9)"),
        type: EventType(type), occurredAt: RandomOffice.instant(at))
      if events.contains(where: { $0.source == event.source && $0.eventID == event.eventID }) { continue }
      if random.chance(20) { event.sequence = Int64(random.pick(0...2)) }
      if number == 0 || random.chance(50) { event.process = process }
      if type == "step_completed" { event.step = random.pick(["licence", "seal"]) }
      if type == "extended" { event.extendDays = Int32(random.pick(1...2)) }
      if type == "voided" { event.voids = Identifier("e\(random.pick(0...10))") }
      events.append(event)
    }
    return events
  }
}
