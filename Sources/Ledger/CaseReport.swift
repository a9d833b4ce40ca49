import LibPQ
import ServiceTime

/// All that is known of one case: its events, its clocks as folded now, and its alerts.
public struct CaseReport: Sendable {
  /// A recorded alert.
  public struct Alert: Sendable {
    /// The derived id.
    public var id: String
    /// The level.
    public var level: String
    /// When it was reached.
    public var levelAt: Instant
    /// When it was recorded.
    public var recordedAt: Instant
    /// When it was logged.
    public var loggedAt: Instant?
    /// When its clock ended.
    public var resolvedAt: Instant?
    /// When it turned out never to have been reached.
    public var withdrawnAt: Instant?
    /// Whether it is history.
    public var retrospective: Bool
    /// Who took note of it, and why the limit was overrun.
    public var acknowledgement: Alerts.Acknowledgement?
    /// Whether a feed that brings the case's events was silent when it was raised.
    public var feedStalled: Bool
  }

  /// Every event, in event order, with what became of it.
  public var events: [(stored: StoredEvent, happened: Bool)]
  /// What the events say of the case.
  public var attributes: CaseAttributes
  /// The clocks.
  public var clocks: [Clock]
  /// Its alerts.
  public var alerts: [Alert]

  /// Reads a case and folds it; nil if the ledger has no event of it.
  public static func read(
    _ caseID: String, _ rulebook: Rulebook, asOf now: Instant, on session: inout Session
  ) throws(PostgresError) -> CaseReport? {
    let id = Identifier(caseID)
    let stored = try CaseReader.events([id], through: .max, &session)[id] ?? []
    guard !stored.isEmpty else { return nil }
    let fold = CaseFold(events: stored.map(\.event), rulebook: rulebook)
    let happened = Set(
      CaseFold.happened(stored.map(\.event)).map { EventKey(source: $0.source, eventID: $0.eventID) })
    let found = try session.execute(
      """
      SELECT commitment, round, level, revision, level_at, recorded_at, logged_at, resolved_at, withdrawn_at,
        retrospective, acknowledged_at, acknowledged_by, reason, feed_stalled
      FROM bizclock.alert WHERE case_id = $1 ORDER BY level_at, commitment, round, level, revision
      """, [.text(caseID)])
    var alerts: [Alert] = []
    func instant(_ row: Int, _ column: Int) throws(PostgresError) -> Instant? {
      try found.optionalTimestamptz(row, column).map { Instant(microseconds: $0) }
    }
    for row in 0..<found.rowCount {
      let acknowledged = try instant(row, 10)
      let by = try found.optionalText(row, 11) ?? ""
      let reason = try found.optionalText(row, 12)
      alerts.append(
        Alert(
          id: "\(caseID)/\(try found.text(row, 0))/\(try found.int4(row, 1))/\(try found.text(row, 2))/"
            + "\(try found.int4(row, 3))",
          level: try found.text(row, 2), levelAt: Instant(microseconds: try found.timestamptz(row, 4)),
          recordedAt: Instant(microseconds: try found.timestamptz(row, 5)), loggedAt: try instant(row, 6),
          resolvedAt: try instant(row, 7), withdrawnAt: try instant(row, 8), retrospective: try found.bool(row, 9),
          acknowledgement: acknowledged.map { Alerts.Acknowledgement(at: $0, by: by, reason: reason) },
          feedStalled: try found.bool(row, 13)))
    }
    return CaseReport(
      events: stored.sorted { $0.event.precedes($1.event) }.map {
        ($0, happened.contains(EventKey(source: $0.event.source, eventID: $0.event.eventID)))
      }, attributes: fold.attributes, clocks: fold.clocks(asOf: now), alerts: alerts)
  }
}

extension Clock {
  /// The reckoner that gives this clock's days; nil if the rules no longer know its commitment or calendar.
  ///
  /// As of an instant, a closure without end that begins later is not known yet.
  public func reckoner(_ rulebook: Rulebook, asOf now: Instant? = nil) -> Reckoner? {
    guard let commitment = rulebook.policy.commitments.first(where: { $0.id == self.commitment }),
      let version = commitment.versions.first(where: { $0.from == versionFrom }),
      let calendar = rulebook.calendars[calendar]
    else { return nil }
    return Reckoner(
      version: version, calendar: calendar, start: startedAt,
      pauses: pauses.map { PauseSpan(from: $0.from, to: $0.to) }, extendedDays: extendedDays, stoppedAt: stoppedAt,
      asOf: now)
  }
}
