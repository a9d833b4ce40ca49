import ServiceTime

/// What a metric cell counts but for the day: a row of `bizclock.metric_series`.
struct SeriesKey: Hashable, Sendable {
  enum Basis: String, Sendable { case stop, due }
  let basis: Basis
  let commitment: String
  let versionFrom: CivilDate
  let dimensions: Dimensions
  let outcome: String

  static func == (a: SeriesKey, b: SeriesKey) -> Bool {
    a.basis == b.basis && a.versionFrom == b.versionFrom && a.commitment.sameBytes(b.commitment)
      && a.outcome.sameBytes(b.outcome) && a.dimensions == b.dimensions
  }

  /// The dimensions have reckoned theirs, and of the same dimensions there are few: lengths tell many of these apart.
  func hash(into hasher: inout Hasher) {
    hasher.combine(dimensions)
    hasher.combine(
      Int(versionFrom.dayNumber) << 24 ^ commitment.utf8.count << 12 ^ outcome.utf8.count << 1
        ^ (basis == .due ? 1 : 0))
  }
}

/// The key of a metric cell: a day and a series, by its number in the ledger or its place in a list.
struct CellPlace: Hashable, Comparable, Sendable {
  var day: CivilDate
  var series: Int32

  static func < (a: CellPlace, b: CellPlace) -> Bool { (a.day, a.series) < (b.day, b.series) }

  func hash(into hasher: inout Hasher) {
    hasher.combine(UInt64(UInt32(bitPattern: day.dayNumber)) << 32 | UInt64(UInt32(bitPattern: series)))
  }
}

/// What a set of finished clocks adds to a cell: counts and sums, all linear, so that it can be taken off again.
///
/// Sums wrap around: some thousand cases that an upstream begins in 1970 may pass what 64 bits hold, and must stop neither
/// the leader nor `verify`; what is taken off again is exact all the same.
struct CellSums: Sendable, Equatable {
  var finished: Int64 = 0
  var onTime: Int64 = 0
  var late: Int64 = 0
  var premature: Int64 = 0
  var early: Int64 = 0
  var countedDays: Int64 = 0
  var working: Int64 = 0
  var elapsed: Int64 = 0
  var paused: Int64 = 0
  var overrun: Int64 = 0
  /// How many fell into each bucket of the duration sketch; of cells by date of stop alone.
  var countedBuckets = SketchCounts()
  var workingBuckets = SketchCounts()

  var isZero: Bool {
    finished == 0 && onTime == 0 && late == 0 && premature == 0 && early == 0 && countedDays == 0 && working == 0
      && elapsed == 0 && paused == 0 && overrun == 0 && countedBuckets.isEmpty && workingBuckets.isEmpty
  }

  mutating func add(_ row: ClockRow, sketched: Bool, times sign: Int64) {
    finished &+= sign
    switch row.verdict {
    case .onTime: onTime &+= sign
    case .late: late &+= sign
    case .premature: premature &+= sign
    case nil: break
    }
    if row.early { early &+= sign }
    countedDays &+= sign &* Int64(row.measures.countedDays)
    working &+= sign &* row.measures.working
    elapsed &+= sign &* row.measures.elapsed
    paused &+= sign &* row.measures.paused
    overrun &+= sign &* (row.overrun?.time ?? 0)
    guard sketched else { return }
    countedBuckets.add(DurationSketch.bucket(of: Int64(row.measures.countedDays)), sign)
    workingBuckets.add(DurationSketch.bucket(of: row.measures.working), sign)
  }

  /// Adds other sums (`sign` 1), or takes them off (−1).
  mutating func add(_ other: CellSums, times sign: Int64) {
    finished &+= sign &* other.finished
    onTime &+= sign &* other.onTime
    late &+= sign &* other.late
    premature &+= sign &* other.premature
    early &+= sign &* other.early
    countedDays &+= sign &* other.countedDays
    working &+= sign &* other.working
    elapsed &+= sign &* other.elapsed
    paused &+= sign &* other.paused
    overrun &+= sign &* other.overrun
    countedBuckets.add(other.countedBuckets, times: sign)
    workingBuckets.add(other.workingBuckets, times: sign)
  }
}

/// Changes of the metric cells, gathered over a batch.
///
/// A cell is found by a number; the texts of a series are looked at when a finished clock is added, and not for each cell
/// again.
struct MetricDelta: Sendable {
  /// The series that there were changes of.
  private(set) var series: [SeriesKey] = []
  private var places: [SeriesKey: Int32] = [:]
  /// The changes; the series of a cell is its place in `series`.
  private(set) var cells: [CellPlace: CellSums] = [:]

  /// The place of a series in the list; one that is not there is added.
  mutating func place(of key: SeriesKey) -> Int32 {
    if let place = places[key] { return place }
    let place = Int32(series.count)
    series.append(key)
    places[key] = place
    return place
  }

  /// Adds a finished clock (`sign` 1) or takes it off again (−1); clocks without a verdict are in no cell.
  mutating func add(_ row: ClockRow, _ dimensions: Dimensions, times sign: Int64) {
    guard row.verdict != nil, let stoppedDay = row.stoppedDay else { return }
    func place(_ basis: SeriesKey.Basis, _ day: CivilDate) -> CellPlace {
      let series = SeriesKey(
        basis: basis, commitment: row.key.commitment, versionFrom: row.versionFrom, dimensions: dimensions,
        outcome: row.outcome ?? "")
      return CellPlace(day: day, series: self.place(of: series))
    }
    cells[place(.stop, stoppedDay), default: CellSums()].add(row, sketched: true, times: sign)
    if let dueDay = row.dueDay {
      cells[place(.due, dueDay), default: CellSums()].add(row, sketched: false, times: sign)
    }
  }

  /// Adds the finished clocks of a case.
  mutating func add(_ clocks: [ClockRow], of row: CaseRow) {
    guard clocks.contains(where: { $0.verdict != nil }) else { return }
    let dimensions = row.dimensions
    for clock in clocks { add(clock, dimensions, times: 1) }
  }

  /// Adds to a cell (`sign` 1), or takes off it (−1).
  mutating func add(_ sums: CellSums, at place: CellPlace, times sign: Int64) {
    cells[place, default: CellSums()].add(sums, times: sign)
  }

  /// Adds other changes (`sign` 1), or takes them off (−1).
  mutating func add(_ other: MetricDelta, times sign: Int64) {
    let there = other.series.map { place(of: $0) }
    for (place, sums) in other.cells {
      add(sums, at: CellPlace(day: place.day, series: there[Int(place.series)]), times: sign)
    }
  }

  /// Leaves out what changes on other days.
  mutating func keep(_ days: Set<CivilDate>) { cells = cells.filter { days.contains($0.key.day) } }

  /// The cells that really change.
  var changed: [CellPlace: CellSums] { cells.filter { !$0.value.isZero } }
}
