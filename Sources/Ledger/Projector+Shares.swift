import LibPQ
import ServiceTime

extension Projector {
  /// The first local midnight after an instant at which a level of a share may be reached; nil if none is promised.
  public func shareEdge(after instant: Instant) -> Instant? {
    rulebook.shareCalendars.map { calendar in
      let today = calendar.date(of: instant)
      let midnight = calendar.midnight(today + 1)
      // Where a zone's clocks are set back over midnight, a date begins before the one before it has ended.
      return midnight > instant ? midnight : calendar.midnight(today + 2)
    }.min()
  }

  /// Raises the levels of shares whose midnights have passed since they were last looked at; false when deposed.
  ///
  /// Midnights that passed while nobody led are made up for. Projecting and raising levels begin with it.
  public func settleShares(_ session: inout Session, now: Instant) throws(PostgresError) -> Bool {
    // The wall clock may have been set back: what passes again is looked at again.
    sharesThrough = min(sharesThrough, now)
    guard let edge = shareEdge(after: sharesThrough), edge <= now else { return true }
    let ended = Shares.ended(after: sharesThrough, until: now, rulebook)
    do {
      // Where nothing happened nothing is to be told, nor written.
      guard try ShareCells.exist(within: Shares.spans(ended, rulebook), &session) else {
        sharesThrough = now
        return true
      }
      try session.begin()
      guard let recordedAt = try moveRow(to: term.position, now: now, &session) else {
        session.rollbackQuietly()
        forget()
        return false
      }
      let moment = ProjectionMoment(
        now: now, recordedAt: recordedAt, retrospectiveAfter: settings.retrospectiveAfter, addressees: addressees,
        isTimed: true)
      var delta = ProjectionDelta()
      try Shares.judge(.some(ended), &delta, rulebook, moment, &session) { _, _ in .lateData }
      delta.summarizeRetrospective()
      try DeltaWriter.write(delta, recordedAt: recordedAt, &session)
      _ = try session.execute(
        "UPDATE bizclock.projector SET shares_through = $1", [.timestamptz(now.microseconds)])
      try session.commit()
    } catch {
      session.rollbackQuietly()
      throw error
    }
    sharesThrough = now
    return true
  }
}
