/// How many clocks fell into each bucket of the duration sketch: the buckets that hold any, ascending, for they are few.
struct SketchCounts: Sendable, Equatable {
  private struct Entry: Equatable {
    var bucket: Int32
    var count: Int64
  }

  private var entries: [Entry] = []

  /// No clock at all.
  init() {}

  /// What a column holds: bucket × 2³² + count, ascending; of several of a bucket the sum.
  init(_ column: [Int64?]?) {
    guard let column else { return }
    entries.reserveCapacity(column.count)
    for case let entry? in column { add(Int32(entry >> 32), entry & 0xffff_ffff) }
  }

  /// As its column holds it; nil where it is empty.
  var column: [Int64]? {
    // None is below nothing, unless somebody damaged the cell, which `verify` tells.
    let held = entries.filter { $0.count > 0 }.map { Int64($0.bucket) << 32 | min($0.count, 0xffff_ffff) }
    return held.isEmpty ? nil : held
  }

  var isEmpty: Bool { entries.isEmpty }

  /// Adds so many clocks to a bucket; below nothing takes them off.
  mutating func add(_ bucket: Int32, _ count: Int64) {
    var place = entries.count
    while place > 0, entries[place - 1].bucket > bucket { place -= 1 }
    if place > 0, entries[place - 1].bucket == bucket {
      entries[place - 1].count &+= count
      if entries[place - 1].count == 0 { entries.remove(at: place - 1) }
    } else if count != 0 {
      entries.insert(Entry(bucket: bucket, count: count), at: place)
    }
  }

  /// Adds another's clocks (`sign` 1), or takes them off (−1).
  mutating func add(_ other: SketchCounts, times sign: Int64) {
    for entry in other.entries { add(entry.bucket, sign &* entry.count) }
  }
}
