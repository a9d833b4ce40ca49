@testable import ServiceTime
import TestSupport

/// A case drawn at random under one of an office's promises.
struct RandomCase {
  let rules: NaiveRules
  let commitment: Commitment
  let events: [Event]
  let rulebook: Rulebook

  /// A case of a few events, or one with many pauses.
  init(_ office: RandomOffice, _ random: inout SeededGenerator, manyPauses: Bool = false) {
    let promise = random.pick(office.promises)
    rules = promise.rules
    commitment = promise.commitment
    events =
      manyPauses
      ? RandomCase.paused(office, commitment.process, &random)
      : RandomCase.events(office, commitment.process, &random)
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
      // Not drawn: the stories are those that they were before there were shares.
      event.channel = ["online", "window", nil][number % 3]
      event.region = [nil, "46", nil, "31"][number % 4]
      if type == "extended" { event.extendDays = Int32(random.pick(1...2)) }
      if type == "voided" { event.voids = Identifier("e\(random.pick(0...10))") }
      events.append(event)
    }
    return events
  }

  /// Many pauses of two kinds, short and long, apart, touching and overlapping, with few stops.
  private static func paused(_ office: RandomOffice, _ process: String, _ random: inout SeededGenerator) -> [Event]
  {
    let pauses = ["correction_requested", "correction_received", "suspended", "resumed"]
    let rare = ["extended", "completed", "rejected", "reopened", "reopened", "accepted", "withdrawn"]
    let longest = random.pick([40, 300, 1_500])
    var at = office.minuteOfDays(0...6, &random)
    let last = office.minuteOfDays(20...24, &random)
    var events: [Event] = []
    for number in 0..<random.pick(20...80) where at < last {
      let type = number == 0 ? "accepted" : random.pick(random.chance(8) ? rare : pauses)
      var event = Event(
        caseID: "case", source: "desk", eventID: Identifier("e\(number)"), type: EventType(type),
        occurredAt: RandomOffice.instant(at))
      event.sequence = Int64(number)
      if number == 0 { event.process = process }
      if type == "extended" { event.extendDays = 1 }
      events.append(event)
      if random.chance(85) { at += random.pick(1...longest) }
      if random.chance(15) {
        // On to the end of a day or of an office's hours.
        let day = Int(office.calendar.date(of: RandomOffice.instant(at)).dayNumber) - office.first
        at = max(at, office.minuteOfDays(day...day, &random))
      }
    }
    return events
  }
}
