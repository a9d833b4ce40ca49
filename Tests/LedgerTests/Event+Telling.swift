import Foundation
import ServiceTime

/// An instant from a local time of the office: `2026-06-01 09:00`.
func local(_ text: String) -> Instant { Instant(rfc3339: text + "+08:00") ?? .earliest }

extension Event {
  /// An event of an opening, as its system tells it; the id is made of type and time unless one is given.
  static func told(
    _ caseID: String, _ type: EventType, _ at: String, id: String? = nil,
    _ change: (inout Event) -> Void = { _ in }
  ) -> Event {
    var event = Event(
      caseID: Identifier(caseID), source: "test", eventID: Identifier(id ?? "\(type.name) \(at)"), type: type,
      occurredAt: local(at))
    event.process = "opening"
    change(&event)
    return event
  }

  /// A void of an event of the same case.
  static func void(_ event: Event, _ at: String, id: String? = nil) -> Event {
    var void = Event(
      caseID: event.caseID, source: event.source, eventID: Identifier(id ?? "void of \(event.eventID)"),
      type: .voided, occurredAt: local(at))
    void.voids = event.eventID
    return void
  }

  /// An event of the vectors, which are all well-formed.
  init(vector: [String: Any]) {
    func text(_ key: String) -> String? { vector[key] as? String }
    self.init(
      caseID: Identifier(text("case_id") ?? ""), source: "vectors", eventID: Identifier(text("event_id") ?? ""),
      type: EventType(text("type") ?? ""), occurredAt: Instant(rfc3339: text("occurred_at") ?? "") ?? .earliest)
    sequence = (vector["sequence"] as? NSNumber)?.int64Value
    process = text("process")
    step = text("step")
    region = text("region")
    channel = text("channel")
    entityType = text("entity_type")
    voids = text("voids").map { Identifier($0) }
    extendDays = (vector["extend_days"] as? NSNumber)?.int32Value
  }
}
