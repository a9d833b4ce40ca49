import LibPQ
import ServiceTime

/// Marks what is raised while a feed that brings the case's events is silent: the case may have moved on unseen.
enum StalledFeeds {
  /// Sources of which every feed that is served is silent: one that was renamed leaves its row behind.
  static let sources = """
    SELECT s.source
    FROM (SELECT name AS feed, source FROM bizclock.feed UNION SELECT feed, source FROM bizclock.feed_source) AS s
    JOIN bizclock.feed AS f ON f.name = s.feed
    WHERE \(FeedRegister.isServed)
    GROUP BY s.source HAVING bool_and(f.stalled)
    """

  /// Marks the alerts that a delta raises, and their lines. Asks nothing where it raises none, and little where no feed
  /// is silent.
  static func mark(_ delta: inout ProjectionDelta, _ session: inout Session) throws(PostgresError) {
    let raised = delta.lines.indices.filter { delta.lines[$0].kind == .raised }
    guard !raised.isEmpty else { return }
    let stalled = try session.execute(StalledFeeds.sources)
    guard stalled.rowCount > 0 else { return }
    var sources: [String] = []
    for row in 0..<stalled.rowCount { sources.append(try stalled.text(row, 0)) }
    let cases = Set(raised.compactMap { delta.lines[$0].key?.caseID })
    let found = try session.execute(
      "SELECT DISTINCT case_id FROM bizclock.event WHERE case_id = ANY($1::text[]) AND source = ANY($2::text[])",
      [.textArray(cases.map(\.text)), .textArray(sources)])
    var unseen: Set<Identifier> = []
    for row in 0..<found.rowCount { unseen.insert(Identifier(try found.text(row, 0))) }
    var keys: Set<AlertRow.Key> = []
    for index in raised {
      guard let key = delta.lines[index].key, unseen.contains(key.caseID) else { continue }
      delta.lines[index].json.add("feed_stalled", flag: true)
      keys.insert(key)
    }
    for index in delta.newAlerts.indices where keys.contains(delta.newAlerts[index].key) {
      delta.newAlerts[index].feedStalled = true
    }
    for index in delta.changedAlerts.indices where keys.contains(delta.changedAlerts[index].key) {
      delta.changedAlerts[index].feedStalled = true
    }
  }
}
