import ServiceTime

/// What a metric cell counts but for the day: a row of `bizclock.metric_series`.
struct SeriesKey: Hashable, Sendable {
  enum Basis: String, Sendable { case stop, due }
  let basis: Basis
  let commitment: String
  let versionFrom: CivilDate
  let dimensions: Dimensions
  let outcome: String
  /// Reckoned once: it is asked for again and again.
  private let hash: Int

  init(basis: Basis, commitment: String, versionFrom: CivilDate, dimensions: Dimensions, outcome: String) {
    self.basis = basis
    self.commitment = commitment
    self.versionFrom = versionFrom
    self.dimensions = dimensions
    self.outcome = outcome
    var hasher = Hasher()
    hasher.combine(basis == .due)
    hasher.combine(Identifier(commitment))
    hasher.combine(versionFrom)
    hasher.combine(dimensions)
    hasher.combine(Identifier(outcome))
    hash = hasher.finalize()
  }

  static func == (a: SeriesKey, b: SeriesKey) -> Bool {
    a.hash == b.hash && a.basis == b.basis && a.versionFrom == b.versionFrom && a.dimensions == b.dimensions
      && Identifier(a.commitment) == Identifier(b.commitment) && Identifier(a.outcome) == Identifier(b.outcome)
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// The key of a metric cell.
struct CellKey: Hashable, Sendable {
  var series: SeriesKey
  var day: CivilDate
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
struct MetricDelta: Sendable {
  private(set) var cells: [CellKey: CellSums] = [:]

  /// Adds a finished clock (`sign` 1) or takes it off again (−1); clocks without a verdict are in no cell.
  mutating func add(_ row: ClockRow, _ dimensions: Dimensions, times sign: Int64) {
    guard row.verdict != nil, let stoppedDay = row.stoppedDay else { return }
    func add(_ basis: SeriesKey.Basis, _ day: CivilDate, sketched: Bool) {
      let series = SeriesKey(
        basis: basis, commitment: row.key.commitment, versionFrom: row.versionFrom, dimensions: dimensions,
        outcome: row.outcome ?? "")
      cells[CellKey(series: series, day: day), default: CellSums()].add(row, sketched: sketched, times: sign)
    }
    add(.stop, stoppedDay, sketched: true)
    if let dueDay = row.dueDay { add(.due, dueDay, sketched: false) }
  }

  /// Adds the finished clocks of a case.
  mutating func add(_ clocks: [ClockRow], of row: CaseRow) {
    guard clocks.contains(where: { $0.verdict != nil }) else { return }
    let dimensions = row.dimensions
    for clock in clocks { add(clock, dimensions, times: 1) }
  }

  /// Adds other changes.
  mutating func add(_ other: MetricDelta) {
    for (key, sums) in other.cells { cells[key, default: CellSums()].add(sums, times: 1) }
  }

  /// The cells that really change.
  var changed: [CellKey: CellSums] { cells.filter { !$0.value.isZero } }
}
