import LibPQ
import ServiceTime

extension LevelWatch {
  private static let rows = """
    SELECT c.case_id, c.commitment, c.round, c.calendar, c.next_level_at, c.level_name, c.level_priority,
      c.level_revision, c.level_at, c.level_due_at, f.region, f.grid, f.service_window,
      CASE WHEN c.history THEN c.started_received_at
        ELSE c.started_received_at - $2 * interval '1 microsecond' END
    FROM (
      SELECT * FROM bizclock.clock WHERE next_level_at <= $1 ORDER BY next_level_at LIMIT $3
    ) c
    LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
    ORDER BY c.next_level_at
    """

  /// Reads the levels that come next as far as the horizon, on a session of its own; false if it was overtaken, or this
  /// daemon does not lead.
  ///
  /// What the leader projects meanwhile is taken in at the end. Levels that are history page nobody and are left out.
  ///
  /// - Parameter retrospectiveAfter: in microseconds.
  public func read(_ session: inout Session, now: Instant, retrospectiveAfter: Int64) throws(PostgresError) -> Bool
  {
    var contents = Contents()
    contents.until = now + LevelWatch.horizon
    guard let (number, addressees) = beginReading(until: contents.until) else { return false }
    do {
      try session.begin("READ ONLY")
      _ = try session.execute(
        "DECLARE level_watch NO SCROLL CURSOR FOR \(LevelWatch.rows)",
        [.timestamptz(contents.until.microseconds), .int8(retrospectiveAfter), .int8(Int64(capacity))])
      var clocks = 0
      var last = contents.until
      while true {
        let page = try session.execute("FETCH 2000 FROM level_watch")
        for row in 0..<page.rowCount {
          last = Instant(microseconds: try page.timestamptz(row, 4))
          try LevelWatch.add(page, row, addressees, to: &contents)
        }
        clocks += page.rowCount
        if page.rowCount < 2_000 { break }
      }
      try session.commit()
      // Of the clocks after the last that was read nothing is known.
      if clocks == capacity { contents.until = last }
      contents.cut(to: capacity)
      return endReading(number, contents)
    } catch {
      session.rollbackQuietly()
      _ = endReading(number, nil)
      throw error
    }
  }

  private static func add(
    _ page: QueryResult, _ row: Int, _ addressees: Addressees, to contents: inout Contents
  ) throws(PostgresError) {
    let next = try page.timestamptz(row, 4)
    let pagesFrom = try page.timestamptz(row, 13)
    guard let names = try page.optionalTextArray(row, 5), let priorities = try page.optionalTextArray(row, 6),
      let revisions = try page.optionalInt4Array(row, 7), let ats = try page.optionalTimestamptzArray(row, 8),
      let dues = try page.optionalTimestamptzArray(row, 9)
    else { return }
    for index in names.indices
    where index < priorities.count && index < revisions.count && index < ats.count && index < dues.count {
      guard let name = names[index], let at = ats[index], let due = dues[index], at >= next, at >= pagesFrom,
        at <= contents.until.microseconds
      else { continue }
      let commitment = try page.text(row, 1)
      contents.add(
        WatchedLevel(
          id: AlertID(
            caseID: try page.text(row, 0), commitment: commitment, round: try page.int4(row, 2), level: name,
            revision: revisions[index] ?? 1),
          priority: priorities[index].flatMap { Level.Priority(rawValue: $0) } ?? .warning,
          dueAt: Instant(microseconds: due), levelAt: Instant(microseconds: at), calendar: try page.text(row, 3),
          notify: addressees[commitment, name], region: try page.optionalText(row, 10),
          grid: try page.optionalText(row, 11), serviceWindow: try page.optionalText(row, 12)))
    }
  }
}
