import LibPQ
import ServiceTime

extension Appender {
  /// Takes in a page of an exchange table and moves its position, in one transaction.
  ///
  /// A row that says what it said is passed over. One that says something else voids the events that no longer hold and
  /// tells the new ones, and its entry in quarantine is closed; one that is older than what is known is passed over,
  /// unless all rows are compared. Doing it again does no harm.
  ///
  /// Throws `overtaken` where another daemon took a page in since this one was read: it must be read again.
  public mutating func append(_ page: ExchangePage, on session: inout Session) throws(PostgresError)
    -> ExchangeOutcome
  {
    let position = try ExchangeRegister.position(
      source: page.source, table: page.table, now: page.receivedAt, on: &session)
    // Most pages of a quiet exchange are known: they cost no transaction that writes.
    let known = try ExchangeRegister.known(page, &session)
    if ExchangeSorting(page, known).isEmpty, !page.progress.isNews(at: position) { return ExchangeOutcome() }
    do {
      try session.begin()
      let outcome = try take(page, &session)
      if outcome.append.hasResumed { _ = try session.execute("SELECT pg_notify('bizclock_feed', '')", []) }
      try Appender.commit(&session)
      return outcome
    } catch {
      abandon(&session)
      throw error
    }
  }

  private mutating func take(_ page: ExchangePage, _ session: inout Session) throws(PostgresError)
    -> ExchangeOutcome
  {
    try ExchangeRegister.lock(page, &session)
    var sorting = ExchangeSorting(page, try ExchangeRegister.known(page, &session))
    var outcome = ExchangeOutcome()
    if !sorting.isEmpty {
      // Entries are locked before the ledger, as whoever reads them again does.
      try Quarantine.close(
        sorting.changed.map(\.row.origin), of: page.feed, source: page.source, reason: "the row was read again",
        at: page.receivedAt, &session)
      sorting.compare(with: try Appender.told(sorting.changed, source: page.source, &session))
      let batch = AppendBatch(
        feed: page.feed, source: page.source, events: sorting.events, rejects: sorting.rejects,
        receivedAt: page.receivedAt)
      var taking = Taking(batch)
      if !batch.events.isEmpty { try take(&taking, batch, &session) }
      let (quarantined, fresh) = try Appender.quarantine(batch, taking.census.conflicts, &session)
      taking.outcome.quarantined = quarantined
      try Appender.count(
        batch, &taking.outcome, freshlyQuarantined: fresh, receivedAt: page.receivedAt,
        staysStalled: page.staysStalled, &session)
      remember(taking)
      outcome.append = taking.outcome
      outcome.new = sorting.new.count
      outcome.changed = sorting.changed.count
      outcome.voided = sorting.voided
      try ExchangeRegister.note(sorting.new + sorting.changed.map(\.row), of: page, &session)
    }
    try ExchangeRegister.move(page, &session)
    return outcome
  }

  /// All that rows have told so far, in the case that they told it of and in that of now, with the voids of it.
  static func told(
    _ rows: [ExchangeSorting.Changed], source: String, _ session: inout Session
  ) throws(PostgresError) -> [Event] {
    var places: Set<[String]> = []
    for changed in rows {
      for caseID in [changed.before.caseID, changed.row.events.first?.caseID].compactMap({ $0 }) {
        places.insert([caseID.text, changed.row.prefix])
        places.insert([caseID.text, ExchangeSorting.voidMark + changed.row.prefix])
      }
    }
    guard !places.isEmpty else { return [] }
    // The prefix ends in a slash, behind which comes the 0.
    let found = try session.execute(
      """
      SELECT \(EventRows.columns) FROM bizclock.event
      JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (c, low, high)
        ON case_id = k.c AND event_id >= k.low AND event_id < k.high
      WHERE source = $4
      """,
      [
        .textArray(places.map { $0[0] }), .textArray(places.map { $0[1] }),
        .textArray(places.map { $0[1].dropLast() + "0" }), .text(source),
      ])
    var events: [Event] = []
    for row in 0..<found.rowCount { events.append(try EventRows.read(found, row).event) }
    return events
  }
}

extension ExchangePage.Progress {
  /// Whether it is further than a position.
  fileprivate func isNews(at position: ExchangeRegister.Position) -> Bool {
    switch self {
    case .read(let through): through.map { time in position.readThrough.map { $0 < time } ?? true } ?? false
    case .compared, .ended: true
    }
  }
}
