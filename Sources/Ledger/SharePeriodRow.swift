import ServiceTime

/// A period of a share as its cells tell it.
struct SharePeriodRow: Sendable {
  /// The share's place in the policy.
  var index: Int
  var share: ShareCommitment
  /// The calendar's id.
  var calendar: String
  var span: ShareSpan
  /// When the period's first events became known.
  var arrival: ShareArrival

  /// The number by which alerts tell the period.
  var number: Int32 { share.period.number(span.first) }

  /// The periods that have cells, by share and ascending; cells of shares that the policy does not know are left out.
  ///
  /// The period before the first is taken for empty: the cells must go back that far.
  static func rows(_ cells: [ShareCellKey: ShareCell], _ rulebook: Rulebook) -> [SharePeriodRow] {
    guard !cells.isEmpty else { return [] }
    var byShare: [String: [CivilDate: ShareCell]] = [:]
    for (key, cell) in cells { byShare[key.commitment, default: [:]][key.day] = cell }
    var rows: [SharePeriodRow] = []
    for (index, share) in rulebook.policy.shares.enumerated() {
      guard let days = byShare[share.id] else { continue }
      var populations: [CivilDate: Int64] = [:]
      var arrivals: [CivilDate: ShareArrival] = [:]
      for (day, cell) in days {
        let first = share.period.first(of: day)
        populations[first, default: 0] += cell.tally.population
        arrivals[first, default: ShareArrival()].take(cell.arrival)
      }
      let calendar = rulebook.shareCalendars[index]
      for first in populations.keys.sorted() {
        let span = ShareSpan(
          share, first: first, calendar: calendar, previous: populations[share.period.previous(first)] ?? 0
        ) { days[$0]?.tally ?? ShareTally() }
        rows.append(
          SharePeriodRow(
            index: index, share: share, calendar: calendar.id, span: span,
            arrival: arrivals[first] ?? ShareArrival()))
      }
    }
    return rows
  }

  /// The key of a level's alert; alerts of shares belong to no case.
  func key(_ level: ShareLevel) -> AlertRow.Key {
    AlertRow.Key(
      caseID: "", clock: ClockKey(commitment: share.id, round: number), level: level.rawValue, revision: 1)
  }

  /// When an alert of it is resolved: at the end of a period that met the target after all.
  ///
  /// One that was resolved stays so, though the wall clock was set back since.
  func resolvedAt(asOf now: Instant, _ old: AlertRow?) -> Instant? {
    guard span.track.isMet == true, span.end <= now || old?.resolvedAt == span.end else { return nil }
    return span.end
  }
}
