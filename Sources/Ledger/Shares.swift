import LibPQ
import ServiceTime

/// Periods of shares as their cells tell them, and what becomes of their alerts.
///
/// A level of a share is a function of the ledger: judging a period again does no harm, whatever the occasion.
enum Shares {
  /// Which periods are judged.
  enum Scope {
    /// Every period of which there are cells or alerts, also of shares that are promised no more.
    case all
    /// Of each share, by its place in the policy, periods by their first days.
    case some([Int: Set<CivilDate>])

    /// The periods in which cells changed, and those after, whose expectation rests on them.
    static func around(_ cells: some Sequence<ShareCellKey>, _ rulebook: Rulebook) -> Scope {
      var chosen: [Int: Set<CivilDate>] = [:]
      let shares = rulebook.policy.shares
      for key in cells {
        guard let index = shares.firstIndex(where: { $0.id == key.commitment }) else { continue }
        let first = shares[index].period.first(of: key.day)
        chosen[index, default: []].formUnion([first, shares[index].period.next(first)])
      }
      return .some(chosen)
    }
  }

  /// The periods of which a day ended after one instant and not after another.
  static func ended(after: Instant, until: Instant, _ rulebook: Rulebook) -> [Int: Set<CivilDate>] {
    var chosen: [Int: Set<CivilDate>] = [:]
    for (index, share) in rulebook.policy.shares.enumerated() {
      let calendar = rulebook.shareCalendars[index]
      var first = share.period.first(of: calendar.date(of: after))
      while calendar.midnight(first) < until {
        chosen[index, default: []].insert(first)
        first = share.period.next(first)
      }
    }
    return chosen
  }

  /// Writes the cells that a batch changes, and adds to it what becomes of the alerts of their periods.
  static func settle(
    _ delta: inout ProjectionDelta, _ rulebook: Rulebook, _ moment: ProjectionMoment, _ session: inout Session
  ) throws(PostgresError) {
    let changed = delta.shares.changed
    guard !changed.isEmpty else { return }
    try ShareCells.write(changed, &session)
    let voided = changed.filter { $0.value.reason == .voided }.keys
    try judge(.around(changed.keys, rulebook), &delta, rulebook, moment, &session) { share, first in
      voided.contains { $0.commitment == share.id && share.period.first(of: $0.day) == first } ? .voided : .lateData
    }
  }

  /// Adds what becomes of the alerts of some periods; `reason` says why, should one change.
  static func judge(
    _ scope: Scope, _ delta: inout ProjectionDelta, _ rulebook: Rulebook, _ moment: ProjectionMoment,
    _ session: inout Session, reason: (ShareCommitment, CivilDate) -> ChangeReason
  ) throws(PostgresError) {
    switch scope {
    case .all:
      judge(
        SharePeriodRow.rows(try ShareCells.all(&session), rulebook), nil, try AlertRows.ofShares(&session), &delta,
        rulebook, moment, reason)
    case .some(let periods):
      guard !periods.isEmpty else { return }
      let cells = try ShareCells.within(spans(periods, rulebook), &session)
      judge(
        SharePeriodRow.rows(cells, rulebook), periods, try AlertRows.ofShares(periods, rulebook, &session), &delta,
        rulebook, moment, reason)
    }
  }

  /// Adds what becomes of the alerts of all periods, whose cells may not be written yet.
  static func judgeAll(
    _ periods: [SharePeriodRow], _ delta: inout ProjectionDelta, _ rulebook: Rulebook, _ moment: ProjectionMoment,
    _ session: inout Session, reason: ChangeReason
  ) throws(PostgresError) {
    judge(periods, nil, try AlertRows.ofShares(&session), &delta, rulebook, moment) { _, _ in reason }
  }

  private static func judge(
    _ periods: [SharePeriodRow], _ chosen: [Int: Set<CivilDate>]?, _ alerts: [AlertRow.Key: AlertRow],
    _ delta: inout ProjectionDelta, _ rulebook: Rulebook, _ moment: ProjectionMoment,
    _ reason: (ShareCommitment, CivilDate) -> ChangeReason
  ) {
    var left = alerts
    for period in periods where chosen?[period.index]?.contains(period.span.first) ?? true {
      delta.addAlerts(period, &left, reason(period.share, period.span.first), moment)
    }
    // Periods without a cell, and shares that are no more.
    for alert in left.values.sorted(by: { ($0.levelAt, $0.key.level) < ($1.levelAt, $1.key.level) }) {
      let period = periods.first { $0.share.id == alert.key.clock.commitment && $0.number == alert.key.clock.round }
      let share = rulebook.policy.shares.first { $0.id == alert.key.clock.commitment }
      let why = share.map { reason($0, ShareCommitment.Period.first(number: alert.key.clock.round)) }
      delta.withdraw(alert, period, why ?? .policy, moment)
    }
  }

  /// The days of periods and of those before, without overlaps.
  static func spans(
    _ periods: [Int: Set<CivilDate>], _ rulebook: Rulebook
  ) -> [(commitment: String, from: CivilDate, through: CivilDate)] {
    var spans: [(commitment: String, from: CivilDate, through: CivilDate)] = []
    for (index, firsts) in periods.sorted(by: { $0.key < $1.key }) {
      let share = rulebook.policy.shares[index]
      for first in firsts.sorted() {
        let (from, through) = (share.period.previous(first), share.period.next(first) + -1)
        if let last = spans.last, last.commitment == share.id, from <= last.through + 1 {
          spans[spans.count - 1].through = through
        } else {
          spans.append((share.id, from, through))
        }
      }
    }
    return spans
  }
}
