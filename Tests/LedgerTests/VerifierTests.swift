import ServiceTime
import Synchronization
import Testing

@testable import Ledger

/// Guarantee 10: whatever is changed behind the ledger's back is found, and named.
@Suite struct VerifierTests {
  struct Tampering: Sendable, CustomTestStringConvertible {
    var statement: String
    var subject: String
    var row: String
    var what: String
    var testDescription: String { statement }
    init(_ statement: String, _ subject: String, _ row: String, _ what: String) {
      self.statement = statement
      self.subject = subject
      self.row = row
      self.what = what
    }
  }

  /// K1 finished late, K2 is open, of K3 only the submission is known.
  static let events: [Event] = [
    .told("K1", "submitted", "2026-06-01 08:40") { $0.region = "469005100" },
    .told("K1", "accepted", "2026-06-01 09:00"),
    .told("K1", "correction_requested", "2026-06-01 10:00"), .told("K1", "correction_received", "2026-06-01 11:00"),
    .told("K1", "completed", "2026-06-05 10:00"), .told("K2", "accepted", "2026-06-04 09:00"),
    .told("K3", "submitted", "2026-06-01 08:50"),
  ]

  private static let cell = "stop 2026-06-05 opening 469005100"
  private static let opening = "commitment = 'opening'"
  private static let openingCell =
    "series IN (SELECT series FROM bizclock.metric_series WHERE \(opening) AND basis = 'stop')"
  private static let k1 = "case_id = 'K1' AND commitment = 'opening'"
  private static let k2 = "case_id = 'K2' AND commitment = 'opening'"

  static let tamperings: [Tampering] = clocks + others

  /// Each column that follows from the ledger, set to something else.
  private static let clocks: [Tampering] =
    [
      ("version_from = '2018-01-01'", "version_from"), ("started_at = started_at - interval '1 s'", "started_at"),
      ("started_received_at = now()", "started_received_at"), ("due_at = due_at + interval '1 us'", "due_at"),
      ("due_at = NULL", "due_at"), ("stopped_at = stopped_at + interval '1 us'", "stopped_at"),
      ("mark_at = mark_at + interval '1 us'", "mark_at"), ("working_us = working_us + 1", "measures"),
      ("elapsed_us = 0", "measures"), ("paused_us = 0", "measures"), ("overrun_us = NULL", "overrun"),
      ("mark_office_us = 0", "mark_office"), ("due_day = due_day + 1", "due_day"),
      ("stopped_day = stopped_day + 1", "stopped_day"), ("mark_day = mark_day + 1", "mark_day"),
      ("counted_days = counted_days + 1", "measures"), ("overrun_days = 0", "overrun"),
      ("extended_days = 1", "extended_days"), ("provisional = true", "provisional"),
      ("breached = true", "breached"), ("early = true", "early"), ("history = true", "history"),
      ("state = 'cancelled'", "state"), ("verdict = 'on_time'", "verdict"), ("outcome = 'rejected'", "outcome"),
      ("calendar = 'other'", "calendar"), ("level_name[1] = 'green'", "levels"),
      ("level_priority[1] = 'debug'", "levels"), ("level_revision[1] = 2", "levels"),
      ("level_at[1] = level_at[1] - interval '1 us'", "levels"),
      ("level_due_at[1] = level_due_at[1] - interval '1 us'", "levels"), ("pause_kind[1] = 'suspended'", "pauses"),
      ("pause_from[1] = pause_from[1] - interval '1 us'", "pauses"), ("pause_to[1] = NULL", "pauses"),
      ("verdict_recorded_at = NULL", "does not know since when its verdict is known"),
    ].map { change, field in
      Tampering("UPDATE bizclock.clock SET \(change) WHERE \(k1)", "K1", "clock opening/1", field)
    }

  private static let others: [Tampering] = [
    Tampering("DELETE FROM bizclock.clock WHERE \(k1)", "K1", "clock opening/1", "is missing"),
    Tampering("UPDATE bizclock.clock SET round = 2 WHERE \(k1)", "K1", "clock opening/2", "should not be there"),
    Tampering(
      "INSERT INTO bizclock.clock SELECT (jsonb_populate_record(c, '{\"case_id\": \"K9\"}')).* FROM bizclock.clock c "
        + "WHERE \(k1)", "K9", "clock opening/1", "the ledger has no event of the case"),
    Tampering(
      "UPDATE bizclock.clock SET next_level_at = NULL WHERE \(k2)", "K2", "alert opening/1/red/1",
      "will be missing: its clock does not wait for 2026-06-08T09:30:00Z"),
    Tampering("DELETE FROM bizclock.case_file WHERE case_id = 'K3'", "K3", "case", "is missing"),
    Tampering(
      "INSERT INTO bizclock.case_file (case_id, events, may_be_individual) VALUES ('K9', 1, false)", "K9", "case",
      "the ledger has no event of the case"),
    Tampering(
      "INSERT INTO bizclock.case_file (case_id, events, may_be_individual) VALUES ('A1', 1, false)", "A1", "case",
      "the ledger has no event of the case"),
    Tampering(
      "INSERT INTO bizclock.case_file (case_id, events, may_be_individual) VALUES ('K1a', 1, false)", "K1a", "case",
      "the ledger has no event of the case"),
    Tampering("UPDATE bizclock.case_file SET region = '46' WHERE case_id = 'K1'", "K1", "case", "other attributes"),
    Tampering("UPDATE bizclock.case_file SET tags = '{a}' WHERE case_id = 'K3'", "K3", "case", "other attributes"),
    Tampering("UPDATE bizclock.case_file SET events = 9 WHERE case_id = 'K3'", "K3", "case", "other attributes"),
    Tampering(
      "UPDATE bizclock.metric_cell SET late = 0 WHERE \(openingCell)", "metric_cell", cell,
      "has other counts than the clocks"),
    Tampering(
      "UPDATE bizclock.metric_cell SET overrun_us = 0 WHERE \(openingCell)", "metric_cell", cell,
      "has other counts than the clocks"),
    Tampering(
      "DELETE FROM bizclock.metric_cell WHERE \(openingCell)", "metric_cell", cell, "is missing"),
    Tampering(
      """
      WITH made AS (
        INSERT INTO bizclock.metric_series (version_from, basis, process, commitment, region, channel, entity_type,
          report_tag, outcome)
        SELECT version_from, basis, process, commitment, '46', channel, entity_type, report_tag, outcome
        FROM bizclock.metric_series WHERE \(opening) AND basis = 'stop' AND region = '469005100'
        ON CONFLICT DO NOTHING RETURNING series
      )
      UPDATE bizclock.metric_cell SET series = coalesce((SELECT max(series) FROM made),
        (SELECT max(series) FROM bizclock.metric_series WHERE \(opening) AND basis = 'stop' AND region = '46'))
      WHERE \(openingCell)
      """, "metric_cell", "stop 2026-06-05 opening 46", "should not be there"),
    Tampering(
      "UPDATE bizclock.metric_cell SET series = -1 WHERE \(openingCell)", "metric_cell",
      "2026-06-05, of a series that is not known (-1)", "should not be there"),
    Tampering(
      "UPDATE bizclock.metric_cell SET working_sketch[1] = working_sketch[1] + 1", "metric_cell", cell,
      "has other counts than the clocks"),
    Tampering(
      "UPDATE bizclock.metric_cell SET days_sketch[1] = days_sketch[1] + (1::bigint << 32)", "metric_cell", cell,
      "has other counts than the clocks"),
    Tampering(
      "UPDATE bizclock.metric_cell SET days_sketch = NULL", "metric_cell", cell, "has other counts than the clocks"),
    Tampering(
      "DELETE FROM bizclock.alert WHERE \(k1) AND level = 'red'", "K1", "alert opening/1/red/1",
      "is missing; the level was reached at 2026-06-03T09:30:00Z"),
    Tampering(
      "UPDATE bizclock.alert SET withdrawn_at = now() WHERE \(k2)", "K2", "alert opening/1/yellow/1", "is missing"),
    Tampering(
      "UPDATE bizclock.alert SET level_at = due_at WHERE \(k1) AND level = 'yellow'", "K1",
      "alert opening/1/yellow/1",
      "stands for 2026-06-03T09:30:00Z"),
    Tampering(
      "UPDATE bizclock.alert SET due_at = level_at WHERE \(k1) AND level = 'yellow'", "K1",
      "alert opening/1/yellow/1",
      "names 2026-06-02T09:30:00Z as due"),
    Tampering(
      "UPDATE bizclock.alert SET priority = 'debug' WHERE \(k1) AND level = 'red'", "K1", "alert opening/1/red/1",
      "is debug"),
    Tampering(
      "UPDATE bizclock.alert SET notify = 'city' WHERE \(k1) AND level = 'red'", "K1", "alert opening/1/red/1",
      "is for city, the policy says nobody"),
    Tampering(
      "UPDATE bizclock.alert SET resolved_at = NULL WHERE \(k1) AND level = 'red'", "K1", "alert opening/1/red/1",
      "resolved at another time"),
    Tampering(
      "UPDATE bizclock.alert SET revision = 2 WHERE \(k1) AND level = 'red'", "K1", "alert opening/1/red/2",
      "the level was never reached"),
    Tampering(
      "INSERT INTO bizclock.alert (case_id, commitment, round, level, revision, due_at, level_at, recorded_at, "
        + "retrospective, priority) VALUES ('K9', 'opening', 1, 'red', 1, now(), now(), now(), false, 'error')",
      "K9", "alert opening/1/red/1", "the ledger has no event of the case"),
    Tampering(
      "UPDATE bizclock.event SET occurred_at = occurred_at + interval '1 day' WHERE type = 'completed'", "K1",
      "clock opening/1", "stopped_at is 2026-06-05T02:00:00Z, folded again it is 2026-06-06T02:00:00Z"),
  ]

  /// One database for all: each is undone before the next.
  @Test func everyTamperingIsFound() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, VerifierTests.events, at: local("2026-06-05 18:00"))
      let clean = try await ledger.verify()
      #expect(clean.differenceCount == 0, "\(clean.differences)")
      #expect([clean.events, clean.cases, clean.clocks, clean.cells, clean.alerts] == [7, 3, 4, 4, 7])
      #expect(clean.differing.isEmpty)
      for tampering in VerifierTests.tamperings {
        let report = try await found(tampering, ledger)
        let named = report.differences.contains { difference in
          difference.subject == tampering.subject && difference.row == tampering.row
            && difference.what.contains(tampering.what)
        }
        #expect(named, "\(tampering): \(report.differences)")
        #expect(report.differenceCount == report.differences.count)
        if tampering.subject != "metric_cell" { #expect(report.differing.contains(tampering.subject)) }
      }
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// What has not been projected yet, and levels that nobody has raised yet, are no difference.
  @Test func whatIsStillToComeIsNone() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.append(VerifierTests.events, receivedAt: local("2026-06-01 12:00"))
      var leader = try await ledger.leader()
      for through: Int64 in [2, 4, 6, 7] {
        #expect(try await ledger.verify().differenceCount == 0)
        // Without memory, so that cases are read back: up to the position and no further.
        leader = try await ledger.leader { $0.batch = 2 }
        try await project(ledger, leader, at: "2026-06-01 12:00")
        #expect(leader.term.position == through)
      }
      #expect(try await ledger.verify().events == 7)
      // Some days later a case of no consequence comes, before the levels of the others are raised.
      try await ledger.append([.told("K4", "submitted", "2026-06-01 09:00")])
      try await project(ledger, leader, at: "2026-06-20 12:00")
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  private func project(_ ledger: TestLedger, _ projector: Projector, at now: String) async throws {
    try await ledger.connection.run { _ = try projector.projectNext(&$0, now: local(now)) }
  }

  private func found(_ tampering: Tampering, _ ledger: TestLedger) async throws -> Verifier.Report {
    try await ledger.connection.run { session in
      defer { session.rollbackQuietly() }
      try session.begin()
      #expect(try session.execute(tampering.statement).affectedRows > 0, "\(tampering)")
      return try Verifier.compareAll(ledger.rulebook, &session)
    }
  }

  /// Two connections, each with a part of the cases, find what one finds; each event is told as folded once.
  @Test func twoConnectionsFindTheSame() async throws {
    let events = try OrderTests.simulated(cases: 300)
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, events)
      try await ledger.execute(
        "UPDATE bizclock.clock SET counted_days = counted_days + 1 WHERE hashtext(case_id) % 7 = 0")
      try await ledger.execute("DELETE FROM bizclock.alert WHERE hashtext(case_id) % 11 = 0")
      try await ledger.execute("UPDATE bizclock.metric_cell SET finished = finished + 1 WHERE series % 5 = 0")
      try await ledger.execute("UPDATE bizclock.share_cell SET counted = counted + 1")
      // Of no event: at either end, and between all others, also where the ledger is cut.
      try await ledger.execute(
        "INSERT INTO bizclock.case_file (case_id, events, may_be_individual) "
          + "SELECT case_id || '-', 1, false FROM bizclock.case_file "
          + "UNION ALL VALUES ('', 1, false), ('!', 1, false), ('~', 1, false)")
      let one = try await ledger.verify()
      let other = try await ledger.connect()
      let told = Mutex(0)
      let base = try #require(try await ledger.connection.run { try Rules.inForce(&$0) })
      let two = try await Verifier.verify(
        ledger.rulebook, over: base, on: ledger.connection, and: other
      ) { events, all in
        told.withLock { $0 = max($0, events) }
        #expect(all >= events)
      }
      await other.close()
      func lines(_ report: Verifier.Report) -> [String] {
        report.differences.map { "\($0.subject) \($0.row) \($0.what)" }.sorted()
      }
      #expect(one.differenceCount > 20 && one.differenceCount < 1_000)
      #expect(lines(two) == lines(one))
      #expect(two.differenceCount == one.differenceCount && two.differing == one.differing)
      #expect(two.events == events.count && one.events == events.count && told.withLock { $0 } == events.count)
      #expect(two.clocks == one.clocks && two.alerts == one.alerts && two.cells == one.cells)
    }
  }
}
