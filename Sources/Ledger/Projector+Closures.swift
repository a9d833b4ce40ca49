import LibPQ
import ServiceTime

extension Projector {
  /// The first edge of a closure after an instant: there open clocks pause or run on without an event.
  public func closureEdge(after instant: Instant) -> Instant? {
    var next: Instant?
    for calendar in rulebook.calendars.values {
      for closure in calendar.closures {
        for edge in [closure.from, closure.to].compactMap({ $0 }) where edge > instant {
          next = next.map { min($0, edge) } ?? edge
        }
      }
    }
    return next
  }

  /// Brings the open clocks up to the closures whose edges have passed since they were last looked at; false when
  /// deposed. Projecting and raising levels begin with it.
  public func settleClosures(_ session: inout Session, now: Instant) throws(PostgresError) -> Bool {
    // The wall clock may have been set back: what is folded meanwhile stands before the edges that it crosses again.
    settledThrough = min(settledThrough, now)
    if let known = ahead, now < known.through { ahead = nil }
    guard let edge = closureEdge(after: settledThrough), edge <= now else { return true }
    // The rows in memory are those before the edge.
    forget()
    do {
      try session.begin()
      guard let recordedAt = try moveRow(to: term.position, now: now, &session) else {
        session.rollbackQuietly()
        return false
      }
      let crossed = try Projector.casesAtEdges(rulebook, after: settledThrough, until: now, &session)
      _ = try Refolder.some(
        crossed, rulebook, through: term.position, reason: .closure,
        ProjectionMoment(
          now: now, recordedAt: recordedAt, retrospectiveAfter: settings.retrospectiveAfter, addressees: addressees),
        &session)
      _ = try session.execute(
        "UPDATE bizclock.projector SET settled_through = $1", [.timestamptz(now.microseconds)])
      try session.commit()
    } catch {
      session.rollbackQuietly()
      throw error
    }
    settledThrough = now
    watch?.outdate()
    return true
  }

  /// The cases with open clocks of calendars on which a closure began or ended after one instant and not after another.
  static func casesAtEdges(
    _ rulebook: Rulebook, after: Instant, until: Instant, _ session: inout Session
  ) throws(PostgresError) -> [Identifier] {
    let edged = rulebook.calendars.values.filter { calendar in
      calendar.closures.contains { closure in
        [closure.from, closure.to].compactMap { $0 }.contains { $0 > after && $0 <= until }
      }
    }
    guard !edged.isEmpty else { return [] }
    let open = try session.execute(
      """
      SELECT DISTINCT case_id FROM bizclock.clock
      WHERE state IN ('running', 'paused') AND calendar = ANY($1::text[]) ORDER BY case_id
      """, [.textArray(edged.map(\.id))])
    var caseIDs: [Identifier] = []
    for row in 0..<open.rowCount { caseIDs.append(Identifier(try open.text(row, 0))) }
    return caseIDs
  }
}
