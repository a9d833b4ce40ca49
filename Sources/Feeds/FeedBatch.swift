import ServiceTime

/// What one step of reading gave: events in the order of the input, and what was refused beside them.
public struct FeedBatch: Sendable, Equatable {
  /// The events.
  public var events: [Event] = []
  /// Where each event stands in the input, in step with `events`.
  private(set) var places: [EventPlace] = []
  /// The bytes of all events' lines and rows, one after the other.
  private(set) var text: [UInt8] = []
  /// The header row that CSV rows need to be read again, as in a reject; nil for NDJSON.
  public internal(set) var header: [UInt8]?
  /// The lines and rows that are none.
  public private(set) var rejects: [Reject] = []
  /// Bytes of them that quarantine stores.
  private var refusedBytes = 0
  /// Input bytes behind this batch.
  public var bytesRead = 0
  /// Line breaks behind this batch, and a last line without one.
  public var linesRead = 0
  /// Lines or rows that say nothing: blank, or a CSV file's header and what stands above it.
  public var blankLines = 0
  /// Bytes of the input up to the end of this batch: a place to go on from for NDJSON.
  public var endOffset = 0

  /// An empty batch.
  public init() {}

  /// Lines or rows that were events or rejects.
  public var recordsRead: Int { events.count + rejects.count }

  /// An event's line or row as it came, without its line break, and where it stands.
  public func original(ofEvent index: Int) -> (position: Reject.Position, bytes: [UInt8]) {
    let place = places[index]
    return (Reject.Position(line: place.line, byteOffset: place.byteOffset), Array(text[place.start..<place.end]))
  }

  /// Takes an event in with its line or row.
  @inline(__always)
  mutating func append(_ event: Event, from line: UnsafeBufferPointer<UInt8>, at cursor: FeedCursor) {
    places.append(place(of: line, at: cursor))
    events.append(event)
  }

  /// Takes several events in that one line or row tells.
  mutating func append(_ several: [Event], from line: UnsafeBufferPointer<UInt8>, at cursor: FeedCursor) {
    let place = place(of: line, at: cursor)
    for event in several {
      places.append(place)
      events.append(event)
    }
  }

  @inline(__always)
  private mutating func place(of line: UnsafeBufferPointer<UInt8>, at cursor: FeedCursor) -> EventPlace {
    let start = text.count
    text.append(contentsOf: line)
    return EventPlace(line: cursor.line, byteOffset: cursor.offset, start: start, end: text.count)
  }

  /// Takes a line or row in that is no event.
  mutating func refuse(_ reject: Reject) {
    rejects.append(reject)
    refusedBytes += reject.raw.count + (reject.header?.count ?? 0)
  }

  /// Makes room for as much as another batch took.
  mutating func reserve(like other: (events: Int, bytes: Int)) {
    events.reserveCapacity(other.events)
    places.reserveCapacity(other.events)
    text.reserveCapacity(other.bytes)
  }

  /// What another like it would need room for.
  var room: (events: Int, bytes: Int) { (places.count, text.count) }

  /// Whether the batch holds as much as one may. Any event may turn out to be a conflict, and go to quarantine too.
  @inline(__always)
  func isFull(_ maximumRecords: Int) -> Bool {
    events.count + rejects.count >= maximumRecords || bytesRead >= FeedLimits.batchBytes
      || refusedBytes + events.count * (header?.count ?? 0) >= FeedLimits.quarantineBytes
  }

  /// Counts lines that have been read.
  @inline(__always)
  mutating func advance(_ cursor: inout FeedCursor, lines: Int, bytes: Int) {
    cursor.line += lines
    cursor.offset += bytes
    linesRead += lines
    bytesRead += bytes
    endOffset = cursor.offset
  }
}

/// Where an event stands in its input.
struct EventPlace: Sendable, Equatable {
  /// Line number from 1; of a row over several lines the first.
  var line: Int
  /// Bytes of the input before it.
  var byteOffset: Int
  /// Where its bytes begin in the batch's text; events of one row have them in common.
  var start: Int
  /// Where its bytes end in the batch's text.
  var end: Int
}
