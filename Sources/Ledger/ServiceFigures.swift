import LibPQ
import ServiceTime

/// What monitoring asks of the database, in two parts: one that costs next to nothing, and one that counts rows.
public enum ServiceFigures {
  /// What costs next to nothing.
  public struct Pulse: Sendable, Equatable {
    /// A feed as the database knows it.
    public struct Feed: Sendable, Equatable {
      /// Its name.
      public var name: String
      /// When it last brought something.
      public var lastReceivedAt: Instant?
      /// Whether it has brought nothing for longer than it may.
      public var isStalled: Bool
    }

    /// The last position given.
    public var head: Int64
    /// How far the projections are.
    public var position: Int64
    /// Events in the ledger that are not projected yet.
    public var behind: Int64 { max(0, head - position) }
    /// The next level's instant.
    public var nextLevel: Instant?
    /// Alert lines that wait to be written, counted up to `ServiceFigures.mostLines`.
    public var linesWaiting: Int64
    /// All feeds, by name; at most `ServiceFigures.mostFeeds`.
    public var feeds: [Feed]
  }

  /// What is counted row by row.
  public struct Holdings: Sendable, Equatable {
    /// The open clocks of a commitment.
    public struct Clocks: Sendable, Equatable {
      /// The commitment's id.
      public var commitment: String
      /// Clocks running.
      public var running: Int64
      /// Clocks paused.
      public var paused: Int64
      /// Those of them past due.
      public var overdue: Int64
    }

    /// By commitment, those with none left out.
    public var clocks: [Clocks]
    /// Lines in quarantine that nobody has dealt with, by feed; those with none left out.
    public var quarantine: [String: Int64]
  }

  /// Up to how many waiting lines are counted: an outage of the log may leave more than it is worth counting.
  public static let mostLines: Int64 = 100_000
  /// Of how many feeds is told.
  public static let mostFeeds: Int64 = 1_000

  /// Takes the pulse; nil in a database without schema.
  public static func pulse(_ session: inout Session) throws(PostgresError) -> Pulse? {
    let found = try session.execute(
      """
      SELECT h.position, p.position,
        (SELECT next_level_at FROM bizclock.clock WHERE next_level_at IS NOT NULL ORDER BY next_level_at LIMIT 1),
        (SELECT count(*) FROM (
          (SELECT FROM bizclock.log_outbox WHERE case_id IS NOT NULL LIMIT $1)
          UNION ALL (\(Outbox.unlogged) LIMIT $1) LIMIT $1) AS line)
      FROM bizclock.projector p, bizclock.ledger_head h
      """, [.int8(mostLines)])
    guard found.rowCount == 1 else { return nil }
    var pulse = Pulse(
      head: try found.int8(0, 0), position: try found.int8(0, 1),
      nextLevel: try found.optionalTimestamptz(0, 2).map { Instant(microseconds: $0) },
      linesWaiting: try found.int8(0, 3), feeds: [])
    let feeds = try session.execute(
      "SELECT name, last_received_at, stalled FROM bizclock.feed WHERE \(FeedRegister.isKnown) ORDER BY name LIMIT $1",
      [.int8(mostFeeds)])
    for row in 0..<feeds.rowCount {
      pulse.feeds.append(
        Pulse.Feed(
          name: try feeds.text(row, 0),
          lastReceivedAt: try feeds.optionalTimestamptz(row, 1).map { Instant(microseconds: $0) },
          isStalled: try feeds.bool(row, 2)))
    }
    return pulse
  }

  /// How many clocks run or are paused: counted in the index of those alone, whatever has been finished in the years
  /// before; 1 million take about a tenth of a second.
  public static func openClocks(_ session: inout Session) throws(PostgresError) -> Int64 {
    try session.execute("SELECT count(*) FROM bizclock.clock WHERE state IN ('running', 'paused')").int8(0, 0)
  }

  /// Counts what is open; through the index of open clocks, however many have ended.
  public static func holdings(_ session: inout Session, now: Instant) throws(PostgresError) -> Holdings {
    var holdings = Holdings(clocks: [], quarantine: [:])
    let clocks = try session.execute(
      """
      SELECT commitment, count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'paused'),
        count(*) FILTER (WHERE due_at < $1)
      FROM bizclock.clock WHERE state IN ('running', 'paused') GROUP BY commitment ORDER BY commitment
      """, [.timestamptz(now.microseconds)])
    for row in 0..<clocks.rowCount {
      holdings.clocks.append(
        Holdings.Clocks(
          commitment: try clocks.text(row, 0), running: try clocks.int8(row, 1), paused: try clocks.int8(row, 2),
          overdue: try clocks.int8(row, 3)))
    }
    let quarantine = try session.execute(
      "SELECT feed, count(*) FROM bizclock.quarantine WHERE resolved_at IS NULL GROUP BY feed LIMIT $1",
      [.int8(mostFeeds)])
    for row in 0..<quarantine.rowCount {
      holdings.quarantine[try quarantine.text(row, 0)] = try quarantine.int8(row, 1)
    }
    return holdings
  }
}
