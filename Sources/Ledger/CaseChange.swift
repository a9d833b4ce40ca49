import ServiceTime

/// Why a finished clock came to be believed otherwise.
public enum ChangeReason: String, Sendable {
  case lateData = "late_data"
  case voided, reopened, calendar, policy, closure, repair
  /// Told while the database was away, and not reached as all events tell that came since; of alerts alone.
  case neverReached = "never_reached"
}

/// All that one case was, as projected before.
struct CaseBefore: Sendable {
  var row: CaseRow?
  var clocks: [ClockRow] = []
  var alerts: [AlertRow.Key: AlertRow] = [:]
  /// When the last of the events that move it now arrived; nil where none do.
  var arrivedAt: Instant?

  /// A clock by its key.
  func clock(_ key: ClockKey) -> ClockRow? { clocks.first { $0.key == key } }
}

/// All that one case is now.
struct CaseAfter: Sendable {
  var row: CaseRow
  var clocks: [ClockRow]
  /// When its events of shares' populations entered the ledger, as far as that is at hand: of those that are new.
  var arrivals: [ShareCellKey: ShareArrival] = [:]
}

/// The rows that a batch of cases changes, gathered to be written together.
struct ProjectionDelta: Sendable {
  struct Superseded: Sendable {
    var row: ClockRow
    var dimensions: Dimensions
    var reason: ChangeReason
  }

  var newCases: [CaseRow] = []
  var changedCases: [CaseRow] = []
  var newClocks: [ClockRow] = []
  var changedClocks: [ClockRow] = []
  /// Clocks that are due, and reach their levels, at other times and are the same otherwise: most of what a calendar moves.
  var movedClocks: [ClockRow] = []
  var vanishedClocks: [(caseID: Identifier, key: ClockKey)] = []
  var superseded: [Superseded] = []
  var newAlerts: [AlertRow] = []
  var changedAlerts: [AlertRow] = []
  var lines: [OutboxLine] = []
  var retrospective = 0
  var metrics = MetricDelta()
  /// Cells of shares; written before their alerts are judged, and not with the rest.
  var shares = ShareDelta()

  /// Adds the one line that tells of the levels that page nobody.
  mutating func summarizeRetrospective() {
    guard retrospective > 0 else { return }
    lines.append(OutboxLine(summary: [("retrospective", Int64(retrospective))]))
  }
}

/// The times and settings under which a batch is projected.
struct ProjectionMoment: Sendable {
  /// The wall clock.
  var now: Instant
  /// The strictly increasing time under which the batch is recorded.
  var recordedAt: Instant
  /// `retrospective_after`, in microseconds.
  var retrospectiveAfter: Int64
  /// Whom the levels are for.
  var addressees: Addressees
  /// Whether levels are raised because their instants have come, and not because something was told.
  var isTimed = false
  /// Whether more of the ledger waits to be projected.
  var isBehind = false
  /// When the latest of what is told arrived; nil where nothing is.
  var arrivedAt: Instant?
}

extension ProjectionDelta {
  /// Adds what it takes to bring a case from what it was to what it is.
  ///
  /// The rows given back in `after` carry when their verdict was first recorded.
  mutating func add(
    _ before: CaseBefore, _ after: inout CaseAfter, reason: ChangeReason, _ moment: ProjectionMoment
  ) {
    // Reports tell finished clocks apart, and no others.
    let isCounted = before.clocks.contains { $0.verdict != nil } || after.clocks.contains { $0.verdict != nil }
    let dimensions = isCounted ? after.row.dimensions : .unknown
    let oldDimensions = before.row.map { isCounted && !$0.isCounted(like: after.row) ? $0.dimensions : dimensions }
    if before.row == nil {
      newCases.append(after.row)
    } else if before.row != after.row {
      changedCases.append(after.row)
    }
    shares.move(from: before.row?.shares ?? [], to: after.row.shares, arrivals: after.arrivals, reason)

    var former = FormerClocks(before.clocks)
    for index in after.clocks.indices {
      let old = former.take(after.clocks[index].key)
      addClock(old, &after.clocks[index], oldDimensions, dimensions, reason, moment)
    }
    for old in former.left {
      vanishedClocks.append((old.caseID, old.key))
      if let oldDimensions { supersede(old, oldDimensions, reason) }
    }
    addAlerts(before, after, reason, moment)
  }

  private mutating func addClock(
    _ old: ClockRow?, _ new: inout ClockRow, _ oldDimensions: Dimensions?, _ dimensions: Dimensions,
    _ reason: ChangeReason, _ moment: ProjectionMoment
  ) {
    guard let old, let oldDimensions else {
      if new.verdict != nil { new.verdictRecordedAt = moment.recordedAt }
      metrics.add(new, dimensions, times: 1)
      newClocks.append(new)
      return
    }
    if old.belief == new.belief && (oldDimensions == dimensions || old.verdict == nil) {
      new.verdictRecordedAt = new.verdict == nil ? nil : old.verdictRecordedAt ?? moment.recordedAt
    } else {
      supersede(old, oldDimensions, reason)
      metrics.add(new, dimensions, times: 1)
      if new.verdict != nil { new.verdictRecordedAt = moment.recordedAt }
    }
    guard new != old else { return }
    if new.isOnlyMoved(from: old) { movedClocks.append(new) } else { changedClocks.append(new) }
  }

  /// Takes a finished clock off the cells and keeps what was believed of it.
  private mutating func supersede(_ old: ClockRow, _ dimensions: Dimensions, _ reason: ChangeReason) {
    guard old.verdict != nil else { return }
    metrics.add(old, dimensions, times: -1)
    superseded.append(Superseded(row: old, dimensions: dimensions, reason: reason))
  }
}
