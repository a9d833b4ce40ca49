import ServiceTime

/// In which fields two events under one id differ.
public enum EventDifferences {
  /// A field, as the ledger has it and as it came; nil where it is not said.
  public struct Difference: Sendable, Equatable {
    /// The field's name.
    public var field: String
    /// In the ledger.
    public var stored: String?
    /// As it came.
    public var given: String?
  }

  /// The contract fields in which they differ, in the contract's order; texts are compared by their bytes.
  public static func between(stored: Event, given: Event) -> [Difference] {
    zip(fields(stored), fields(given)).compactMap { there, here in
      let same: Bool
      switch (there.value, here.value) {
      case (nil, nil): same = true
      case (let a?, let b?): same = a.utf8.elementsEqual(b.utf8)
      default: same = false
      }
      return same ? nil : Difference(field: there.name, stored: there.value, given: here.value)
    }
  }

  private static func fields(_ event: Event) -> [(name: String, value: String?)] {
    [
      ("type", event.type.name), ("occurred_at", event.occurredAt.description),
      ("sequence", event.sequence.map(String.init)), ("process", event.process), ("step", event.step),
      ("region", event.region), ("grid", event.grid), ("service_window", event.serviceWindow),
      ("channel", event.channel), ("entity_name", event.entityName), ("entity_type", event.entityType),
      ("uscc", event.uscc),
      ("tags", event.tags.map { "[" + $0.map(JSONObject.quoted).joined(separator: ", ") + "]" }),
      ("voids", event.voids?.text),
      ("extend_days", event.extendDays.map(String.init)),
    ]
  }
}
