import LibPQ
import ServiceTime

/// The numbers of series of metric cells, as far as they are known; bounded.
///
/// Series are made in the caller's transaction: whoever undoes it forgets them.
struct MetricSeries: Sendable {
  private var numbers: [SeriesKey: Int32] = [:]
  private static let capacity = 50_000

  subscript(key: SeriesKey) -> Int32? { numbers[key] }

  /// Forgets everything.
  mutating func removeAll() { numbers = [:] }

  /// The parts of a key are compared by their bytes, as the database does by equality, whatever its locale.
  private static let find = """
    WITH given AS MATERIALIZED (
      SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[]) WITH ORDINALITY AS g (commitment, region, version_from, basis, process, channel,
        entity_type, report_tag, outcome, place)
    ), known AS MATERIALIZED (
      SELECT g.place, s.series FROM given g JOIN bizclock.metric_series s USING (commitment, region, version_from,
        basis, process, channel, entity_type, report_tag, outcome)
    ), made AS (
      INSERT INTO bizclock.metric_series (commitment, region, version_from, basis, process, channel, entity_type,
        report_tag, outcome)
      SELECT commitment, region, version_from, basis, process, channel, entity_type, report_tag, outcome
      FROM given WHERE place NOT IN (SELECT place FROM known) ORDER BY place
      RETURNING *
    )
    SELECT place, series FROM known
    UNION ALL
    SELECT g.place, m.series FROM made m JOIN given g USING (commitment, region, version_from, basis, process, channel,
      entity_type, report_tag, outcome)
    """

  /// Learns the numbers of those of some series that are not known; those that are new get one. One writer at a time:
  /// the leader, or whoever has moved the projector's row.
  mutating func learn(_ keys: some Sequence<SeriesKey>, _ session: inout Session) throws(PostgresError) {
    var unknown: Set<SeriesKey> = []
    for key in keys where numbers[key] == nil { unknown.insert(key) }
    guard !unknown.isEmpty else { return }
    if numbers.count + unknown.count > MetricSeries.capacity {
      removeAll()
      unknown = Set(keys)
    }
    // A fixed order, so that the numbers do not depend on hashing.
    let given = unknown.sorted()
    let found = try session.execute(
      MetricSeries.find,
      [
        .textArray(given.map(\.commitment)), .textArray(given.map(\.dimensions.region.text)),
        .dateArray(given.map(\.versionFrom.dayNumber)), .textArray(given.map(\.basis.rawValue)),
        .textArray(given.map(\.dimensions.process.text)), .textArray(given.map(\.dimensions.channel.text)),
        .textArray(given.map(\.dimensions.entityType.text)), .textArray(given.map(\.dimensions.reportTag.text)),
        .textArray(given.map(\.outcome)),
      ])
    for row in 0..<found.rowCount {
      numbers[given[Int(try found.int8(row, 0)) - 1]] = try found.int4(row, 1)
    }
  }
}

extension SeriesKey: Comparable {
  static func < (a: SeriesKey, b: SeriesKey) -> Bool {
    if a.basis != b.basis { return a.basis == .due }
    if a.versionFrom != b.versionFrom { return a.versionFrom < b.versionFrom }
    if a.commitment != b.commitment { return a.commitment < b.commitment }
    if a.outcome != b.outcome { return a.outcome < b.outcome }
    return a.dimensions < b.dimensions
  }
}
