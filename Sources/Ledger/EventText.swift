import ServiceTime

/// An event as a line of native NDJSON, in the contract's order of fields, then those that the feed keeps.
public enum EventText {
  /// The line, without its line break.
  public static func ndjson(_ event: Event) -> String {
    var json = JSONObject()
    json.add("event_id", event.eventID.text)
    json.add("case_id", event.caseID.text)
    json.add("source", event.source.text)
    json.add("type", event.type.name)
    json.add("occurred_at", event.occurredAt.description)
    if let sequence = event.sequence { json.add("sequence", sequence) }
    for (name, value) in [
      ("process", event.process), ("step", event.step), ("region", event.region), ("grid", event.grid),
      ("service_window", event.serviceWindow), ("channel", event.channel), ("entity_name", event.entityName),
      ("entity_type", event.entityType), ("uscc", event.uscc), ("voids", event.voids?.text),
    ] {
      if let value { json.add(name, value) }
    }
    if let tags = event.tags { json.add("tags", tags) }
    if let days = event.extendDays { json.add("extend_days", Int64(days)) }
    if let kept = event.kept { json.add(membersOf: kept) }
    return json.text
  }
}
