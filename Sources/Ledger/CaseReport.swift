import LibPQ
import ServiceTime

/// All that is known of one case: its events, its clocks as folded now, and its alerts.
public struct CaseReport: Sendable {
  /// A recorded alert.
  public struct Alert: Sendable {
    /// The derived id.
    public var id: String
    /// The commitment of its clock.
    public var commitment: String
    /// The round of its clock.
    public var round: Int
    /// The level.
    public var level: String
    /// 1, 2, …: reached again, of a later instant.
    public var revision: Int
    /// The level's priority in the log.
    public var priority: String
    /// When the clock was due, as it stood when the level was reached.
    public var dueAt: Instant
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
    /// When its instant turned out to be another.
    public var amendedAt: Instant?
    /// Why it was withdrawn or amended.
    public var changeReason: ChangeReason?
    /// When someone acknowledged it.
    public var acknowledgedAt: Instant?
    /// Who acknowledged it.
    public var acknowledgedBy: String?
    /// Why the limit was overrun, as acknowledged (优化营商环境条例 art. 36).
    public var reason: String?
    /// Whether it is history.
    public var retrospective: Bool
    /// Whether a feed was silent when it was raised.
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
  /// What has been believed of its finished clocks, and still is; also of clocks that it no longer has.
  public var beliefs: [Belief]
  /// The entity's name; nil of individuals, and where it is not known that it is none, unless the configuration
  /// shows them.
  public var entityName: String?
  /// The region's name and its English one, where they are known.
  public var regionName: OnTimeReport.RegionName?

  /// Reads a case and folds it; nil if the ledger has no event of it.
  ///
  /// With `knownAt` it is the case as it was known then, to be folded by the rules of then: of events, alerts and
  /// verdicts that came later it says nothing.
  public static func read(
    _ caseID: String, _ rulebook: Rulebook, asOf now: Instant, knownAt: Instant? = nil, on session: inout Session
  ) throws(PostgresError) -> CaseReport? {
    // One snapshot: beside a leader at work, events, clocks and alerts must be of one moment.
    defer { session.rollbackQuietly() }
    try session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    let id = Identifier(caseID)
    let all = try CaseReader.events([id], through: .max, &session)[id] ?? []
    let stored = all.filter { stored in knownAt.map { stored.receivedAt <= $0 } ?? true }
    guard !stored.isEmpty else { return nil }
    var life = SignOfLife()
    try life.folded(&session, events: stored.count)
    let fold = CaseFold(events: stored.map(\.event), rulebook: rulebook)
    let happened = Set(
      CaseFold.happened(stored.map(\.event)).map { EventKey(source: $0.source, eventID: $0.eventID) })
    let showsNames = try session.execute(
      "SELECT coalesce((SELECT value = 'true' FROM bizclock.setting WHERE name = 'show_individual_names'), false)"
    ).bool(0, 0)
    let attributes = fold.attributes
    // An event may have told the name of a person before the type was corrected, or the type only later.
    let isIndividual = attributes.entityType == nil || all.contains { CaseFold.saysIndividual($0.event) }
    let clocks = fold.clocks(asOf: now)
    var alerts = try alerts(of: caseID, knownAt: knownAt, &session)
    if let knownAt { alerts = alerts.compactMap { $0.known(at: knownAt, clocks) } }
    return CaseReport(
      events: stored.sorted { $0.event.precedes($1.event) }.map {
        ($0, happened.contains(EventKey(source: $0.event.source, eventID: $0.event.eventID)))
      }, attributes: attributes, clocks: clocks, alerts: alerts,
      beliefs: try beliefs(of: caseID, knownAt: knownAt, &session),
      entityName: showsNames || !isIndividual ? attributes.entityName : nil,
      regionName: try attributes.region.flatMap { region throws(PostgresError) in
        try OnTimeReport.names([region], &session)[region]
      })
  }

  /// The alerts; with `knownAt` what their rows said before they were changed later.
  private static func alerts(
    of caseID: String, knownAt: Instant?, _ session: inout Session
  ) throws(PostgresError) -> [Alert] {
    let found = try session.execute(
      """
      WITH said AS (
        SELECT DISTINCT ON (commitment, round, level, revision) *
        FROM (
          SELECT commitment, round, level, revision, level_at, due_at, resolved_at, withdrawn_at, amended_at,
            feed_stalled, retrospective, priority, change_reason, 'infinity'::timestamptz AS known_until
          FROM bizclock.alert WHERE case_id = $1
          UNION ALL
          SELECT commitment, round, level, revision, level_at, due_at, resolved_at, withdrawn_at, amended_at,
            feed_stalled, retrospective, priority, change_reason, known_until
          FROM bizclock.alert_history WHERE case_id = $1 AND known_until > $2
        ) s
        ORDER BY commitment, round, level, revision, known_until
      )
      SELECT commitment, round, level, revision, s.level_at, a.recorded_at, a.logged_at, s.resolved_at,
        s.withdrawn_at, s.retrospective, s.due_at, s.priority, s.amended_at, s.change_reason, a.acknowledged_at,
        a.acknowledged_by, a.reason, s.feed_stalled
      FROM bizclock.alert a JOIN said s USING (commitment, round, level, revision)
      WHERE a.case_id = $1 ORDER BY s.level_at, commitment, round, level, revision
      """, [.text(caseID), .timestamptz(knownAt?.microseconds)])
    func instant(_ row: Int, _ column: Int) throws(PostgresError) -> Instant? {
      try found.optionalTimestamptz(row, column).map { Instant(microseconds: $0) }
    }
    var alerts: [Alert] = []
    for row in 0..<found.rowCount {
      let id = AlertID(
        caseID: caseID, commitment: try found.text(row, 0), round: try found.int4(row, 1),
        level: try found.text(row, 2), revision: try found.int4(row, 3))
      alerts.append(
        Alert(
          id: id.description, commitment: id.commitment, round: Int(id.round), level: id.level,
          revision: Int(id.revision), priority: try found.text(row, 11),
          dueAt: Instant(microseconds: try found.timestamptz(row, 10)),
          levelAt: Instant(microseconds: try found.timestamptz(row, 4)),
          recordedAt: Instant(microseconds: try found.timestamptz(row, 5)), loggedAt: try instant(row, 6),
          resolvedAt: try instant(row, 7), withdrawnAt: try instant(row, 8), amendedAt: try instant(row, 12),
          changeReason: try found.optionalText(row, 13).flatMap { ChangeReason(rawValue: $0) },
          acknowledgedAt: try instant(row, 14), acknowledgedBy: try found.optionalText(row, 15),
          reason: try found.optionalText(row, 16), retrospective: try found.bool(row, 9),
          feedStalled: try found.bool(row, 17)))
    }
    return alerts
  }
}

extension CaseReport.Alert {
  /// The alert as it was known at a moment; nil if it was not recorded by then.
  ///
  /// What was amended or withdrawn is that of the row of then. That its clock ends changes the row without a trace: so
  /// that is what the clock says, as folded then; of one that was withdrawn nothing is told any more.
  fileprivate func known(at moment: Instant, _ clocks: [Clock]) -> Self? {
    guard recordedAt <= moment else { return nil }
    func past(_ instant: Instant?) -> Instant? { instant.flatMap { $0 <= moment ? $0 : nil } }
    var alert = self
    alert.loggedAt = past(loggedAt)
    alert.acknowledgedAt = past(acknowledgedAt)
    if alert.acknowledgedAt == nil {
      alert.acknowledgedBy = nil
      alert.reason = nil
    }
    if withdrawnAt == nil, let clock = clocks.first(where: { $0.commitment == commitment && $0.round == round }) {
      alert.resolvedAt = clock.isOpen ? nil : clock.stoppedAt
    }
    return alert
  }
}

extension Clock {
  /// The reckoner that gives this clock's days as it stands at an instant; nil if the rules no longer know its
  /// commitment or calendar.
  public func reckoner(_ rulebook: Rulebook, asOf now: Instant) -> Reckoner? {
    guard let commitment = rulebook.policy.commitments.first(where: { $0.id == self.commitment }),
      let version = commitment.versions.first(where: { $0.from == versionFrom }),
      let calendar = rulebook.calendars[calendar]
    else { return nil }
    return Reckoner(
      version: version, calendar: calendar, start: startedAt,
      pauses: pauses.map { PauseSpan(from: $0.from, to: $0.to) }, extendedDays: extendedDays, stoppedAt: stoppedAt,
      asOf: isOpen ? max(now, startedAt) : stoppedAt)
  }
}
