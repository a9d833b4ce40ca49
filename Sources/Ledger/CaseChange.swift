import ServiceTime

/// Why a finished clock came to be believed otherwise.
public enum ChangeReason: String, Sendable {
  case lateData = "late_data"
  case voided, reopened, calendar, policy, closure, repair
}

/// A row of `bizclock.alert`, as far as projecting needs it.
struct AlertRow: Sendable, Equatable {
  struct Key: Hashable, Sendable {
    var caseID: Identifier
    var clock: ClockKey
    var level: String
    var revision: Int32
  }
  var key: Key
  var priority: Level.Priority
  var dueAt: Instant
  var levelAt: Instant
  var resolvedAt: Instant?
  var withdrawn: Bool
  /// Whether this change amends it; false as read.
  var amended: Bool
  var retrospective: Bool
  var changeReason: ChangeReason?
}

/// All that one case was, as projected before.
struct CaseBefore: Sendable {
  var row: CaseRow?
  var clocks: [ClockKey: ClockRow] = [:]
  var alerts: [AlertRow.Key: AlertRow] = [:]
}

/// All that one case is now.
struct CaseAfter: Sendable {
  var row: CaseRow
  var clocks: [ClockRow]
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
  var vanishedClocks: [(caseID: Identifier, key: ClockKey)] = []
  var superseded: [Superseded] = []
  var newAlerts: [AlertRow] = []
  var changedAlerts: [AlertRow] = []
  var lines: [OutboxLine] = []
  var retrospective = 0
  var metrics = MetricDelta()

  var isEmpty: Bool {
    newCases.isEmpty && changedCases.isEmpty && newClocks.isEmpty && changedClocks.isEmpty
      && vanishedClocks.isEmpty && newAlerts.isEmpty && changedAlerts.isEmpty && metrics.changed.isEmpty
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
}

extension ProjectionDelta {
  /// Adds what it takes to bring a case from what it was to what it is.
  ///
  /// The rows given back in `after` carry when their verdict was first recorded.
  mutating func add(
    _ before: CaseBefore, _ after: inout CaseAfter, reason: ChangeReason, _ moment: ProjectionMoment
  ) {
    let oldDimensions = before.row?.dimensions
    let dimensions = after.row.dimensions
    if before.row == nil {
      newCases.append(after.row)
    } else if before.row != after.row {
      changedCases.append(after.row)
    }

    var gone = before.clocks
    for index in after.clocks.indices {
      let old = gone.removeValue(forKey: after.clocks[index].key)
      addClock(old, &after.clocks[index], oldDimensions, dimensions, reason, moment)
    }
    for (key, old) in gone.sorted(by: { $0.key < $1.key }) {
      vanishedClocks.append((old.caseID, key))
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
      new.verdictRecordedAt = old.verdictRecordedAt
    } else {
      supersede(old, oldDimensions, reason)
      metrics.add(new, dimensions, times: 1)
      if new.verdict != nil { new.verdictRecordedAt = moment.recordedAt }
    }
    if new != old { changedClocks.append(new) }
  }

  /// Takes a finished clock off the cells and keeps what was believed of it.
  private mutating func supersede(_ old: ClockRow, _ dimensions: Dimensions, _ reason: ChangeReason) {
    guard old.verdict != nil else { return }
    metrics.add(old, dimensions, times: -1)
    superseded.append(Superseded(row: old, dimensions: dimensions, reason: reason))
  }

  private mutating func addAlerts(
    _ before: CaseBefore, _ after: CaseAfter, _ reason: ChangeReason, _ moment: ProjectionMoment
  ) {
    var left = before.alerts
    for clock in after.clocks {
      let ended = clock.state == .stopped || clock.state == .cancelled ? clock.stoppedAt : nil
      for reach in clock.levels where reach.at <= moment.now {
        let key = AlertRow.Key(
          caseID: clock.caseID, clock: clock.key, level: reach.level, revision: Int32(clamping: reach.revision))
        guard let old = left.removeValue(forKey: key) else {
          let alert = AlertRow(
            key: key, priority: reach.priority, dueAt: reach.dueAt, levelAt: reach.at, resolvedAt: ended,
            withdrawn: false, amended: false,
            retrospective: clock.isRetrospective(levelAt: reach.at, after: moment.retrospectiveAfter),
            changeReason: nil)
          newAlerts.append(alert)
          if alert.retrospective {
            retrospective += 1
          } else {
            lines.append(OutboxLine(.raised, alert, clock, after.row, moment))
            if ended != nil { lines.append(OutboxLine(.resolved, alert, clock, after.row, moment)) }
          }
          continue
        }
        var alert = old
        alert.priority = reach.priority
        alert.dueAt = reach.dueAt
        alert.levelAt = reach.at
        alert.resolvedAt = ended
        alert.withdrawn = false
        alert.amended = old.withdrawn || old.levelAt != reach.at
        if alert.amended { alert.changeReason = reason }
        guard alert != old else { continue }
        changedAlerts.append(alert)
        guard !alert.retrospective else { continue }
        if alert.amended { lines.append(OutboxLine(.amended, alert, clock, after.row, moment)) }
        if old.resolvedAt == nil, ended != nil {
          lines.append(OutboxLine(.resolved, alert, clock, after.row, moment))
        }
      }
    }
    for (key, old) in left where !old.withdrawn {
      var alert = old
      // Raised on its instant, though the wall clock was set back since: still reached.
      if let clock = after.clocks.first(where: { $0.key == key.clock }),
        clock.levels.contains(where: {
          $0.level == key.level && $0.revision == Int(key.revision) && $0.at == old.levelAt
        })
      {
        continue
      }
      alert.withdrawn = true
      alert.changeReason = reason
      changedAlerts.append(alert)
      if !alert.retrospective {
        lines.append(
          OutboxLine(.withdrawn, alert, after.clocks.first { $0.key == key.clock }, after.row, moment))
      }
    }
  }
}
