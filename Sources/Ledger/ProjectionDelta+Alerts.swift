import ServiceTime

extension ProjectionDelta {
  /// Adds what becomes of a case's alerts; `before` has all that were recorded, withdrawn ones included.
  mutating func addAlerts(
    _ before: CaseBefore, _ after: CaseAfter, _ reason: ChangeReason, _ moment: ProjectionMoment
  ) {
    var left = before.alerts
    for clock in after.clocks {
      for reach in clock.levels {
        let key = AlertRow.Key(
          caseID: clock.caseID, clock: clock.key, level: reach.level, revision: Int32(clamping: reach.revision))
        let old = left[key]
        // One that was raised on its instant stands, though the wall clock was set back since.
        let stands = old.map { !$0.withdrawn && $0.levelAt == reach.at } ?? false
        guard reach.at <= moment.now || stands, old != nil || !clock.waits(for: reach) else { continue }
        left[key] = nil
        if let old {
          change(old, reach, clock, after.row, reason, moment)
        } else {
          raise(key, reach, clock, after.row, before, moment)
        }
      }
    }
    let gone = left.values.filter { !$0.withdrawn }
    for var alert in gone.sorted(by: { ($0.levelAt, $0.key.level) < ($1.levelAt, $1.key.level) }) {
      alert.withdrawn = true
      alert.changeReason = reason
      changedAlerts.append(alert)
      guard !alert.retrospective else { continue }
      let clock = after.clocks.first { $0.key == alert.key.clock }
      lines.append(OutboxLine(.withdrawn, alert, clock, after.row, moment))
    }
  }

  private mutating func raise(
    _ key: AlertRow.Key, _ reach: LevelReach, _ clock: ClockRow, _ row: CaseRow, _ before: CaseBefore,
    _ moment: ProjectionMoment
  ) {
    // A level that the row foresaw was to be detected at its instant, whoever raises it in the end. Any other came to
    // be known by what moves the case now: its events, or without any a change of rules, which nobody could detect.
    let levels = before.clock(clock.key)?.levels ?? []
    let foreseen = levels.contains { $0.level == reach.level && $0.at == reach.at }
    let told = min(before.arrivedAt ?? moment.recordedAt, moment.recordedAt)
    let alert = AlertRow(
      key: key, priority: reach.priority, notify: moment.addressees[key.clock.commitment, key.level],
      dueAt: reach.dueAt, levelAt: reach.at, resolvedAt: clock.endedAt, withdrawn: false, amended: false,
      retrospective: clock.isRetrospective(levelAt: reach.at, after: moment.retrospectiveAfter), changeReason: nil,
      dataAt: foreseen || told <= reach.at ? nil : told)
    newAlerts.append(alert)
    if alert.retrospective {
      retrospective += 1
    } else {
      lines.append(OutboxLine(.raised, alert, clock, row, moment))
      if clock.endedAt != nil { lines.append(OutboxLine(.resolved, alert, clock, row, moment)) }
    }
  }

  private mutating func change(
    _ old: AlertRow, _ reach: LevelReach, _ clock: ClockRow, _ row: CaseRow, _ reason: ChangeReason,
    _ moment: ProjectionMoment
  ) {
    var alert = old
    alert.priority = reach.priority
    alert.notify = moment.addressees[alert.key.clock.commitment, alert.key.level]
    alert.dueAt = reach.dueAt
    alert.levelAt = reach.at
    alert.resolvedAt = clock.endedAt
    alert.withdrawn = false
    alert.amended = old.withdrawn || old.levelAt != reach.at
    if alert.amended { alert.changeReason = reason }
    // What was history may be none when it is reached anew; what has paged somebody stays what it is.
    if alert.amended, !clock.isRetrospective(levelAt: reach.at, after: moment.retrospectiveAfter) {
      alert.retrospective = false
    }
    // Raised anew: whether it is then that its feed is silent is looked up for all that is raised.
    if old.withdrawn { alert.feedStalled = false }
    guard alert != old else { return }
    changedAlerts.append(alert)
    guard !alert.retrospective else { return }
    // Whoever was told that it is withdrawn must be told anew that it is not: news of an amendment pages nobody.
    let isNews = old.withdrawn || old.retrospective
    if isNews {
      lines.append(OutboxLine(.raised, alert, clock, row, moment))
    } else if alert.amended {
      lines.append(OutboxLine(.amended, alert, clock, row, moment))
    }
    if clock.endedAt != nil, old.resolvedAt == nil || isNews {
      lines.append(OutboxLine(.resolved, alert, clock, row, moment))
    }
  }
}
