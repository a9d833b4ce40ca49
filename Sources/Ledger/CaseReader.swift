import LibPQ
import ServiceTime

/// Reads cases back: their events from the ledger and their rows from the projections.
enum CaseReader {
  /// Which of some cases have a row.
  static func known(_ caseIDs: [Identifier], _ session: inout Session) throws(PostgresError) -> Set<Identifier> {
    let found = try session.execute(
      "SELECT case_id FROM bizclock.case_file WHERE case_id = ANY($1::text[])",
      [.textArray(caseIDs.map(\.text))])
    var known: Set<Identifier> = []
    for row in 0..<found.rowCount { known.insert(Identifier(try found.text(row, 0))) }
    return known
  }

  /// All events of some cases up to a position, by case.
  static func events(_ caseIDs: [Identifier], through position: Int64, _ session: inout Session)
    throws(PostgresError) -> [Identifier: [StoredEvent]]
  {
    let found = try session.execute(
      "SELECT \(EventRows.columns) FROM bizclock.event WHERE case_id = ANY($1::text[]) AND position <= $2",
      [.textArray(caseIDs.map(\.text)), .int8(position)])
    var events: [Identifier: [StoredEvent]] = [:]
    for row in 0..<found.rowCount {
      let stored = try EventRows.read(found, row)
      events[stored.event.caseID, default: []].append(stored)
    }
    return events
  }

  /// The rows of some cases.
  static func before(_ caseIDs: [Identifier], _ session: inout Session) throws(PostgresError)
    -> [Identifier: CaseBefore]
  {
    var before: [Identifier: CaseBefore] = [:]
    let ids = Parameter.textArray(caseIDs.map(\.text))
    let cases = try session.execute(
      "SELECT \(CaseRows.columns) FROM bizclock.case_file WHERE case_id = ANY($1::text[])", [ids])
    for row in 0..<cases.rowCount {
      let read = try CaseRows.read(cases, row)
      before[read.caseID] = CaseBefore(row: read)
    }
    let clocks = try session.execute(
      "SELECT \(ClockRows.columns) FROM bizclock.clock WHERE case_id = ANY($1::text[])", [ids])
    for row in 0..<clocks.rowCount {
      let read = try ClockRows.read(clocks, row)
      before[read.caseID]?.clocks[read.key] = read
    }
    return before
  }

  /// The alerts of some cases, withdrawn ones included.
  static func alerts(_ caseIDs: [Identifier], _ session: inout Session) throws(PostgresError)
    -> [Identifier: [AlertRow.Key: AlertRow]]
  {
    guard !caseIDs.isEmpty else { return [:] }
    let found = try session.execute(
      """
      SELECT case_id, commitment, round, level, revision, due_at, level_at, resolved_at,
        withdrawn_at IS NOT NULL, retrospective, priority, change_reason, notify, feed_stalled
      FROM bizclock.alert WHERE case_id = ANY($1::text[])
      """, [.textArray(caseIDs.map(\.text))])
    var alerts: [Identifier: [AlertRow.Key: AlertRow]] = [:]
    for row in 0..<found.rowCount {
      let alert = try AlertRows.read(found, row)
      alerts[alert.key.caseID, default: [:]][alert.key] = alert
    }
    return alerts
  }
}

/// Rows of `bizclock.alert`.
enum AlertRows {
  static func read(_ result: QueryResult, _ row: Int) throws(PostgresError) -> AlertRow {
    AlertRow(
      key: AlertRow.Key(
        caseID: Identifier(try result.text(row, 0)),
        clock: ClockKey(commitment: try result.text(row, 1), round: try result.int4(row, 2)),
        level: try result.text(row, 3), revision: try result.int4(row, 4)),
      priority: Level.Priority(rawValue: try result.text(row, 10)) ?? .warning,
      notify: try result.optionalText(row, 12).flatMap { Level.Addressee(rawValue: $0) },
      dueAt: Instant(microseconds: try result.timestamptz(row, 5)),
      levelAt: Instant(microseconds: try result.timestamptz(row, 6)),
      resolvedAt: try result.optionalTimestamptz(row, 7).map { Instant(microseconds: $0) },
      withdrawn: try result.bool(row, 8), amended: false, retrospective: try result.bool(row, 9),
      feedStalled: try result.bool(row, 13),
      changeReason: try result.optionalText(row, 11).flatMap { ChangeReason(rawValue: $0) })
  }
}

/// Rows of `bizclock.case_file`.
enum CaseRows {
  static let columns = """
    case_id, first_occurred_at, last_occurred_at, events, process, region, grid, service_window, channel, \
    entity_name, entity_type, uscc, tags, report_tag
    """

  static func write(_ row: CaseRow, to writer: inout CopyWriter) throws(PostgresError) {
    let a = row.attributes
    try writer.row(columns: 14)
    writer.text(row.caseID.text)
    writer.timestamptz(row.firstOccurredAt?.microseconds)
    writer.timestamptz(row.lastOccurredAt?.microseconds)
    writer.int4(row.events)
    writer.text(a.process)
    writer.text(a.region)
    writer.text(a.grid)
    writer.text(a.serviceWindow)
    writer.text(a.channel)
    writer.text(a.entityName)
    writer.text(a.entityType)
    writer.text(a.uscc)
    writer.textArray(a.tags)
    writer.text(row.reportTag)
  }

  static func read(_ result: QueryResult, _ row: Int) throws(PostgresError) -> CaseRow {
    var a = CaseAttributes()
    a.process = try result.optionalText(row, 4)
    a.region = try result.optionalText(row, 5)
    a.grid = try result.optionalText(row, 6)
    a.serviceWindow = try result.optionalText(row, 7)
    a.channel = try result.optionalText(row, 8)
    a.entityName = try result.optionalText(row, 9)
    a.entityType = try result.optionalText(row, 10)
    a.uscc = try result.optionalText(row, 11)
    a.tags = try result.optionalTextArray(row, 12)?.map { $0 ?? "" }
    return CaseRow(
      caseID: Identifier(try result.text(row, 0)), attributes: a, reportTag: try result.optionalText(row, 13),
      firstOccurredAt: try result.optionalTimestamptz(row, 1).map { Instant(microseconds: $0) },
      lastOccurredAt: try result.optionalTimestamptz(row, 2).map { Instant(microseconds: $0) },
      events: try result.int4(row, 3))
  }
}
