import LibPQ
import ServiceTime

/// What raising levels did.
public struct LevelStep: Sendable, Equatable {
  /// Alerts recorded; nil when the leader was deposed.
  public var raised: Int?
  /// Whether more levels lie in the past than one transaction takes.
  public var more: Bool
  /// The first instant at which a level is reached next; nil if none is known.
  public var next: Instant?
  /// Whether all levels are recorded, and clocks are still to be moved on to their next ones.
  public var isMoving = false

  /// Whether nothing is left to do before the next instant.
  public var isDone: Bool { !more && !isMoving }
}

/// Levels that are recorded while their clocks still wait for them.
///
/// Moving a clock on costs several times what recording its alert does, so of many at one instant all alerts are
/// recorded first. That is known to this leader alone: another one finds the clocks waiting, and the alerts there.
struct RaisedAhead {
  /// Of clocks that waited for an instant up to here every level up to here is recorded.
  var through: Instant
  /// The first level after that of a clock that is not moved on yet; nil if there is none.
  var hidden: Instant?
}

extension Projector {
  /// Raises the levels whose instants have come, as many as one transaction takes; then moves on clocks that wait for
  /// levels already recorded, some with each call.
  public func raiseLevels(_ session: inout Session, now: Instant) throws(PostgresError) -> LevelStep {
    guard try settleClosures(&session, now: now), try settleShares(&session, now: now) else {
      return LevelStep(raised: nil, more: false, next: nil)
    }
    let first = try nextLevel(now, &session)
    guard let first, first <= now else {
      ahead = nil
      return LevelStep(raised: 0, more: false, next: first)
    }
    let wasAhead = ahead != nil
    let step = try write(now, &session, raiseDue)
    guard wasAhead, step.isMoving else { return step }
    // On its own, so that what is recorded is not told later for the clocks' sake.
    var moved = try write(now, &session, moveOn)
    moved.raised = moved.raised.map { $0 + (step.raised ?? 0) }
    return moved
  }

  /// From how many levels at one instant on the log adds a summary.
  public static let manyLevels = 20

  /// Raises levels in a transaction of its own; `raised` is nil where the leader was deposed.
  private func write(
    _ now: Instant, _ session: inout Session,
    _ raise: (_ now: Instant, _ recordedAt: Instant, inout Session) throws(PostgresError) -> LevelStep
  ) throws(PostgresError) -> LevelStep {
    let known = ahead
    do {
      try session.begin()
      let moved = try session.execute(
        Projector.advance,
        [.int8(term.epoch), .int8(term.position), .int8(term.position), .timestamptz(now.microseconds)])
      guard moved.rowCount == 1 else {
        session.rollbackQuietly()
        forget()
        return LevelStep(raised: nil, more: false, next: nil)
      }
      // However many there are: each is found by its keys, and none is joined with all the others.
      try KeyLookups.begin(&session)
      var step = try raise(now, Instant(microseconds: try moved.timestamptz(0, 0)), &session)
      if !step.more {
        _ = try session.execute(
          "UPDATE bizclock.projector SET levels_through = greatest(levels_through, $1)",
          [.timestamptz(now.microseconds)])
      }
      if step.isDone { step.next = try nextLevel(now, &session) }
      try session.commit()
      return step
    } catch {
      session.rollbackQuietly()
      // Nothing of it has happened, or nobody knows: what was recorded before has been.
      ahead = known
      throw error
    }
  }

  /// Raises what is due: with their clocks where these are few, or among them some that may wait for something that was
  /// put off.
  private func raiseDue(
    _ now: Instant, _ recordedAt: Instant, _ session: inout Session
  ) throws(PostgresError) -> LevelStep {
    // A further level of a clock that was not moved on may have come.
    let known = ahead.flatMap { ahead in ahead.hidden.map { now < $0 } ?? true ? ahead : nil }
    let due = try due(now, after: known?.through, &session)
    guard
      !due.hasRetrospective, due.clocks <= settings.burst, ahead != nil || due.clocks > settings.levelsMoved
    else {
      ahead = nil
      let raised = try raise(now, recordedAt, limit: settings.levelBatch, &session)
      // As many as one transaction takes may be all that there are.
      let next = raised.clocks == settings.levelBatch ? try nextLevel(now, &session) : nil
      let more = next.map { $0 <= now } ?? false
      return LevelStep(raised: raised.alerts, more: more, next: now)
    }
    let alerts = due.clocks > 0 ? try raiseAhead(now, recordedAt, after: known?.through, &session) : 0
    ahead = RaisedAhead(through: now, hidden: [known?.hidden, due.hidden].compactMap { $0 }.min())
    return LevelStep(raised: alerts, more: false, next: now, isMoving: true)
  }

  /// Moves on clocks that wait for levels which are recorded.
  private func moveOn(
    _ now: Instant, _ recordedAt: Instant, _ session: inout Session
  ) throws(PostgresError) -> LevelStep {
    let moved = try raise(now, recordedAt, limit: settings.levelsMoved, &session)
    if moved.clocks < settings.levelsMoved { ahead = nil }
    return LevelStep(raised: moved.alerts, more: false, next: now, isMoving: ahead != nil)
  }

  private func nextLevel(_ now: Instant, _ session: inout Session) throws(PostgresError) -> Instant? {
    let next = try session.execute(
      """
      SELECT next_level_at FROM bizclock.clock WHERE next_level_at IS NOT NULL AND (NOT $2 OR \(Projector.isWanted))
      ORDER BY next_level_at LIMIT 1
      """, [.timestamptz(now.microseconds), .bool(isBehind), .int8(settings.retrospectiveAfter)])
    return next.rowCount == 0 ? nil : Instant(microseconds: try next.timestamptz(0, 0))
  }

  private struct Due {
    /// How many clocks wait for an instant that has come; counted up to one more than a burst has.
    var clocks: Int
    /// Whether one of them waits for a level that pages nobody, or may: it may have been put off.
    var hasRetrospective: Bool
    /// The first level of theirs that has not come.
    var hidden: Instant?
  }

  private func due(
    _ now: Instant, after instant: Instant?, _ session: inout Session
  ) throws(PostgresError) -> Due {
    let found = try session.execute(
      """
      SELECT count(*), coalesce(bool_or(retrospective), false),
        min(CASE WHEN level_at[cardinality(level_at)] > $1 THEN (SELECT min(at) FROM unnest(level_at) AS at WHERE at > $1) END)
      FROM (
        SELECT history OR next_level_at < \(Projector.paging) AS retrospective, level_at FROM bizclock.clock
        WHERE next_level_at <= $1 AND ($2::timestamptz IS NULL OR next_level_at > $2) ORDER BY next_level_at LIMIT $4
      ) AS due
      """,
      [
        .timestamptz(now.microseconds), .timestamptz(instant?.microseconds), .int8(settings.retrospectiveAfter),
        .int8(Int64(settings.burst) + 1),
      ])
    return Due(
      clocks: Int(try found.int8(0, 0)), hasRetrospective: try found.bool(0, 1),
      hidden: try found.optionalTimestamptz(0, 2).map { Instant(microseconds: $0) })
  }
}
