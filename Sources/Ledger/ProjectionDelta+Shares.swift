import ServiceTime

extension ProjectionDelta {
  /// Adds what becomes of the alerts of a share's period, and takes those that stand out of `left`.
  mutating func addAlerts(
    _ period: SharePeriodRow, _ left: inout [AlertRow.Key: AlertRow], _ reason: ChangeReason,
    _ moment: ProjectionMoment
  ) {
    for reach in period.span.reaches {
      let key = period.key(reach.level)
      let old = left[key]
      // One that was raised on its instant stands, though the wall clock was set back since.
      let stands = old.map { !$0.withdrawn && $0.levelAt == reach.at } ?? false
      guard reach.at <= moment.now || stands else { continue }
      left[key] = nil
      if let old {
        change(old, reach, period, reason, moment)
      } else {
        raise(key, reach, period, moment)
      }
    }
  }

  /// Withdraws an alert of a share whose level is not reached; one that was withdrawn before stays as it is.
  ///
  /// `period` is its period as it is now; nil where nothing happened in it.
  mutating func withdraw(
    _ old: AlertRow, _ period: SharePeriodRow?, _ reason: ChangeReason, _ moment: ProjectionMoment
  ) {
    guard !old.withdrawn else { return }
    var alert = old
    alert.withdrawn = true
    alert.changeReason = reason
    changedAlerts.append(alert)
    guard !alert.retrospective else { return }
    lines.append(OutboxLine(.withdrawn, alert, period, period?.span.track.total, moment))
  }

  /// What becomes of alerts of shares; levels that the periods foresaw before are left out.
  func shareMoves(_ before: [SharePeriodRow]) -> [CaseMove.Alert] {
    var foreseen: [AlertRow.Key: Instant] = [:]
    for period in before {
      for reach in period.span.reaches { foreseen[period.key(reach.level)] = reach.at }
    }
    let new = newAlerts.filter { foreseen[$0.key] != $0.levelAt }.map {
      CaseMove.Alert(id: $0.id, change: .added, levelAt: $0.levelAt)
    }
    return new
      + changedAlerts.map {
        CaseMove.Alert(id: $0.id, change: $0.withdrawn ? .withdrawn : .amended, levelAt: $0.levelAt)
      }
  }

  private mutating func raise(
    _ key: AlertRow.Key, _ reach: ShareSpan.Reach, _ period: SharePeriodRow, _ moment: ProjectionMoment
  ) {
    let told = min(moment.arrivedAt ?? moment.recordedAt, moment.recordedAt)
    let alert = AlertRow(
      key: key, priority: reach.level.priority, dueAt: period.span.end, levelAt: reach.at,
      resolvedAt: period.resolvedAt(asOf: moment.now, nil), withdrawn: false, amended: false,
      retrospective: period.arrival.isRetrospective(levelAt: reach.at, after: moment.retrospectiveAfter),
      changeReason: nil, dataAt: moment.isTimed || told <= reach.at ? nil : told)
    newAlerts.append(alert)
    if alert.retrospective {
      retrospective += 1
    } else {
      lines.append(OutboxLine(.raised, alert, period, reach.tally, moment))
      if alert.resolvedAt != nil { resolve(alert, period, moment) }
    }
  }

  private mutating func change(
    _ old: AlertRow, _ reach: ShareSpan.Reach, _ period: SharePeriodRow, _ reason: ChangeReason,
    _ moment: ProjectionMoment
  ) {
    var alert = old
    alert.priority = reach.level.priority
    alert.dueAt = period.span.end
    alert.levelAt = reach.at
    alert.resolvedAt = period.resolvedAt(asOf: moment.now, old)
    alert.withdrawn = false
    alert.amended = old.withdrawn || old.levelAt != reach.at
    if alert.amended { alert.changeReason = reason }
    if alert.amended,
      !period.arrival.isRetrospective(levelAt: reach.at, after: moment.retrospectiveAfter)
    {
      alert.retrospective = false
    }
    guard alert != old else { return }
    changedAlerts.append(alert)
    guard !alert.retrospective else { return }
    // Whoever was told that it is withdrawn must be told anew that it is not: news of an amendment pages nobody.
    let isNews = old.withdrawn || old.retrospective
    if isNews {
      lines.append(OutboxLine(.raised, alert, period, reach.tally, moment))
    } else if alert.amended {
      lines.append(OutboxLine(.amended, alert, period, reach.tally, moment))
    }
    if alert.resolvedAt != nil, old.resolvedAt == nil || isNews { resolve(alert, period, moment) }
  }

  private mutating func resolve(_ alert: AlertRow, _ period: SharePeriodRow, _ moment: ProjectionMoment) {
    lines.append(OutboxLine(.resolved, alert, period, period.span.track.total, moment))
  }
}
