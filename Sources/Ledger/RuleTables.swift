import LibPQ
import ServiceTime

/// Writes what the views must know of the rules in force: the versions of the commitments, the calendars' days and the
/// names of regions.
enum RuleTables {
  static func write(_ rulebook: Rulebook, now: Instant, _ session: inout Session) throws(PostgresError) {
    _ = try session.execute("DELETE FROM bizclock.commitment_version", [])
    _ = try session.execute("DELETE FROM bizclock.calendar_day", [])
    _ = try session.execute("DELETE FROM bizclock.calendar", [])
    _ = try session.execute("DELETE FROM bizclock.region", [])
    try versions(rulebook, &session)
    try regions(rulebook, &session)
    try shares(rulebook, &session)
    let calendars = rulebook.calendars.values.sorted { $0.id < $1.id }
    _ = try session.execute(
      "INSERT INTO bizclock.calendar (id, time_zone) SELECT * FROM unnest($1::text[], $2::text[])",
      [.textArray(calendars.map(\.id)), .textArray(calendars.map(\.zone.name))])
    for calendar in calendars { try days(calendar, now: now, &session) }
  }

  private static func versions(_ rulebook: Rulebook, _ session: inout Session) throws(PostgresError) {
    let copy = """
      COPY bizclock.commitment_version (commitment, version_from, kind, process, calendar, ordinal, limit_text, \
      limit_unit, limit_amount, legal_text, day_end, start_rule, compression, title_en, title_zh, basis) \
      FROM STDIN (FORMAT binary)
      """
    try session.copyIn(copy) { writer throws(PostgresError) in
      for (ordinal, commitment) in rulebook.policy.commitments.enumerated() {
        for version in commitment.versions {
          try writer.row(columns: 16)
          writer.text(commitment.id)
          writer.date(version.from.dayNumber)
          writer.text("time")
          writer.text(commitment.process)
          writer.text(commitment.calendar)
          writer.int4(Int32(clamping: ordinal))
          writer.text(version.limit.description)
          writer.text(version.limit.unit)
          writer.int8(version.limit.amount)
          writer.text(version.legalLimit?.description)
          writer.text(version.dayEnd.rawValue)
          writer.text(version.startRule.rawValue)
          writer.float8(version.compression)
          writer.text(commitment.title["en"])
          writer.text(commitment.title["zh"])
          writer.text(version.basis)
        }
      }
    }
  }

  private static func regions(_ rulebook: Rulebook, _ session: inout Session) throws(PostgresError) {
    try session.copyIn("COPY bizclock.region (code, name, name_en) FROM STDIN (FORMAT binary)") {
      writer throws(PostgresError) in
      for region in rulebook.policy.regions {
        try writer.row(columns: 3)
        writer.text(region.code)
        writer.text(region.name)
        writer.text(region.nameEN)
      }
    }
  }

  /// A share has no versions: it is in force from the first date on.
  private static func shares(_ rulebook: Rulebook, _ session: inout Session) throws(PostgresError) {
    let shares = rulebook.policy.shares
    guard !shares.isEmpty else { return }
    _ = try session.execute(
      """
      INSERT INTO bizclock.commitment_version
        (commitment, version_from, kind, process, calendar, ordinal, title_en, title_zh, target, period)
      SELECT id, '1970-01-01', 'share', process, calendar, ordinal, title_en, title_zh, target::numeric, period
      FROM unnest($1::text[], $2::text[], $3::text[], $4::int4[], $5::text[], $6::text[], $7::text[], $8::text[])
        AS s (id, process, calendar, ordinal, title_en, title_zh, target, period)
      """,
      [
        .textArray(shares.map(\.id)), .textArray(shares.map(\.process)),
        .textArray(rulebook.shareCalendars.map(\.id)),
        .int4Array(shares.indices.map { Int32(clamping: rulebook.policy.commitments.count + $0) }),
        .textArray(shares.map { $0.title["en"] }), .textArray(shares.map { $0.title["zh"] }),
        .textArray(shares.map(\.target.description)), .textArray(shares.map(\.period.rawValue)),
      ])
  }

  private static func days(
    _ calendar: WorkCalendar, now: Instant, _ session: inout Session
  ) throws(PostgresError) {
    let today = calendar.date(of: now)
    let first = min(calendar.publishedFrom ?? today, today, CivilDate(year: 2000, month: 1, day: 1))
    let last = max(calendar.publishedUntil ?? today, today)
    let from = CivilDate(year: first.fields.year, month: 1, day: 1)
    // Ten years on, so that open clocks and views find their days whatever happens to the office in between.
    let through = CivilDate(year: last.fields.year + 10, month: 12, day: 31)
    let copy = """
      COPY bizclock.calendar_day (calendar, date, worked_through, office_before_us, midnight, next_midnight, close_at, \
      worked, published, kind, name, opens, closes) FROM STDIN (FORMAT binary)
      """
    var worked = calendar.workedDays(after: from + -3650, through: from + -1)
    try session.copyIn(copy) { writer throws(PostgresError) in
      var date = from
      while date <= through {
        let facts = calendar.facts(of: date)
        if facts.worked { worked += 1 }
        let midnight = calendar.midnight(date)
        try writer.row(columns: 13)
        writer.text(calendar.id)
        writer.date(date.dayNumber)
        writer.int4(Int32(clamping: worked))
        writer.int8(calendar.officeTime(until: midnight))
        writer.timestamptz(midnight.microseconds)
        writer.timestamptz(calendar.midnight(date + 1).microseconds)
        writer.timestamptz(calendar.close(date).microseconds)
        writer.bool(facts.worked)
        writer.bool(facts.published)
        writer.text(facts.kind.rawValue)
        writer.text(facts.name)
        let hours = facts.worked ? calendar.officeSpans(of: date) : []
        writer.timestamptzArray(hours.map(\.open.microseconds))
        writer.timestamptzArray(hours.map(\.close.microseconds))
        date = date + 1
      }
    }
  }
}

extension Limit {
  /// Days, or microseconds of office time.
  var amount: Int64 {
    switch self {
    case .workingDays(let days), .calendarDays(let days): Int64(days)
    case .workingHours(let time): time
    }
  }
}

extension CommitmentVersion {
  /// 承诺时限压缩率: (legal − promised) / legal, where both are in one unit.
  var compression: Double? {
    guard let legalLimit, legalLimit.unit == rules.limit.unit, legalLimit.amount > 0 else { return nil }
    return Double(legalLimit.amount - rules.limit.amount) / Double(legalLimit.amount)
  }
}
