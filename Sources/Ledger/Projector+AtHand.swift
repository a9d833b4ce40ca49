import LibPQ

extension Projector {
  /// The events at hand that follow the position, if the ledger has them.
  ///
  /// After a fail-over it may lack what was committed last, and have other events at the same positions: of each
  /// transaction one event is looked up.
  func atHand(_ session: inout Session) throws(PostgresError) -> [EventRun]? {
    guard let appended else { return nil }
    let runs = appended.next(after: term.position, limit: settings.batch)
    let marks = runs.map { $0.stored($0.events.count - 1) }
    guard !marks.isEmpty else { return nil }
    let found = try session.execute(
      """
      SELECT count(*) FROM bizclock.event e
      JOIN unnest($1::int8[], $2::timestamptz[], $3::text[], $4::text[], $5::text[])
        AS k (position, received_at, case_id, source, event_id)
        ON e.position = k.position AND e.received_at = k.received_at AND e.case_id = k.case_id
          AND e.source = k.source AND e.event_id = k.event_id
      """,
      [
        .int8Array(marks.map(\.position)), .timestamptzArray(marks.map(\.receivedAt.microseconds)),
        .textArray(marks.map(\.event.caseID.text)), .textArray(marks.map(\.event.source.text)),
        .textArray(marks.map(\.event.eventID.text)),
      ])
    guard try found.int8(0, 0) == Int64(marks.count) else {
      appended.open(true)
      return nil
    }
    return runs
  }
}
