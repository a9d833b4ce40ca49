import LibPQ
import ServiceTime

extension OnTimeReport {
  /// Reads a report in one snapshot.
  ///
  /// As it stands, it is added up from metric cells and their buckets: quantiles of office time are within 1/128.
  /// As of a past moment finished clocks are what was believed of each then, added up in the same way; what was open is
  /// folded again, see `OpenThen`. It is then the report that was printed at that moment.
  ///
  /// `dates` gives the dates by the moment for which the report stands, and takes the place of the question's.
  public static func read(
    _ question: Question, dates: ((Instant) -> (from: CivilDate, to: CivilDate))? = nil, on session: inout Session
  ) throws(PostgresError) -> OnTimeReport {
    do throws(PostgresError) {
      try session.begin("ISOLATION LEVEL REPEATABLE READ READ ONLY")
      let standing = try standing(question.past, &session)
      var question = question
      if let dates { (question.from, question.to) = dates(standing.asOf) }
      let promises =
        if let past = question.past { OnTimeReport.promises(past.rulebook) } else { try promisesInForce(&session) }
      var rows = try finished(question, &session)
      try addOpen(question, now: standing.now, to: &rows, &session)
      var report = OnTimeReport(
        question: question, standing: standing, promises: promises, rows: Array(rows.values), regionNames: [:])
      report.arrange()
      report.regionNames =
        if let past = question.past {
          names(report.regionCodes, past.rulebook)
        } else {
          try names(report.regionCodes, &session)
        }
      try session.commit()
      return report
    } catch {
      session.rollbackQuietly()
      throw error
    }
  }

  // MARK: - Standing and rules

  private static func standing(
    _ past: Past?, _ session: inout Session
  ) throws(PostgresError) -> Standing {
    if let known = past?.known {
      let behind = try session.execute(
        "SELECT count(*) FROM bizclock.event WHERE position > $1 AND received_at <= $2",
        [.int8(known.position), .timestamptz(known.at.microseconds)])
      return Standing(
        now: known.at, asOf: known.at, policy: known.policy, calendar: known.calendar, behind: try behind.int8(0, 0)
      )
    }
    let row = try session.execute(
      """
      SELECT greatest(n.now, p.recorded_at), p.recorded_at, p.policy, p.calendar, h.position - p.position,
        (SELECT max(due_at) FROM bizclock.clock WHERE state IN ('running', 'paused') AND due_at < n.now),
        -- Whether who changes the row has not come to an end in this snapshot: begun after it, or on in it.
        p.xmax <> '0' AND ((p.xmax::text::int8 - pg_snapshot_xmax(s.seen)::text::int8) & 4294967295 < 2147483648
          OR p.xmax IN (SELECT x.id::xid FROM pg_snapshot_xip(s.seen) AS x (id)))
      FROM bizclock.projector p, bizclock.ledger_head h, (SELECT dashboard.now()) AS n (now),
        pg_current_snapshot() AS s (seen)
      """)
    let (now, recorded) = (
      Instant(microseconds: try row.timestamptz(0, 0)), Instant(microseconds: try row.timestamptz(0, 1))
    )
    // What is being recorded meanwhile may bear an earlier time than now, but none before the last. So at work, the
    // report stands for the last. At rest what has changed since is what fell due, of which nothing need be recorded.
    let isAtWork = try row.bool(0, 6) || now - recorded < 10_000_000
    let overdue = isAtWork ? nil : try row.optionalTimestamptz(0, 5).map { Instant(microseconds: $0 + 1) }
    return Standing(
      now: isAtWork ? recorded : now, asOf: max(recorded, overdue ?? recorded), policy: try row.int8(0, 2),
      calendar: try row.int8(0, 3), behind: try row.int8(0, 4))
  }

  private static func promises(_ rulebook: Rulebook?) -> [Promise] {
    (rulebook?.policy.commitments ?? []).enumerated().flatMap { ordinal, commitment in
      commitment.versions.map { version in
        Promise(
          commitment: commitment.id, versionFrom: version.from, ordinal: Int32(clamping: ordinal),
          limit: version.limit.description, legalLimit: version.legalLimit?.description, basis: version.basis,
          compression: version.compression, titleEN: commitment.title["en"], titleZH: commitment.title["zh"])
      }
    }
  }

  private static func promisesInForce(_ session: inout Session) throws(PostgresError) -> [Promise] {
    let found = try session.execute(
      """
      SELECT commitment, version_from, ordinal, limit_text, legal_text, basis, compression, title_en, title_zh
      FROM bizclock.commitment_version WHERE kind = 'time' ORDER BY ordinal, commitment, version_from
      """)
    var promises: [Promise] = []
    for row in 0..<found.rowCount {
      promises.append(
        Promise(
          commitment: try found.text(row, 0), versionFrom: CivilDate(dayNumber: try found.date(row, 1)),
          ordinal: try found.int4(row, 2), limit: try found.optionalText(row, 3),
          legalLimit: try found.optionalText(row, 4), basis: try found.optionalText(row, 5),
          compression: try found.optionalFloat8(row, 6), titleEN: try found.optionalText(row, 7),
          titleZH: try found.optionalText(row, 8)))
    }
    return promises
  }

  // MARK: - Finished clocks

  /// The key of the group of a row of `m`, as an array.
  ///
  /// The columns are ours; nothing of what a user wrote becomes SQL.
  private static func group(_ dimensions: [Dimension]) -> String {
    let parts = dimensions.map { dimension in
      switch dimension {
      case .process: "m.process"
      case .city: "left(m.region, 6)"
      case .town: "left(m.region, 9)"
      case .community: "left(m.region, 12)"
      case .region: "m.region"
      case .month: "to_char(m.day::timestamp, 'YYYY-MM')"
      case .channel: "m.channel"
      case .entityType: "m.entity_type"
      case .tag: "m.report_tag"
      case .outcome: "m.outcome"
      }
    }
    let columns = ["m.commitment", "to_char(m.version_from::timestamp, 'YYYY-MM-DD')"] + parts
    return "ARRAY[\(columns.joined(separator: ", "))]"
  }

  /// The keys under which a row of `m` is counted: its commitment for the total, and its group.
  static func keys(_ dimensions: [Dimension]) -> String {
    "(VALUES (ARRAY[m.commitment]), (\(group(dimensions)))) AS k (key)"
  }

  /// Groups are numbered, so that the many buckets are added up by a number and not by a key of texts; totals are
  /// added up from groups.
  private static let cellsByKey = """
    WITH cell AS MATERIALIZED (
      SELECT %keys AS key, m.finished, m.on_time, m.late, m.premature, m.early, m.counted_days, m.working_us,
        m.days_sketch, m.working_sketch
      FROM (
        SELECT * FROM bizclock.metric_cell JOIN bizclock.metric_series USING (series)
      ) m
      WHERE m.basis = 'stop' AND m.finished > 0 AND m.day BETWEEN $1 AND $2
    ), grouped AS MATERIALIZED (
      SELECT row_number() OVER () AS id, key, key[1] AS commitment, sum(finished)::bigint AS finished,
        sum(on_time)::bigint AS on_time, sum(late)::bigint AS late, sum(premature)::bigint AS premature,
        sum(early)::bigint AS early, sum(counted_days) AS counted_days, sum(working_us) AS working_us
      FROM cell GROUP BY key
    ), total AS MATERIALIZED (
      SELECT -row_number() OVER () AS id, commitment, sum(finished)::bigint AS finished,
        sum(on_time)::bigint AS on_time, sum(late)::bigint AS late, sum(premature)::bigint AS premature,
        sum(early)::bigint AS early, sum(counted_days) AS counted_days, sum(working_us) AS working_us
      FROM grouped GROUP BY commitment
    ), figures AS (
      SELECT id, key, finished, on_time, late, premature, early, counted_days, working_us FROM grouped
      UNION ALL
      SELECT id, ARRAY[commitment], finished, on_time, late, premature, early, counted_days, working_us FROM total
    ), bucket AS MATERIALIZED (
      SELECT g.id, b.days, b.bucket, sum(b.count) AS count
      FROM cell c JOIN grouped g ON g.key = c.key
      CROSS JOIN LATERAL bizclock.sketch(c.days_sketch, c.working_sketch) b
      GROUP BY g.id, b.days, b.bucket
    ), counted AS (
      SELECT id, days, bucket, count FROM bucket
      UNION ALL
      SELECT t.id, b.days, b.bucket, sum(b.count)
      FROM bucket b JOIN grouped g ON g.id = b.id JOIN total t ON t.commitment = g.commitment
      GROUP BY t.id, b.days, b.bucket
    ), ranked AS (
      SELECT id, days, bucket, sum(count) OVER (PARTITION BY id, days ORDER BY bucket) AS through,
        sum(count) OVER (PARTITION BY id, days) AS n
      FROM counted
    ), quantile AS (
      SELECT id,
        bizclock.bucket_value(min(bucket) FILTER (WHERE days AND through * 2 >= n)) AS days50,
        bizclock.bucket_value(min(bucket) FILTER (WHERE days AND through * 10 >= n * 9)) AS days90,
        bizclock.bucket_value(min(bucket) FILTER (WHERE NOT days AND through * 2 >= n)) AS us50,
        bizclock.bucket_value(min(bucket) FILTER (WHERE NOT days AND through * 10 >= n * 9)) AS us90
      FROM ranked GROUP BY id
    )
    SELECT f.key, f.finished, f.on_time, f.late, f.premature, f.early, (f.counted_days / f.finished::float8)::float8,
      q.days50, q.days90, (f.working_us / (f.finished * 3.6e9::float8))::float8, q.us50, q.us90
    FROM figures f LEFT JOIN quantile q ON q.id = f.id
    """

  /// What was believed of each clock at $3: rows whose verdict was recorded by then, and former beliefs that held.
  private static let beliefsByKey = """
    WITH belief AS (
      SELECT c.commitment, c.version_from, c.stopped_day AS day, c.verdict, c.early, c.counted_days, c.working_us,
        coalesce(f.process, '') AS process, coalesce(f.region, '') AS region, coalesce(f.channel, '') AS channel,
        coalesce(f.entity_type, '') AS entity_type, coalesce(f.report_tag, '') AS report_tag,
        coalesce(c.outcome, '') AS outcome
      FROM bizclock.clock c LEFT JOIN bizclock.case_file f ON f.case_id = c.case_id
      WHERE c.verdict IS NOT NULL AND c.stopped_day BETWEEN $1 AND $2 AND c.verdict_recorded_at <= $3
      UNION ALL
      SELECT h.commitment, h.version_from, h.stopped_day, h.verdict, h.early, h.counted_days, h.working_us,
        h.process, h.region, h.channel, h.entity_type, h.report_tag, coalesce(h.outcome, '')
      FROM bizclock.verdict_history h
      WHERE h.verdict IS NOT NULL AND h.stopped_day BETWEEN $1 AND $2 AND h.known_from <= $3 AND h.known_until > $3
    )
    SELECT k.key, count(*), count(*) FILTER (WHERE m.verdict = 'on_time'), count(*) FILTER (WHERE m.verdict = 'late'),
      count(*) FILTER (WHERE m.verdict = 'premature'), count(*) FILTER (WHERE m.early),
      (sum(m.counted_days) / count(*)::float8)::float8,
      bizclock.bucket_value(percentile_disc(0.5) WITHIN GROUP (ORDER BY bizclock.bucket_of(m.counted_days))),
      bizclock.bucket_value(percentile_disc(0.9) WITHIN GROUP (ORDER BY bizclock.bucket_of(m.counted_days))),
      (sum(m.working_us) / (count(*) * 3.6e9::float8))::float8,
      bizclock.bucket_value(percentile_disc(0.5) WITHIN GROUP (ORDER BY bizclock.bucket_of(m.working_us))),
      bizclock.bucket_value(percentile_disc(0.9) WITHIN GROUP (ORDER BY bizclock.bucket_of(m.working_us)))
    FROM belief m CROSS JOIN LATERAL %keys
    GROUP BY k.key
    """

  private static func finished(
    _ question: Question, _ session: inout Session
  ) throws(PostgresError) -> [[Identifier]: Row] {
    var parameters: [Parameter] = [.date(question.from.dayNumber), .date(question.to.dayNumber)]
    if let past = question.past { parameters.append(.timestamptz(past.known.at.microseconds)) }
    let sql =
      question.past == nil
      ? filled(cellsByKey, group(question.dimensions)) : filled(beliefsByKey, keys(question.dimensions))
    let found = try session.execute(sql, parameters)
    var rows: [[Identifier]: Row] = [:]
    for index in 0..<found.rowCount {
      let key = try key(found, index)
      var row = row(key)
      row.figures.finished = try found.int8(index, 1)
      row.figures.onTime = try found.int8(index, 2)
      row.figures.late = try found.int8(index, 3)
      row.figures.premature = try found.int8(index, 4)
      row.figures.early = try found.int8(index, 5)
      row.figures.meanCountedDays = try found.optionalFloat8(index, 6)
      row.figures.medianCountedDays = try found.optionalInt8(index, 7)
      row.figures.p90CountedDays = try found.optionalInt8(index, 8)
      row.figures.meanWorkingHours = try found.optionalFloat8(index, 9)
      row.figures.medianWorkingHours = try found.optionalInt8(index, 10).map { Double($0) / 3.6e9 }
      row.figures.p90WorkingHours = try found.optionalInt8(index, 11).map { Double($0) / 3.6e9 }
      rows[key] = row
    }
    return rows
  }

  static func filled(_ sql: String, _ keys: String) -> String {
    sql.split(separator: "%keys", maxSplits: 1).joined(separator: keys)
  }

  /// A row's key by its bytes, as the database groups: Swift takes canonically equivalent spellings for one.
  static func key(_ found: QueryResult, _ row: Int) throws(PostgresError) -> [Identifier] {
    (try found.optionalTextArray(row, 0) ?? []).map { Identifier($0 ?? "") }
  }

  static func row(_ key: [Identifier]) -> Row {
    Row(
      commitment: key.first?.text ?? "", versionFrom: key.count > 1 ? CivilDate(key[1].text) : nil,
      values: key.dropFirst(2).map(\.text))
  }

  // MARK: - Regions

  private var regionCodes: [String] {
    let columns = question.dimensions.indices.filter { question.dimensions[$0].isRegion }
    return Array(Set(rows.flatMap { row in row.isTotal ? [] : columns.map { row.values[$0] } })).filter {
      !$0.isEmpty
    }
  }

  /// Names of regions by code, as far as they are known.
  static func names(
    _ codes: [String], _ session: inout Session
  ) throws(PostgresError) -> [String: RegionName] {
    guard !codes.isEmpty else { return [:] }
    let found = try session.execute(
      "SELECT code, name, name_en FROM bizclock.region WHERE code = ANY($1::text[])", [.textArray(codes)])
    var names: [String: RegionName] = [:]
    for row in 0..<found.rowCount {
      names[try found.text(row, 0)] = RegionName(
        name: try found.text(row, 1), nameEN: try found.optionalText(row, 2))
    }
    return names
  }

  private static func names(_ codes: [String], _ rulebook: Rulebook?) -> [String: RegionName] {
    var names: [String: RegionName] = [:]
    for region in rulebook?.policy.regions ?? [] where codes.contains(region.code) {
      names[region.code] = RegionName(name: region.name, nameEN: region.nameEN)
    }
    return names
  }

  // MARK: - Order

  /// Puts rows in order: commitments as in the policy, those it no longer has last; versions by date; values by
  /// their bytes in the order of the dimensions, the unknown last; a total after its groups.
  private mutating func arrange() {
    var ordinals: [String: Int32] = [:]
    for promise in promises { ordinals[promise.commitment] = promise.ordinal }
    for index in rows.indices { rows[index].compression = compression(rows[index]) }
    rows.sort { a, b in
      if a.commitment != b.commitment {
        let (left, right) = (ordinals[a.commitment] ?? .max, ordinals[b.commitment] ?? .max)
        return left != right ? left < right : Identifier(a.commitment) < Identifier(b.commitment)
      }
      guard let from = a.versionFrom else { return false }
      guard let other = b.versionFrom else { return true }
      if from != other { return from < other }
      for (left, right) in zip(a.values, b.values) where Identifier(left) != Identifier(right) {
        if left.isEmpty || right.isEmpty { return right.isEmpty }
        return Identifier(left) < Identifier(right)
      }
      return false
    }
  }

  private func compression(_ row: Row) -> Double? {
    guard row.isTotal else { return promise(of: row)?.compression }
    let versions = Set(
      rows.filter { $0.commitment == row.commitment && !$0.isTotal && $0.figures.finished > 0 }
        .compactMap(\.versionFrom))
    let values = Set(
      versions.map { from in
        promises.first { $0.commitment == row.commitment && $0.versionFrom == from }?.compression
      })
    return values.count == 1 ? values.first.flatMap { $0 } : nil
  }
}

extension OnTimeReport {
  /// The moment for which the database's views speak: the setting `bizclock.now` where it is set, else the real time.
  public static func now(_ session: inout Session) throws(PostgresError) -> Instant {
    Instant(microseconds: try session.execute("SELECT dashboard.now()").timestamptz(0, 0))
  }

  /// When the projections last moved: everything recorded by then is there, and nothing that comes bears an earlier time.
  public static func lastRecorded(_ session: inout Session) throws(PostgresError) -> Instant {
    Instant(microseconds: try session.execute("SELECT recorded_at FROM bizclock.projector").timestamptz(0, 0))
  }
}
