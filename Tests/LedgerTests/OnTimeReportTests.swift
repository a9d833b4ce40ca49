import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// The report says what the clocks say, reckoned here once more from the clocks alone.
@Suite struct OnTimeReportTests {
  private static let now = "2026-05-20 10:00+08"

  /// Two loads, the second of them late and in another order, so that verdicts were restated; some never finish.
  private func load(
    _ ledger: TestLedger, between: @Sendable () async throws -> Void = {}
  ) async throws {
    let events = try OrderTests.simulated(cases: 250).filter { event in
      event.occurredAt < local("2026-05-20 10:00")
        && !(event.caseID.text.hasSuffix("5") && ["completed", "step_completed"].contains(event.type))
    }
    let late = events.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
    let first = events.enumerated().filter { $0.offset % 3 != 0 }.map(\.element)
    let leader = try await ledger.leader { $0.batch = 500 }
    try await ledger.tell(leader, first, at: local("2026-05-20 09:00"))
    try await between()
    try await ledger.tell(leader, late.reversed(), at: local("2026-05-20 10:00"))
    try await ledger.execute("SELECT set_config('bizclock.now', '\(OnTimeReportTests.now)', false)")
  }

  private func read(_ ledger: TestLedger, _ question: OnTimeReport.Question) async throws -> OnTimeReport {
    try await ledger.connection.run { try OnTimeReport.read(question, on: &$0) }
  }

  private func question(
    _ from: String, _ to: String, _ dimensions: [OnTimeReport.Dimension] = []
  ) throws -> OnTimeReport.Question {
    OnTimeReport.Question(
      from: try #require(CivilDate(from)), to: try #require(CivilDate(to)), dimensions: dimensions)
  }

  /// The report as it was known at a moment, by the rules of the ledger.
  private func read(
    _ ledger: TestLedger, _ question: OnTimeReport.Question, knownAt moment: Instant
  ) async throws -> OnTimeReport {
    try await ledger.connection.run { session in
      var question = question
      question.past = OnTimeReport.Past(
        known: try KnownThen.read(at: moment, &session), rulebook: ledger.rulebook)
      return try OnTimeReport.read(question, on: &session)
    }
  }

  /// A row as a line: key, counts, and figures rounded.
  private func line(_ row: OnTimeReport.Row) -> String {
    let f = row.figures
    func number(_ value: Double?) -> String { value.map { "\(($0 * 1_000).rounded() / 1_000)" } ?? "null" }
    var parts = [row.commitment, row.versionFrom?.description ?? "total"] + row.values
    for count in [f.finished, f.onTime, f.late, f.premature, f.early] { parts.append("\(count)") }
    for share in [f.onTimeRate, f.earlyRate, f.meanCountedDays] { parts.append(number(share)) }
    for days in [f.medianCountedDays, f.p90CountedDays] { parts.append(days.map { "\($0)" } ?? "null") }
    parts.append(number(f.meanWorkingHours))
    return parts.joined(separator: "|")
  }

  /// The same of clocks, by a query over a table or view `c` of finished clocks with the view's columns.
  private func fromClocks(
    _ ledger: TestLedger, _ table: String, _ from: String, _ to: String, _ keys: [String]
  ) async throws -> [String] {
    func query(_ key: String, _ group: String) -> String {
      """
      SELECT concat_ws('|', \(key), count(*), count(*) FILTER (WHERE verdict = 'on_time'),
        count(*) FILTER (WHERE verdict = 'late'), count(*) FILTER (WHERE verdict = 'premature'),
        count(*) FILTER (WHERE early), count(*) FILTER (WHERE verdict = 'on_time')::float8 / count(*),
        count(*) FILTER (WHERE early)::float8 / count(*), avg(counted_days)::float8,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY counted_days),
        percentile_disc(0.9) WITHIN GROUP (ORDER BY counted_days), avg(working_seconds)::float8 / 3600)
      FROM \(table) c WHERE verdict IS NOT NULL AND stopped_day BETWEEN '\(from)' AND '\(to)' GROUP BY \(group)
      """
    }
    let columns = ["commitment", "version_from"] + keys
    let key = columns.map { "coalesce((\($0))::text, '')" }.joined(separator: ", ")
    return try await ledger.column(query(key, columns.joined(separator: ", ")))
      + ledger.column(query("commitment, 'total'", "commitment"))
  }

  /// Figures rounded alike: those of the database come as text in full.
  private func rounded(_ line: String) -> String {
    line.split(separator: "|", omittingEmptySubsequences: false).map { part in
      part.contains(".") ? Double(part).map { "\(($0 * 1_000).rounded() / 1_000)" } ?? String(part) : String(part)
    }.map { $0.hasSuffix(".0") ? String($0.dropLast(2)) : $0 }.joined(separator: "|")
  }

  private static let groupings: [([OnTimeReport.Dimension], [String])] = [
    ([], []), ([.city], ["left(region, 6)"]), ([.town, .channel], ["left(region, 9)", "channel"]),
    ([.community], ["left(region, 12)"]), ([.region], ["region"]),
    ([.month, .entityType], ["to_char(stopped_day, 'YYYY-MM')", "entity_type"]),
    ([.tag, .outcome, .process], ["report_tag", "outcome", "process"]),
  ]

  @Test(arguments: groupings.indices)
  func saysWhatTheClocksSay(_ index: Int) async throws {
    let (dimensions, keys) = OnTimeReportTests.groupings[index]
    try await TestLedger.with { ledger async throws in
      try await load(ledger)
      // A range that cuts through: clocks stopped on both its ends, and before and after them.
      let range = try await ledger.column(
        """
        SELECT unnest(percentile_disc(ARRAY[0.2, 0.8]) WITHIN GROUP (ORDER BY stopped_day))::text FROM dashboard.clock
        """)
      let (from, to) = (range[0], range[1])
      #expect(from < to)
      let report = try await read(ledger, question(from, to, dimensions))
      let finished = report.rows.filter { $0.figures.finished > 0 }
      #expect(finished.count > 2)
      try await expectRows(
        finished.map { rounded(line($0)) }.sorted(),
        fromClocks(ledger, "dashboard.clock", from, to, keys).map(rounded).sorted())
      for row in report.rows where row.figures.finished == 0 {
        #expect(row.figures.onTimeRate == nil)
        #expect(row.figures.meanCountedDays == nil)
        #expect(row.figures.p90WorkingHours == nil)
      }

      // What is open, whenever it started; by month and outcome it has no place but in the total.
      let placed = dimensions.allSatisfy(\.tellsOpenClocksApart)
      let open = report.rows.filter { ($0.open ?? 0) > 0 }.map { row -> String in
        let key = [row.commitment, row.versionFrom?.description ?? "total"] + row.values
        return (key + ["\(row.open ?? 0)", "\(row.overdue ?? -1)"]).joined(separator: "|")
      }
      func openQuery(_ columns: [String], _ group: String) -> String {
        """
        SELECT concat_ws('|', \(columns.map { "coalesce((\($0))::text, '')" }.joined(separator: ", ")), count(*),
          count(*) FILTER (WHERE due_at < dashboard.now()))
        FROM dashboard.open_clock GROUP BY \(group)
        """
      }
      let columns = ["commitment", "version_from"] + keys
      let groups = placed ? try await ledger.column(openQuery(columns, columns.joined(separator: ", "))) : []
      let totals = try await ledger.column(openQuery(["commitment", "'total'"], "commitment"))
      #expect(totals.count > 1)
      expectRows(open.sorted(), (groups + totals).sorted())
      #expect(report.rows.allSatisfy { $0.isTotal || ($0.open != nil) == placed })
      #expect(report.rows.filter(\.isTotal).allSatisfy { $0.open != nil && $0.overdue != nil })
    }
  }

  /// As it was known before the late data came, whatever has been restated since.
  @Test func asItWasKnown() async throws {
    try await TestLedger.with { ledger async throws in
      let (from, to) = ("2026-01-01", "2026-05-20")
      try await load(ledger) {
        try await ledger.execute("CREATE TABLE public.was AS SELECT * FROM dashboard.clock")
      }
      let restated = try await ledger.column("SELECT count(*)::text FROM bizclock.verdict_history")
      #expect(restated != ["0"])
      let then = try await read(ledger, question(from, to, [.town]), knownAt: local("2026-05-20 09:59"))
      try await expectRows(
        then.rows.filter { $0.figures.finished > 0 }.map { rounded(line($0)) }.sorted(),
        fromClocks(ledger, "public.was", from, to, ["left(region, 9)"]).map(rounded).sorted())
      let open = try await ledger.column(
        """
        SELECT concat_ws(' ', commitment, count(*), count(*) FILTER (WHERE due_at < '2026-05-20 09:59+08'))
        FROM public.was WHERE state IN ('running', 'paused') GROUP BY commitment ORDER BY commitment
        """)
      #expect(open.count > 1)
      expectRows(
        then.rows.filter { $0.isTotal && ($0.open ?? 0) > 0 }
          .map { "\($0.commitment) \($0.open ?? 0) \($0.overdue ?? -1)" }.sorted(), open)
      #expect(then.standing.asOf == local("2026-05-20 09:59"))
      #expect(then.standing.policy == 1)

      // Asked for as of the moment that it names, it is the report as it stands, to the last figure.
      let standing = try await read(ledger, question(from, to, [.town]))
      let again = try await read(ledger, question(from, to, [.town]), knownAt: standing.standing.asOf)
      expectRows(again.rows.map { "\($0)" }, standing.rows.map { "\($0)" })
      #expect(standing.rows.map { line($0) } != then.rows.map { line($0) })
      let before = try await read(ledger, question(from, to), knownAt: local("2026-05-20 08:59"))
      #expect(before.rows.isEmpty)
    }
  }

  /// What is in the ledger and not projected yet is told, and the report does not claim to know it.
  @Test func behindTheLedger() async throws {
    try await TestLedger.with { ledger async throws in
      try await load(ledger)
      try await ledger.append(
        [.told("late", "accepted", "2026-05-20 08:00")], receivedAt: local("2026-05-20 10:30"))
      try await ledger.execute("SELECT set_config('bizclock.now', '2026-05-20 11:00+08', false)")
      let behind = try await read(ledger, question("2026-05-01", "2026-05-20"))
      #expect(behind.standing.behind == 1)
      #expect(behind.standing.asOf < local("2026-05-20 10:30"))
      try await ledger.catchUp(ledger.leader(), now: local("2026-05-20 10:45"))
      let caughtUp = try await read(ledger, question("2026-05-01", "2026-05-20"))
      #expect(caughtUp.standing.behind == 0)
      // Not now: what is recorded meanwhile bears a time between the two.
      let recorded = local("2026-05-20 10:45")
      #expect(caughtUp.standing.asOf >= recorded && caughtUp.standing.asOf < recorded + 1_000)
    }
  }

  /// Commitments in the policy's order, a total after its groups, the unknown last; compression of the version.
  @Test func orderAndCompression() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      func opening(_ id: String, _ from: String, _ to: String, _ channel: String?) -> [Event] {
        [.told(id, "accepted", from) { $0.channel = channel }, .told(id, "completed", to)]
      }
      try await ledger.tell(
        leader,
        opening("a", "2018-12-03 10:00", "2019-01-02 10:00", "window")
          + opening("b", "2019-01-02 10:00", "2019-01-03 10:00", nil)
          + opening("c", "2019-01-02 10:00", "2019-01-03 10:00", "online"))
      let report = try await read(ledger, question("2019-01-01", "2019-01-31", [.channel]))
      expectRows(
        report.rows.map { row -> String in
          let key = [row.commitment, row.versionFrom?.description ?? "total"] + row.values
          return (key + ["\(row.compression ?? -1)"]).joined(separator: " ")
        },
        [
          "opening 2018-01-01 window -1.0", "opening 2019-01-01 online 0.6", "opening 2019-01-01  0.6",
          "opening total -1.0", "one_day 2019-01-01 online -1.0", "one_day 2019-01-01  -1.0", "one_day total -1.0",
        ])
      let newer = try await read(ledger, question("2019-01-03", "2019-01-31"))
      #expect(newer.rows.last { $0.commitment == "opening" }?.compression == 0.6)
    }
  }
}
