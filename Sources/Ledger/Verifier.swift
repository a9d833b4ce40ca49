import LibPQ
import ServiceTime

/// A place where a projection is not what ledger, policy and calendar make of it.
public struct Difference: Sendable, Equatable {
  /// The case, or the cell.
  public var subject: String
  /// Which row of it, e.g. `clock opening/1`.
  public var row: String
  /// What is wrong, in words.
  public var what: String
}

/// Folds the whole ledger again and compares every projection with that.
public enum Verifier {
  /// What was compared, and what differed.
  public struct Report: Sendable {
    /// Events folded.
    public var events = 0
    /// Cases folded.
    public var cases = 0
    /// Clocks compared.
    public var clocks = 0
    /// Metric cells compared.
    public var cells = 0
    /// Alerts compared.
    public var alerts = 0
    /// The first differences.
    public var differences: [Difference] = []
    /// How many there are in all.
    public var differenceCount = 0
    /// Cases that differ, for `rebuild`.
    public var differing: Set<String> = []

    mutating func add(_ subject: String, _ row: String, _ what: String, caseID: String? = nil) {
      differenceCount += 1
      if let caseID { differing.insert(caseID) }
      if differences.count < 1_000 { differences.append(Difference(subject: subject, row: row, what: what)) }
    }
  }

  /// Compares, in one snapshot, while ingest goes on.
  public static func verify(_ rulebook: Rulebook, on session: inout Session) throws(PostgresError) -> Report {
    defer { session.rollbackQuietly() }
    try session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    let row = try session.execute("SELECT position, recorded_at FROM bizclock.projector")
    let position = try row.int8(0, 0)
    let recordedAt = Instant(microseconds: try row.timestamptz(0, 1))
    var report = Report()
    var metrics = MetricDelta()
    var pages = CasePages(through: position)
    var seen = 0
    while let page = try pages.next(&session) {
      let ids = page.map(\.0)
      let before = try CaseReader.before(ids, &session)
      let alerts = try CaseReader.alerts(ids, &session)
      for (caseID, events) in page {
        report.events += events.count
        report.cases += 1
        var folded = CachedCase.folded(caseID, events, rulebook)
        let after = folded.after(caseID, rulebook, asOf: recordedAt)
        for clock in after.clocks { metrics.add(clock, after.row.dimensions, times: 1) }
        let there = before[caseID] ?? CaseBefore()
        if there.row != nil { seen += 1 }
        compare(after, there, &report)
        compareAlerts(after, there, alerts[caseID] ?? [:], &report)
      }
    }
    let rows = try session.execute("SELECT count(*) FROM bizclock.case_file")
    if try rows.int8(0, 0) != Int64(seen) {
      report.add("case_file", "", "\(try rows.int8(0, 0)) rows, \(seen) cases in the ledger have one")
    }
    try compareCells(metrics.changed, &report, &session)
    return report
  }

  private static func compare(_ after: CaseAfter, _ there: CaseBefore, _ report: inout Report) {
    let id = after.row.caseID.text
    if there.row == nil {
      report.add(id, "case", "is missing", caseID: id)
    } else if there.row != after.row {
      report.add(id, "case", "has other attributes than its events tell", caseID: id)
    }
    var left = there.clocks
    for clock in after.clocks {
      report.clocks += 1
      let name = "clock \(clock.key.commitment)/\(clock.key.round)"
      guard let row = left.removeValue(forKey: clock.key) else {
        report.add(id, name, "is missing", caseID: id)
        continue
      }
      if row.derivesTheSame(as: clock) { continue }
      for (field, found, expected) in row.fields(against: clock) {
        report.add(id, name, "\(field) is \(found), folded again it is \(expected)", caseID: id)
      }
    }
    for key in left.keys.sorted() {
      report.add(id, "clock \(key.commitment)/\(key.round)", "should not be there", caseID: id)
    }
  }

  /// Every level before the one that a clock waits for has its alert; no other alert stands.
  private static func compareAlerts(
    _ after: CaseAfter, _ there: CaseBefore, _ alerts: [AlertRow.Key: AlertRow], _ report: inout Report
  ) {
    let id = after.row.caseID.text
    var left = alerts.filter { !$0.value.withdrawn }
    for clock in after.clocks {
      let waitsFor = there.clocks[clock.key]?.nextLevelAt
      for reach in clock.levels {
        let key = AlertRow.Key(
          caseID: clock.caseID, clock: clock.key, level: reach.level, revision: Int32(clamping: reach.revision))
        let name = "alert \(clock.key.commitment)/\(clock.key.round)/\(reach.level)/\(reach.revision)"
        if let alert = left.removeValue(forKey: key) {
          report.alerts += 1
          if alert.levelAt != reach.at || alert.dueAt != reach.dueAt {
            report.add(id, name, "stands for \(alert.levelAt), it was reached at \(reach.at)", caseID: id)
          }
          let ended = clock.state == .stopped || clock.state == .cancelled ? clock.stoppedAt : nil
          if alert.resolvedAt != ended {
            report.add(id, name, "is resolved at another time than its clock ended", caseID: id)
          }
        } else if waitsFor.map({ reach.at < $0 }) ?? true {
          report.add(id, name, "is missing; the level was reached at \(reach.at)", caseID: id)
        }
      }
    }
    for key in left.keys {
      report.add(
        id, "alert \(key.clock.commitment)/\(key.clock.round)/\(key.level)/\(key.revision)",
        "stands, but the level was never reached", caseID: id)
    }
  }

  private static func compareCells(
    _ expected: [CellKey: CellSums], _ report: inout Report, _ session: inout Session
  ) throws(PostgresError) {
    let found = try MetricReader.cells(&session)
    report.cells = found.count
    for (key, sums) in expected where found[key] != sums {
      report.add(
        "metric_cell", "\(key.basis.rawValue) \(key.day) \(key.commitment) \(key.dimensions.region)",
        found[key] == nil ? "is missing" : "has other counts than the clocks")
    }
    for key in found.keys where expected[key] == nil {
      report.add(
        "metric_cell", "\(key.basis.rawValue) \(key.day) \(key.commitment) \(key.dimensions.region)",
        "should not be there")
    }
  }
}

extension ClockRow {
  /// The fields in which two rows differ: name, here, there.
  func fields(against other: ClockRow) -> [(String, String, String)] {
    var differences: [(String, String, String)] = []
    func compare<T: Equatable>(_ name: String, _ a: T, _ b: T) {
      if a != b { differences.append((name, "\(a)", "\(b)")) }
    }
    compare("version_from", versionFrom, other.versionFrom)
    compare("started_at", startedAt, other.startedAt)
    compare("started_received_at", startedReceivedAt, other.startedReceivedAt)
    compare("due_at", dueAt?.description ?? "null", other.dueAt?.description ?? "null")
    compare("stopped_at", stoppedAt?.description ?? "null", other.stoppedAt?.description ?? "null")
    compare("mark_at", markAt, other.markAt)
    compare("measures", measures, other.measures)
    compare("overrun", overrun, other.overrun)
    compare("mark_office", markOffice, other.markOffice)
    compare("due_day", dueDay?.description ?? "null", other.dueDay?.description ?? "null")
    compare("stopped_day", stoppedDay?.description ?? "null", other.stoppedDay?.description ?? "null")
    compare("mark_day", markDay, other.markDay)
    compare("extended_days", extendedDays, other.extendedDays)
    compare("provisional", provisional, other.provisional)
    compare("breached", breached, other.breached)
    compare("early", early, other.early)
    compare("history", history, other.history)
    compare("state", state.rawValue, other.state.rawValue)
    compare("verdict", verdict?.rawValue ?? "null", other.verdict?.rawValue ?? "null")
    compare("outcome", outcome ?? "null", other.outcome ?? "null")
    compare("calendar", calendar, other.calendar)
    compare("levels", levels, other.levels)
    compare("pauses", pauses, other.pauses)
    return differences
  }
}
