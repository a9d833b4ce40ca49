import ServiceTime

/// The key of a metric cell.
struct CellKey: Hashable, Sendable {
  enum Basis: String, Sendable { case stop, due }
  var basis: Basis
  var day: CivilDate
  var commitment: String
  var versionFrom: CivilDate
  var dimensions: Dimensions
  var outcome: String
}

/// What a set of finished clocks adds to a cell: counts and sums, all linear, so that it can be taken off again.
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
  /// How many fell into each bucket of the duration sketch.
  var countedBuckets: [Int32: Int64] = [:]
  var workingBuckets: [Int32: Int64] = [:]

  var isZero: Bool {
    finished == 0 && onTime == 0 && late == 0 && premature == 0 && early == 0 && countedDays == 0 && working == 0
      && elapsed == 0 && paused == 0 && overrun == 0 && countedBuckets.isEmpty && workingBuckets.isEmpty
  }

  mutating func add(_ row: ClockRow, times sign: Int64) {
    finished += sign
    switch row.verdict {
    case .onTime: onTime += sign
    case .late: late += sign
    case .premature: premature += sign
    case nil: break
    }
    if row.early { early += sign }
    countedDays += sign * Int64(row.measures.countedDays)
    working += sign * row.measures.working
    elapsed += sign * row.measures.elapsed
    paused += sign * row.measures.paused
    overrun += sign * (row.overrun?.time ?? 0)
    CellSums.count(&countedBuckets, DurationSketch.bucket(of: Int64(row.measures.countedDays)), sign)
    CellSums.count(&workingBuckets, DurationSketch.bucket(of: row.measures.working), sign)
  }

  /// Adds other sums.
  mutating func add(_ other: CellSums) {
    finished += other.finished
    onTime += other.onTime
    late += other.late
    premature += other.premature
    early += other.early
    countedDays += other.countedDays
    working += other.working
    elapsed += other.elapsed
    paused += other.paused
    overrun += other.overrun
    for (bucket, count) in other.countedBuckets { CellSums.count(&countedBuckets, bucket, count) }
    for (bucket, count) in other.workingBuckets { CellSums.count(&workingBuckets, bucket, count) }
  }

  /// Takes other sums off.
  mutating func subtract(_ other: CellSums) {
    finished -= other.finished
    onTime -= other.onTime
    late -= other.late
    premature -= other.premature
    early -= other.early
    countedDays -= other.countedDays
    working -= other.working
    elapsed -= other.elapsed
    paused -= other.paused
    overrun -= other.overrun
    for (bucket, count) in other.countedBuckets { CellSums.count(&countedBuckets, bucket, -count) }
    for (bucket, count) in other.workingBuckets { CellSums.count(&workingBuckets, bucket, -count) }
  }

  private static func count(_ buckets: inout [Int32: Int64], _ bucket: Int32, _ sign: Int64) {
    let count = buckets[bucket, default: 0] + sign
    buckets[bucket] = count == 0 ? nil : count
  }
}

/// Changes of the metric cells, gathered over a batch.
struct MetricDelta: Sendable {
  private(set) var cells: [CellKey: CellSums] = [:]

  /// Adds a finished clock (`sign` 1) or takes it off again (−1); clocks without a verdict are in no cell.
  mutating func add(_ row: ClockRow, _ dimensions: Dimensions, times sign: Int64) {
    guard row.verdict != nil, let stoppedDay = row.stoppedDay else { return }
    var key = CellKey(
      basis: .stop, day: stoppedDay, commitment: row.key.commitment, versionFrom: row.versionFrom,
      dimensions: dimensions, outcome: row.outcome ?? "")
    cells[key, default: CellSums()].add(row, times: sign)
    if let dueDay = row.dueDay {
      key.basis = .due
      key.day = dueDay
      cells[key, default: CellSums()].add(row, times: sign)
    }
  }

  /// Adds other changes.
  mutating func add(_ other: MetricDelta) {
    for (key, sums) in other.cells { cells[key, default: CellSums()].add(sums) }
  }

  /// The cells that really change.
  var changed: [CellKey: CellSums] { cells.filter { !$0.value.isZero } }
}
