import LibPQ
import ServiceTime

/// Reads cases back: their events from the ledger and their rows from the projections.
enum CaseReader {
  /// Which of some cases have a row, or alerts: those of a case that was taken away stay.
  static func known(_ caseIDs: [Identifier], _ session: inout Session) throws(PostgresError) -> Set<Identifier> {
    let found = try session.execute(
      """
      SELECT case_id FROM bizclock.case_file WHERE case_id = ANY($1::text[])
      UNION SELECT case_id FROM bizclock.alert WHERE case_id = ANY($1::text[])
      """, [.textArray(caseIDs.map(\.text))])
    var known: Set<Identifier> = []
    for row in 0..<found.rowCount { known.insert(Identifier(try found.text(row, 0))) }
    return known
  }

  /// All events of some cases up to a position, by case.
  static func events(
    _ caseIDs: [Identifier], through position: Int64, _ session: inout Session, life: SignOfLife = SignOfLife()
  ) throws(PostgresError) -> [Identifier: [StoredEvent]] {
    // The position is left out of the query: its index would be walked through as well, and finds nearly all.
    let found = try session.execute(
      "SELECT \(EventRows.columns) FROM bizclock.event WHERE case_id = ANY($1::text[])",
      [.textArray(caseIDs.map(\.text))])
    var events: [Identifier: [StoredEvent]] = [:]
    var life = life
    for row in 0..<found.rowCount {
      try life.folded(&session)
      let stored = try EventRows.read(found, row)
      guard stored.position <= position else { continue }
      events[stored.event.caseID, default: []].append(stored)
    }
    return events
  }

  /// The rows of some cases.
  static func before(_ caseIDs: [Identifier], _ session: inout Session) throws(PostgresError)
    -> [Identifier: CaseBefore]
  {
    var before: [Identifier: CaseBefore] = [:]
    before.reserveCapacity(caseIDs.count)
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
      before[read.caseID]?.clocks.append(read)
    }
    return before
  }

  /// The alerts of some cases, withdrawn ones included.
  static func alerts(_ caseIDs: [Identifier], _ session: inout Session) throws(PostgresError)
    -> [Identifier: [AlertRow.Key: AlertRow]]
  {
    guard !caseIDs.isEmpty else { return [:] }
    let found = try session.execute(
      "SELECT \(AlertRows.columns) FROM bizclock.alert t WHERE case_id = ANY($1::text[])",
      [.textArray(caseIDs.map(\.text))])
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
  static let columns = """
    t.case_id, t.commitment, t.round, t.level, t.revision, t.due_at, t.level_at, t.resolved_at, \
    t.withdrawn_at IS NOT NULL, t.retrospective, t.priority, t.change_reason, t.notify, t.feed_stalled
    """

  /// All alerts of shares, withdrawn ones included.
  static func ofShares(_ session: inout Session) throws(PostgresError) -> [AlertRow.Key: AlertRow] {
    try byKey(try session.execute("SELECT \(columns) FROM bizclock.alert t WHERE t.case_id = ''"))
  }

  /// The alerts of some periods of shares, told by the shares' places and the periods' first days.
  static func ofShares(
    _ periods: [Int: Set<CivilDate>], _ rulebook: Rulebook, _ session: inout Session
  ) throws(PostgresError) -> [AlertRow.Key: AlertRow] {
    let keys = periods.flatMap { index, firsts in
      let share = rulebook.policy.shares[index]
      return firsts.map { (share.id, share.period.number($0)) }
    }
    return try byKey(
      try session.execute(
        """
        SELECT \(columns) FROM unnest($1::text[], $2::int4[]) AS k (commitment, round)
        JOIN bizclock.alert t ON t.case_id = '' AND t.commitment = k.commitment AND t.round = k.round
        """, [.textArray(keys.map(\.0)), .int4Array(keys.map(\.1))]))
  }

  private static func byKey(_ found: QueryResult) throws(PostgresError) -> [AlertRow.Key: AlertRow] {
    var alerts: [AlertRow.Key: AlertRow] = [:]
    for row in 0..<found.rowCount {
      let alert = try read(found, row)
      alerts[alert.key] = alert
    }
    return alerts
  }

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
    entity_name, entity_type, uscc, tags, report_tag, share_commitment, share_day, share_counted, may_be_individual
    """

  static func write(_ row: CaseRow, to writer: inout CopyWriter) throws(PostgresError) {
    let a = row.attributes
    try writer.row(columns: 18)
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
    if row.shares.isEmpty {
      for _ in 0..<3 { writer.null() }
    } else {
      writer.textArray(row.shares.map(\.commitment))
      writer.dateArray(row.shares.map(\.day.dayNumber))
      writer.boolArray(row.shares.map(\.counted))
    }
    writer.bool(row.mayBeIndividual)
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
      caseID: Identifier(try result.text(row, 0)), attributes: a, mayBeIndividual: try result.bool(row, 17),
      reportTag: try result.optionalText(row, 13),
      firstOccurredAt: try result.optionalTimestamptz(row, 1).map { Instant(microseconds: $0) },
      lastOccurredAt: try result.optionalTimestamptz(row, 2).map { Instant(microseconds: $0) },
      events: try result.int4(row, 3), shares: try shares(result, row))
  }

  /// Rows that something else wrote may hold arrays of unequal lengths: then what pairs up counts.
  private static func shares(_ result: QueryResult, _ row: Int) throws(PostgresError) -> [SharePart] {
    guard let commitments = try result.optionalTextArray(row, 14),
      let days = try result.optionalDateArray(row, 15), let counted = try result.optionalBoolArray(row, 16)
    else { return [] }
    return zip(commitments, zip(days, counted)).compactMap { commitment, rest in
      guard let commitment, let day = rest.0, let counted = rest.1 else { return nil }
      return SharePart(commitment: commitment, day: CivilDate(dayNumber: day), counted: counted)
    }
  }
}
