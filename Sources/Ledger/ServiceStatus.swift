import LibPQ
import ServiceTime

/// What the database tells of the service: its leader, its feeds, its clocks.
public struct ServiceStatus: Sendable {
  /// A feed's counts.
  public struct Feed: Sendable {
    /// Its name.
    public var name: String
    /// The latest occurred_at it brought.
    public var lastEventAt: Instant?
    /// When it last brought something.
    public var lastReceivedAt: Instant?
    /// New events.
    public var received: Int64
    /// Events that were there already.
    public var duplicates: Int64
    /// Lines in quarantine, ever.
    public var quarantined: Int64
    /// Lines in quarantine that nobody has dealt with.
    public var open: Int64
    /// Whether it has brought nothing for longer than it may.
    public var isStalled: Bool
  }

  /// The schema's version.
  public var schema: Int32
  /// The last position given.
  public var head: Int64
  /// How far the projections are.
  public var position: Int64
  /// Whether somebody leads.
  public var led: Bool
  /// Who led last.
  public var holder: String?
  /// Daemons that listen on the database, the leader among them.
  public var daemons: Int64
  /// Since when.
  public var electedAt: Instant?
  /// The numbers of the rules in force.
  public var policy: Int64
  /// The number of the calendar in force.
  public var calendar: Int64
  /// Clocks running.
  public var running: Int64
  /// Clocks paused.
  public var paused: Int64
  /// Open clocks past due.
  public var overdue: Int64
  /// The next level's instant.
  public var nextLevel: Instant?
  /// Alerts whose log line has not been written yet.
  public var unlogged: Int64
  /// Detection lag of the last day in milliseconds, median and 99th percentile: level_at, or the arrival of the data
  /// that told of a level already past → recorded_at.
  public var lag: (p50: Double, p99: Double)?
  /// All feeds.
  public var feeds: [Feed]

  /// Reads the status; nil in a database without schema.
  public static func read(_ session: inout Session, now: Instant) throws(PostgresError) -> ServiceStatus? {
    let schema = try Schema.version(&session)
    guard schema > 0 else { return nil }
    let row = try session.execute(
      """
      SELECT (SELECT position FROM bizclock.ledger_head), p.position, p.holder, p.elected_at, p.policy, p.calendar,
        (SELECT count(*) FROM bizclock.clock WHERE state = 'running'),
        (SELECT count(*) FROM bizclock.clock WHERE state = 'paused'),
        (SELECT count(*) FROM bizclock.clock WHERE state IN ('running', 'paused') AND due_at < $1),
        (SELECT min(next_level_at) FROM bizclock.clock WHERE next_level_at IS NOT NULL),
        (SELECT count(*) FROM bizclock.log_outbox WHERE event = 'alert.raised' AND recorded_at IS NULL)
          + (SELECT count(*) FROM (\(Outbox.unlogged)) AS line),
        \(daemons)
      FROM bizclock.projector p
      """, [.timestamptz(now.microseconds)])
    let lag = try session.execute(
      """
      SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ms), percentile_disc(0.99) WITHIN GROUP (ORDER BY ms)
      FROM (
        SELECT (extract(epoch FROM recorded_at - greatest(level_at, data_at)) * 1000)::float8 AS ms
        FROM bizclock.alert
        WHERE NOT retrospective AND amended_at IS NULL AND data_at IS DISTINCT FROM recorded_at
          AND change_reason IS DISTINCT FROM 'never_reached' AND recorded_at > $1::timestamptz - interval '1 day') AS day
      """, [.timestamptz(now.microseconds)])
    var lags: (Double, Double)?
    if let p50 = try lag.optionalFloat8(0, 0), let p99 = try lag.optionalFloat8(0, 1) { lags = (p50, p99) }
    let found = try session.execute(
      """
      SELECT name, last_event_at, last_received_at, received, duplicates, quarantined,
        (SELECT count(*) FROM bizclock.quarantine q WHERE q.feed = f.name AND q.resolved_at IS NULL),
        stalled
      FROM bizclock.feed f WHERE \(FeedRegister.isKnown) ORDER BY name
      """)
    var feeds: [Feed] = []
    for index in 0..<found.rowCount {
      feeds.append(
        Feed(
          name: try found.text(index, 0),
          lastEventAt: try found.optionalTimestamptz(index, 1).map { Instant(microseconds: $0) },
          lastReceivedAt: try found.optionalTimestamptz(index, 2).map { Instant(microseconds: $0) },
          received: try found.int8(index, 3), duplicates: try found.int8(index, 4),
          quarantined: try found.int8(index, 5), open: try found.int8(index, 6),
          isStalled: try found.bool(index, 7)))
    }
    return ServiceStatus(
      schema: schema, head: try row.int8(0, 0), position: try row.int8(0, 1), led: try Leadership.isHeld(&session),
      holder: try row.optionalText(0, 2), daemons: try row.int8(0, 11),
      electedAt: try row.optionalTimestamptz(0, 3).map { Instant(microseconds: $0) }, policy: try row.int8(0, 4),
      calendar: try row.int8(0, 5), running: try row.int8(0, 6), paused: try row.int8(0, 7),
      overdue: try row.int8(0, 8), nextLevel: try row.optionalTimestamptz(0, 9).map { Instant(microseconds: $0) },
      unlogged: try row.int8(0, 10), lag: lags, feeds: feeds)
  }

  /// How many daemons serve, of those whose sessions may be seen.
  static let daemons = """
    (SELECT count(*) FROM pg_catalog.pg_stat_activity
    WHERE datname = current_database() AND application_name = 'bizclock listen')
    """

  /// Whether a daemon serves: it leads, or stands by to.
  public static func hasDaemon(_ session: inout Session) throws(PostgresError) -> Bool {
    try session.execute("SELECT \(daemons) > 0").bool(0, 0)
  }

  /// How far the projections are, and whether somebody leads.
  public static func progress(_ session: inout Session) throws(PostgresError) -> (position: Int64, led: Bool) {
    let row = try session.execute("SELECT position FROM bizclock.projector")
    return (try row.int8(0, 0), try Leadership.isHeld(&session))
  }
}
