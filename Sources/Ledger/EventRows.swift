import LibPQ
import ServiceTime

/// Events to and from rows of `bizclock.event`.
enum EventRows {
  static let columns = """
    position, occurred_at, received_at, sequence, extend_days, history, case_id, source, event_id, type, process, \
    step, region, grid, service_window, channel, entity_name, entity_type, uscc, tags, voids, kept
    """

  static let copy = "COPY bizclock.event (\(columns)) FROM STDIN (FORMAT binary)"

  /// Writes one row.
  static func write(_ stored: StoredEvent, to writer: inout CopyWriter) throws(PostgresError) {
    let event = stored.event
    try writer.row(columns: 22)
    writer.int8(stored.position)
    writer.timestamptz(stored.event.occurredAt.microseconds)
    writer.timestamptz(stored.receivedAt.microseconds)
    writer.int8(event.sequence)
    writer.int4(event.extendDays)
    writer.bool(stored.history)
    writer.text(event.caseID.text)
    writer.text(event.source.text)
    writer.text(event.eventID.text)
    writer.text(event.type.name)
    writer.text(event.process)
    writer.text(event.step)
    writer.text(event.region)
    writer.text(event.grid)
    writer.text(event.serviceWindow)
    writer.text(event.channel)
    writer.text(event.entityName)
    writer.text(event.entityType)
    writer.text(event.uscc)
    writer.textArray(event.tags)
    writer.text(event.voids?.text)
    writer.text(event.kept)
  }

  /// Reads rows that were selected with `columns`, ascending by their cases, and are of positions up to one.
  static func byCase(
    _ found: QueryResult, through position: Int64 = .max, _ session: inout Session, life: SignOfLife = SignOfLife()
  ) throws(PostgresError) -> [(Identifier, [StoredEvent])] {
    var cases: [(Identifier, [StoredEvent])] = []
    var life = life
    for row in 0..<found.rowCount {
      try life.folded(&session)
      let stored = try read(found, row, after: cases.last?.0)
      guard stored.position <= position else { continue }
      // Only the id is looked at: the events held a second time would be copied by each that is added.
      if cases.last?.0 == stored.event.caseID {
        cases[cases.count - 1].1.append(stored)
      } else {
        cases.append((stored.event.caseID, [stored]))
      }
    }
    return cases
  }

  /// Reads one row that was selected with `columns`; its case is likely to be that of the row before.
  static func read(
    _ result: QueryResult, _ row: Int, after caseID: Identifier? = nil
  ) throws(PostgresError) -> StoredEvent {
    var event = Event(
      caseID: Identifier(try result.text(row, 6, like: caseID?.text ?? "")),
      source: Identifier(try result.text(row, 7)),
      eventID: Identifier(try result.text(row, 8)), type: EventType(try result.text(row, 9)),
      occurredAt: Instant(microseconds: try result.timestamptz(row, 1)))
    event.sequence = try result.optionalInt8(row, 3)
    event.extendDays = try result.optionalInt4(row, 4)
    event.process = try result.optionalText(row, 10)
    event.step = try result.optionalText(row, 11)
    event.region = try result.optionalText(row, 12)
    event.grid = try result.optionalText(row, 13)
    event.serviceWindow = try result.optionalText(row, 14)
    event.channel = try result.optionalText(row, 15)
    event.entityName = try result.optionalText(row, 16)
    event.entityType = try result.optionalText(row, 17)
    event.uscc = try result.optionalText(row, 18)
    event.tags = try result.optionalTextArray(row, 19)?.map { $0 ?? "" }
    event.voids = try result.optionalText(row, 20).map { Identifier($0) }
    event.kept = try result.optionalText(row, 21)
    return StoredEvent(
      event: event, position: try result.int8(row, 0),
      receivedAt: Instant(microseconds: try result.timestamptz(row, 2)), history: try result.bool(row, 5))
  }
}
