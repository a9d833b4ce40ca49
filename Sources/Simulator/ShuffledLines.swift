import ServiceTime

/// All lines of a simulation in any order, some of them twice.
struct ShuffledLines: Sendable {
  private var bytes: [UInt8] = []
  /// Where every line ends.
  private var ends: [Int] = []
  /// Lines by number, in the order of delivery.
  private var order: [Int] = []
  private var at = 0

  /// Encodes every event, takes `duplicatePercent` of them twice and shuffles them (Fisher and Yates).
  init(
    _ events: ChronologicalEvents, _ encoder: inout EventLineEncoder, duplicatePercent: Int,
    _ random: inout RandomStream
  ) {
    var events = events
    while events.withNext({ encoder.append($0, to: &bytes) }) {
      order.append(ends.count)
      if random.chance(duplicatePercent * 10) { order.append(ends.count) }
      ends.append(bytes.count)
    }
    for last in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(last, random.below(last + 1)) }
  }

  /// How many lines there are, copies included.
  var count: Int { order.count }

  /// The next line with its line feed; nil after the last.
  mutating func next() -> ArraySlice<UInt8>? {
    guard at < order.count else { return nil }
    let line = order[at]
    at += 1
    return bytes[(line == 0 ? 0 : ends[line - 1])..<ends[line]]
  }
}
