import LibPQ
import ServiceTime

extension Verifier {
  /// Compares the cells of shares with what the cases add to them, and the alerts of shares with what the cells tell.
  ///
  /// - Parameters:
  ///   - expected: what all cases add, folded again.
  ///   - through: every level up to here must have been raised; of those after it some may be.
  static func compareShares(
    _ expected: ShareDelta, _ rulebook: Rulebook, through: Instant, _ report: inout Report,
    _ session: inout Session
  ) throws(PostgresError) {
    let expected = expected.changed
    let found = try ShareCells.all(&session)
    report.shareCells = found.count
    for key in Set(expected.keys).union(found.keys).sorted() {
      let (wanted, there) = (expected[key]?.tally, found[key]?.tally)
      guard wanted != there else { continue }
      let what =
        switch (wanted, there) {
        case (nil, _): "should not be there"
        case (_, nil): "is missing"
        case (let wanted?, let there?):
          "counts \(there.counted) of \(there.population), the cases tell \(wanted.counted) of \(wanted.population)"
        }
      report.sharesDiffer = true
      report.add("share_cell", "\(key.day) \(key.commitment)", what)
    }
    let before = report.differenceCount
    defer { if report.differenceCount > before { report.sharesDiffer = true } }
    var left = try AlertRows.ofShares(&session).filter { !$0.value.withdrawn }
    for period in SharePeriodRow.rows(expected, rulebook) {
      for reach in period.span.reaches {
        let key = period.key(reach.level)
        guard let alert = left.removeValue(forKey: key) else {
          if reach.at <= through {
            report.add(key.clock.commitment, name(key), "is missing; the level was reached at \(reach.at)")
          }
          continue
        }
        report.alerts += 1
        if alert.levelAt != reach.at {
          report.add(
            key.clock.commitment, name(key), "stands for \(alert.levelAt), it was reached at \(reach.at)")
        }
        if alert.dueAt != period.span.end {
          report.add(
            key.clock.commitment, name(key), "names \(alert.dueAt) as the period's end, it is \(period.span.end)")
        }
        if alert.priority != reach.level.priority {
          report.add(key.clock.commitment, name(key), "is \(alert.priority), not \(reach.level.priority)")
        }
        // After `through` a period may have ended unseen.
        let isOpen = alert.resolvedAt == nil && period.span.end > through
        if !isOpen, alert.resolvedAt != (period.span.track.isMet == true ? period.span.end : nil) {
          report.add(key.clock.commitment, name(key), "is resolved otherwise than its period ended")
        }
      }
    }
    for key in left.keys.sorted(by: { ($0.clock, $0.level) < ($1.clock, $1.level) }) {
      report.add(key.clock.commitment, name(key), "stands, but the level was never reached")
    }
  }

  /// An alert as differences name it.
  static func name(_ key: AlertRow.Key) -> String {
    "alert \(key.clock.commitment)/\(key.clock.round)/\(key.level)/\(key.revision)"
  }
}
