import ServiceTime

/// How a simulation reaches a feed: in order of time or shuffled, some events twice, in one part or several.
///
/// In order of time it is streamed, and an event's second copy follows the first. Shuffled, all lines are held in
/// memory and every order of them is as likely as any other.
public struct Delivery: Sendable {
  /// Some lines of one part.
  public struct Chunk: Sendable {
    /// The part, from 1; parts come one after another.
    public var part: Int
    /// Whole lines.
    public var bytes: [UInt8]
  }

  private let parts: Int
  private let duplicatePercent: Int
  /// How many lines there are; `Int.max` where nobody needs to know.
  private let total: Int
  private var events: ChronologicalEvents
  private var shuffled: ShuffledLines?
  private var encoder: EventLineEncoder
  private var random: RandomStream
  /// The line to be delivered once more.
  private var again: [UInt8]?
  private var delivered = 0
  private var part = 1

  /// A delivery of a simulation that has not begun yet.
  ///
  /// - Parameters:
  ///   - seed: of the order and of the copies.
  ///   - duplicatePercent: percent of the events delivered twice, 0 … 100.
  ///   - parts: number of parts of nearly equal length, at least 1; the last may be empty.
  public init(
    _ simulator: Simulator, zone: TimeZoneTable, seed: UInt64, shuffled: Bool = false, duplicatePercent: Int = 0,
    parts: Int = 1
  ) {
    self.parts = max(1, parts)
    self.duplicatePercent = duplicatePercent
    encoder = EventLineEncoder(zone: zone)
    // Streams of cases are numbered from 0 up, this one from the other end.
    random = RandomStream(seed: seed, stream: .max)
    events = ChronologicalEvents(simulator)
    if shuffled {
      let lines = ShuffledLines(events, &encoder, duplicatePercent: duplicatePercent, &random)
      total = lines.count
      self.shuffled = lines
    } else if self.parts > 1 {
      // Simulated once to count: cheaper than to hold everything.
      var dice = random
      total = events.reduce(0) { count, _ in count + (dice.chance(duplicatePercent * 10) ? 2 : 1) }
    } else {
      total = .max
    }
  }

  /// The next lines, about a megabyte; nil after the last part. A chunk may be empty, and an empty part is one.
  public mutating func next() -> Chunk? {
    guard part <= parts else { return nil }
    var chunk = Chunk(part: part, bytes: [])
    chunk.bytes.reserveCapacity(Delivery.chunkBytes + 4_096)
    let end = endOfPart()
    while delivered < end, chunk.bytes.count < Delivery.chunkBytes {
      guard appendLine(to: &chunk.bytes) else {
        part = parts + 1
        return chunk
      }
      delivered += 1
    }
    if delivered == end { part += 1 }
    return chunk
  }

  private static let chunkBytes = 1 << 20

  /// How many lines have been delivered when the part ends.
  private func endOfPart() -> Int { part == parts ? total : total / parts * part + total % parts * part / parts }

  private mutating func appendLine(to bytes: inout [UInt8]) -> Bool {
    if shuffled != nil {
      guard let line = shuffled?.next() else { return false }
      bytes.append(contentsOf: line)
      return true
    }
    if let line = again {
      bytes.append(contentsOf: line)
      again = nil
      return true
    }
    let start = bytes.count
    guard events.withNext({ encoder.append($0, to: &bytes) }) else { return false }
    if random.chance(duplicatePercent * 10) { again = Array(bytes[start...]) }
    return true
  }
}
