import LibPQ
import ServiceTime

/// Notes which sources a feed's events name beside the feed's own, as CloudEvents always do: while the feed is silent,
/// alerts of their cases are marked.
struct FeedSources: Sendable {
  /// Of one feed no more are noted: a sender that names another with each event must not fill the table.
  static let most = 1_000
  /// What was noted lately, by feed.
  private var known: [String: Set<Identifier>] = [:]

  /// The sources that a batch names and that were not noted lately.
  func news(_ batch: AppendBatch) -> [Identifier] {
    let known = known[batch.feed] ?? []
    var found: Set<Identifier> = []
    var last = Identifier(batch.source)
    for event in batch.events where event.source != last {
      last = event.source
      if last.text != batch.source, !known.contains(last), found.count < FeedSources.most { found.insert(last) }
    }
    return found.sorted()
  }

  /// Notes sources of a feed, inside the caller's transaction.
  static func note(_ sources: [Identifier], of feed: String, _ session: inout Session) throws(PostgresError) {
    guard !sources.isEmpty else { return }
    _ = try session.execute(
      """
      INSERT INTO bizclock.feed_source (feed, source)
      SELECT $1, s FROM unnest($2::text[]) AS s
      WHERE (SELECT count(*) FROM bizclock.feed_source WHERE feed = $1) < $3
      ON CONFLICT DO NOTHING
      """, [.text(feed), .textArray(sources.map(\.text)), .int8(Int64(most))])
  }

  /// Learns what has been committed.
  mutating func remember(_ sources: [Identifier], of feed: String) {
    guard !sources.isEmpty else { return }
    if known[feed, default: []].count > FeedSources.most { known[feed] = [] }
    known[feed, default: []].formUnion(sources)
  }
}
