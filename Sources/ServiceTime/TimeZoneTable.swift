/// A time zone as a table of offsets, built once from TZif bytes; it reads no files and knows no clock.
public struct TimeZoneTable: Sendable, Equatable {
  /// IANA name, e.g. `Asia/Shanghai`.
  public let name: String
  /// Instants, in seconds since 1970 UTC, ascending, from which `offsets[i + 1]` holds.
  let transitions: [Int64]
  /// Seconds east of UTC; one more than there are transitions.
  let offsets: [Int32]
  /// The offset, where it never changes within the handled range.
  let fixed: Int32?
  /// From when on, in microseconds since 1970 UTC, an offset holds for good; most zones have one such offset by now.
  private let settledFrom: Int64
  private let settledOffset: Int32

  /// A table of transitions in seconds since 1970 UTC, ascending, and one offset more in seconds east of UTC.
  public init?(name: String, transitions: [Int64], offsets: [Int32]) {
    guard offsets.count == transitions.count + 1, zip(transitions, transitions.dropFirst()).allSatisfy(<)
    else { return nil }
    self.init(checkedName: name, transitions, offsets)
  }

  init(checkedName name: String, _ transitions: [Int64], _ offsets: [Int32]) {
    self.name = name
    // What came before the handled range is of no use, and the search is shorter without it.
    let stale = transitions.prefix { $0 < Instant.earliest.microseconds / 1_000_000 - 86_400 }.count
    self.transitions = Array(transitions.dropFirst(stale))
    self.offsets = Array(offsets.dropFirst(stale))
    self.fixed = Set(self.offsets).count == 1 ? self.offsets.first : nil
    settledFrom = (self.transitions.last ?? .min / 1_000_000) * 1_000_000
    settledOffset = self.offsets.last ?? 0
  }

  /// Coordinated universal time.
  public static let utc = TimeZoneTable(checkedName: "UTC", [], [0])
  /// A zone with one offset, in seconds east of UTC.
  public static func fixed(name: String, offset: Int32) -> TimeZoneTable {
    TimeZoneTable(checkedName: name, [], [offset])
  }

  var isUTC: Bool { fixed == 0 }

  /// Seconds east of UTC at an instant.
  @inline(__always)
  public func offset(at instant: Instant) -> Int32 {
    if instant.microseconds >= settledFrom { return settledOffset }
    return offset(atSecond: instant.microseconds.flooredQuotient(1_000_000))
  }

  func offset(atSecond second: Int64) -> Int32 {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= second { low = middle + 1 } else { high = middle }
    }
    return offsets[low]
  }

  /// The wall clock's reading at an instant.
  @inline(__always)
  public func local(_ instant: Instant) -> LocalTime {
    LocalTime(microseconds: instant.microseconds + Int64(offset(at: instant)) * 1_000_000)
  }

  /// The local date of an instant.
  @inline(__always)
  public func date(of instant: Instant) -> CivilDate { local(instant).date }

  /// The instant of a wall-clock reading: a reading that does not exist moves forward by the gap, one that
  /// exists twice is the first.
  public func instant(_ local: LocalTime) -> Instant {
    if let fixed { return Instant(microseconds: local.microseconds - Int64(fixed) * 1_000_000) }
    let second = local.microseconds.flooredQuotient(1_000_000)
    // The offsets that can be meant are those in force a day before and a day after the reading taken as UTC.
    let before = offset(atSecond: second - 86_400)
    let after = offset(atSecond: second + 86_400)
    let first = Instant(microseconds: local.microseconds - Int64(before) * 1_000_000)
    if offset(at: first) == before { return first }
    let second2 = Instant(microseconds: local.microseconds - Int64(after) * 1_000_000)
    if offset(at: second2) == after { return second2 }
    // In a gap: reckoned with the offset before it, the reading lands after it, moved forward by its length.
    return first
  }
}
