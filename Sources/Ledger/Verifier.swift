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
    /// Cells of shares compared.
    public var shareCells = 0
    /// Alerts compared.
    public var alerts = 0
    /// The first differences.
    public var differences: [Difference] = []
    /// How many there are in all.
    public var differenceCount = 0
    /// Cases that differ, for `rebuild`.
    public var differing: Set<String> = []
    /// Days whose metric cells differ, for `rebuild`.
    var differingDays: Set<CivilDate> = []
    /// Whether cells or alerts of shares differ, for `rebuild`.
    var sharesDiffer = false

    mutating func add(_ subject: String, _ row: String, _ what: String, caseID: String? = nil) {
      differenceCount += 1
      if let caseID { differing.insert(caseID) }
      if differences.count < Report.kept { differences.append(Difference(subject: subject, row: row, what: what)) }
    }

    private static let kept = 1_000

    /// A row of a case of which the ledger has no event.
    mutating func add(_ stray: CasePage.Stray) {
      let (caseID, row) =
        switch stray {
        case .row(let row): (row.caseID.text, "case")
        case .clock(let clock): (clock.caseID.text, "clock \(clock.key.commitment)/\(clock.key.round)")
        case .alert(let alert):
          (alert.key.caseID.text, Verifier.name(alert.key))
        }
      if case .alert(let alert) = stray, alert.withdrawn { return }
      add(caseID, row, "should not be there: the ledger has no event of the case", caseID: caseID)
    }

    /// Takes in what was found elsewhere.
    mutating func add(_ other: Report) {
      events += other.events
      cases += other.cases
      clocks += other.clocks
      cells += other.cells
      shareCells += other.shareCells
      alerts += other.alerts
      differenceCount += other.differenceCount
      differences += other.differences.prefix(Report.kept - differences.count)
      differing.formUnion(other.differing)
      differingDays.formUnion(other.differingDays)
      sharesDiffer = sharesDiffer || other.sharesDiffer
    }
  }

  /// Compares, in one snapshot, while ingest goes on.
  ///
  /// `base` are the rules that the rulebook was compiled from; if others came into force since, nothing is compared
  /// and an error says so. Left out, that is not checked.
  public static func verify(
    _ rulebook: Rulebook, over base: Rules.InForce? = nil, on session: inout Session
  ) throws(PostgresError) -> Report {
    defer { session.rollbackQuietly() }
    try session.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    return try compareAll(rulebook, over: base, &session)
  }

  /// Compares as the transaction that is on sees everything.
  static func compareAll(
    _ rulebook: Rulebook, over base: Rules.InForce? = nil, _ session: inout Session
  ) throws(PostgresError) -> Report {
    let view = try View(over: base, &session)
    var part = Part()
    var pages = CasePages(through: view.position)
    try part.compare(&pages, rulebook, view, &session) { _ in }
    part.report.add(try part.differingCells(&session))
    try KeyLookups.end(&session)
    try compareShares(part.shares, rulebook, through: view.sharesThrough, &part.report, &session)
    return part.report
  }

  /// What is compared: the projections as one transaction sees them.
  struct View: Sendable, Equatable {
    var position: Int64
    var recordedAt: Instant
    var epoch: Int64
    var sharesThrough: Instant

    init(over base: Rules.InForce?, _ session: inout Session) throws(PostgresError) {
      let row = try session.execute(
        "SELECT position, recorded_at, policy, calendar, shares_through, epoch FROM bizclock.projector")
      if let base {
        let policy = try row.int8(0, 2)
        let calendar = try row.int8(0, 3)
        if policy != base.policyID || calendar != base.calendarID { throw Rules.changedMeanwhile("verify") }
      }
      position = try row.int8(0, 0)
      recordedAt = Instant(microseconds: try row.timestamptz(0, 1))
      sharesThrough = Instant(microseconds: try row.timestamptz(0, 4))
      epoch = try row.int8(0, 5)
    }
  }

  /// What was found in some of the cases.
  struct Part: Sendable {
    var report = Report()
    var metrics = MetricDelta()
    var shares = ShareDelta()

    /// Folds and compares the cases of a walk; `folded` is told the number of events after each page.
    mutating func compare(
      _ pages: inout CasePages, _ rulebook: Rulebook, _ view: View, _ session: inout Session, folded: (Int) -> Void
    ) throws(PostgresError) {
      let addressees = Addressees(rulebook)
      try KeyLookups.begin(&session)
      while let read = try pages.next(&session) {
        let page = try CasePage(read.cases, read.span, &session)
        var events = 0
        for one in page.cases {
          events += one.events.count
          report.cases += 1
          let after = CaseAfter(folding: one.events, of: one.caseID, rulebook, asOf: view.recordedAt)
          metrics.add(after.clocks, of: after.row)
          for part in after.row.shares { shares.add(part, times: 1, .repair) }
          Verifier.compare(after, one.before, &report)
          Verifier.compareAlerts(after, one.before, addressees, asOf: view.recordedAt, &report)
        }
        for stray in page.strays { report.add(stray) }
        report.events += events
        folded(events)
      }
    }

    /// Takes in what was found in other cases.
    mutating func add(_ other: Part) {
      report.add(other.report)
      metrics.add(other.metrics, times: 1)
      shares.add(other.shares)
    }
  }

  fileprivate static func compare(_ after: CaseAfter, _ there: CaseBefore, _ report: inout Report) {
    let id = after.row.caseID.text
    if there.row == nil {
      report.add(id, "case", "is missing", caseID: id)
    } else if there.row != after.row {
      report.add(id, "case", "has other attributes than its events tell", caseID: id)
    }
    var former = FormerClocks(there.clocks)
    for clock in after.clocks {
      report.clocks += 1
      // Made where something is wrong: of a million clocks, texts would take as long as comparing.
      var name: String { "clock \(clock.key.commitment)/\(clock.key.round)" }
      guard let row = former.take(clock.key) else {
        report.add(id, name, "is missing", caseID: id)
        continue
      }
      if (row.verdict == nil) != (row.verdictRecordedAt == nil) {
        report.add(id, name, "does not know since when its verdict is known", caseID: id)
      }
      if row.derivesTheSame(as: clock) { continue }
      for (field, found, expected) in row.fields(against: clock) {
        report.add(id, name, "\(field) is \(found), folded again it is \(expected)", caseID: id)
      }
    }
    for key in former.left.map(\.key) {
      report.add(id, "clock \(key.commitment)/\(key.round)", "should not be there", caseID: id)
    }
  }

  /// Every level before the one that a clock waits for has its alert; no other alert stands.
  fileprivate static func compareAlerts(
    _ after: CaseAfter, _ there: CaseBefore, _ addressees: Addressees, asOf moment: Instant, _ report: inout Report
  ) {
    let id = after.row.caseID.text
    var left = there.alerts.filter { !$0.value.withdrawn }
    for clock in after.clocks {
      let row = there.clock(clock.key)
      // A clock that waits for nothing has raised all; of one that is missing, what is past can be told.
      let waitsFor = row.map { $0.nextLevelAt ?? Instant(microseconds: .max) } ?? (moment + 1)
      for reach in clock.levels {
        let key = AlertRow.Key(
          caseID: clock.caseID, clock: clock.key, level: reach.level, revision: Int32(clamping: reach.revision))
        var name: String { Verifier.name(key) }
        if let alert = left.removeValue(forKey: key) {
          report.alerts += 1
          if alert.levelAt != reach.at {
            report.add(id, name, "stands for \(alert.levelAt), it was reached at \(reach.at)", caseID: id)
          }
          if alert.dueAt != reach.dueAt {
            report.add(id, name, "names \(alert.dueAt) as due, it was \(reach.dueAt)", caseID: id)
          }
          if alert.priority != reach.priority {
            report.add(id, name, "is \(alert.priority), the policy says \(reach.priority)", caseID: id)
          }
          let notify = addressees[clock.key.commitment, reach.level]
          if alert.notify != notify {
            report.add(
              id, name,
              "is for \(alert.notify?.rawValue ?? "nobody"), the policy says \(notify?.rawValue ?? "nobody")",
              caseID: id
            )
          }
          if alert.resolvedAt != clock.endedAt {
            report.add(id, name, "is resolved at another time than its clock ended", caseID: id)
          }
        } else if reach.at < waitsFor {
          report.add(
            id, name,
            reach.at <= moment
              ? "is missing; the level was reached at \(reach.at)"
              : "will be missing: its clock does not wait for \(reach.at)", caseID: id)
        }
      }
    }
    for key in left.keys.sorted(by: { ($0.clock, $0.level, $0.revision) < ($1.clock, $1.level, $1.revision) }) {
      report.add(
        id, name(key), "stands, but the level was never reached", caseID: id)
    }
  }
}
