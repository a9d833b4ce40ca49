import LibPQ
import ServiceTime

extension Verifier.Part {
  /// The day before and from which there are about as many cells.
  var middleDay: CivilDate {
    var counts: [CivilDate: Int] = [:]
    for place in metrics.cells.keys { counts[place.day, default: 0] += 1 }
    var left = metrics.cells.count / 2
    for day in counts.keys.sorted() {
      left -= counts[day] ?? 0
      if left <= 0 { return day + 1 }
    }
    return CivilDate(dayNumber: 0)
  }

  /// Compares the metric cells of some days, or of all, with what all clocks add up to: a page at a time, for there may
  /// be many.
  func differingCells(
    from first: CivilDate? = nil, before end: CivilDate? = nil, pageSize: Int = 20_000, _ session: inout Session
  ) throws(PostgresError) -> Verifier.Report {
    var report = Verifier.Report()
    let keys = try MetricReader.series(&session)
    // Where a series of the ledger is in the list of those that clocks were added to.
    let places = Dictionary(uniqueKeysWithValues: zip(metrics.series, Int32(0)...))
    let there = keys.compactMapValues { places[$0] }
    var met: Set<CellPlace> = []
    var after = first.map { CellPlace(day: $0 + -1, series: .max) }
    while true {
      let page = try MetricReader.cells(after: after, before: end, limit: pageSize, &session)
      report.cells += page.count
      for (place, sums) in page {
        let wanted = there[place.series].map { CellPlace(day: place.day, series: $0) }
        if let wanted, let expected = metrics.cells[wanted], met.insert(wanted).inserted {
          if sums != expected { report.add(keys[place.series], place, "has other counts than the clocks") }
        } else {
          report.add(keys[place.series], place, "should not be there")
        }
      }
      guard page.count == pageSize, let last = page.last?.place else { break }
      after = last
    }
    for place in metrics.cells.keys where !met.contains(place) {
      if let first, place.day < first { continue }
      if let end, place.day >= end { continue }
      report.add(metrics.series[Int(place.series)], place, "is missing")
    }
    return report
  }
}

extension Verifier.Report {
  fileprivate mutating func add(_ series: SeriesKey?, _ place: CellPlace, _ what: String) {
    let name = series.map { "\($0.basis.rawValue) \(place.day) \($0.commitment) \($0.dimensions.region)" }
    differingDays.insert(place.day)
    add("metric_cell", name ?? "\(place.day), of a series that is not known (\(place.series))", what)
  }
}
