import ServiceTime

extension EventBuilder {
  /// The field's name as a message gives it, with its column where a mapping names one.
  func label(_ field: EventField) -> String {
    if field == .occurredAt, let timeColumn { return "\(field.rawValue) (column \(Excerpt.quoted(timeColumn)))" }
    guard let mapping = feed.mapping[field] else { return field.rawValue }
    return "\(field.rawValue) (column \(Excerpt.quoted(mapping.column)))"
  }

  func missing(_ field: EventField) -> FieldFault {
    let why =
      switch field {
      case .caseID: "every event must name its case"
      case .type: "every event must say what happened"
      case .occurredAt: "every event must say when it happened"
      case .voids: "an event of type voided must name the event that it voids"
      default: "an event of type extended must say by how many days"
      }
    return FieldFault(
      .missingField, field, "\(label(field)) is missing: \(why); add it or map the column that holds it.")
  }

  /// A row of several events none of which has happened.
  func noTime() -> FieldFault {
    let columns = feed.milestones.map { Excerpt.quoted($0.column) }.joined(separator: ", ")
    return FieldFault(
      .missingField, .occurredAt,
      "None of the columns \(columns) holds a time: a row must tell at least one event; fill one in or map the columns "
        + "that hold the times.")
  }

  func empty(_ field: EventField) -> FieldFault {
    FieldFault(.badField, field, "\(label(field)) is an empty text: give it a value or leave it out.")
  }

  func notText(_ field: EventField, _ value: EventDraft.Value) -> FieldFault {
    FieldFault(
      .badField, field, "\(label(field)) is \(Excerpt.quoted(value.bytes)): write it as a string, in quotes.")
  }

  func corrupt(_ field: EventField, _ bytes: UnsafeBufferPointer<UInt8>) -> FieldFault {
    FieldFault(
      .corruptNumber, field,
      "\(label(field)) is \(Excerpt.quoted(bytes)), a number that a spreadsheet has rounded: export it again with the "
        + "column formatted as text.")
  }

  func badTime(_ bytes: UnsafeBufferPointer<UInt8>) -> FieldFault {
    if OccurrenceTime.read(bytes, zone: feed.timeZone) == .lacksOffset {
      return FieldFault(
        .badTime, .occurredAt,
        "\(label(.occurredAt)) is \(Excerpt.quoted(bytes)), a time without offset: add one, such as +08:00, or give "
          + "the feed a time_zone.")
    }
    if let hint = SpreadsheetTime.hint(bytes) {
      return FieldFault(.badTime, .occurredAt, "\(label(.occurredAt)) is \(Excerpt.quoted(bytes)), \(hint)")
    }
    return FieldFault(
      .badTime, .occurredAt,
      "\(label(.occurredAt)) is \(Excerpt.quoted(bytes)): give a time from 1970 to 2099 such as "
        + "2026-09-18T10:00:00+08:00.")
  }
}
