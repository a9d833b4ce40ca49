import ServiceTime

/// Reads what comes in memory, such as the bodies of requests: lines of JSON, or CloudEvents 1.0 in JSON.
///
/// One reader serves many bodies; what it has learnt of the feed's fields is kept.
public struct BodyReader {
  /// How a body is written.
  public enum Form: Sendable, Equatable {
    /// A JSON object a line.
    case lines
    /// CloudEvents, and where in the body each stands; see `CloudEventBody`.
    case cloudEvents([Range<Int>])
  }

  /// The feed whose bodies it reads.
  public let feed: FeedDescription
  private var lines: NDJSONDecoder
  private var cloudEvents: NDJSONDecoder

  /// A reader; the feed's mapping, defaults and `keep` hold for lines and for the data of CloudEvents.
  public init(feed: FeedDescription) {
    self.feed = feed
    lines = NDJSONDecoder(feed: feed)
    cloudEvents = NDJSONDecoder(cloudEventsOf: feed)
  }

  /// Reads a body of at most `FeedLimits.batchBytes` bytes to its end.
  ///
  /// `now` is what times in the future are told by. The line of a CloudEvent is its number in the body, from 1.
  public mutating func read(_ body: [UInt8], _ form: Form, now: Instant) -> FeedBatch {
    switch form {
    case .cloudEvents(let places): readCloudEvents(body, at: places, now: now)
    case .lines where isPlain(body): readLines(body, now: now)
    case .lines: readAnything(body, now: now)
    }
  }

  /// Whether a body begins as lines of JSON do: with a brace, and not in UTF-16.
  private func isPlain(_ body: [UInt8]) -> Bool {
    body.count >= 2 && body.count < FeedLimits.batchBytes && body[0] == UInt8(ascii: "{") && body[1] != 0
  }

  private mutating func readLines(_ body: [UInt8], now: Instant) -> FeedBatch {
    var batch = FeedBatch()
    var cursor = FeedCursor()
    body.withUnsafeBufferPointer { bytes in
      _ = lines.decode(
        bytes, isLast: true, now: now, maximumRecords: .max, cursor: &cursor, into: &batch)
    }
    return batch
  }

  /// Reads what may be in another encoding or no text at all, as a file would be read.
  private func readAnything(_ body: [UInt8], now: Instant) -> FeedBatch {
    let reader = BatchReader(feed: feed, maximumRecords: .max, bytes: body)
    // Memory does not fail to be read.
    return (try? reader.next(now: now)) ?? FeedBatch()
  }

  private mutating func readCloudEvents(_ body: [UInt8], at places: [Range<Int>], now: Instant) -> FeedBatch {
    var batch = FeedBatch()
    body.withUnsafeBufferPointer { bytes in
      for (index, place) in places.enumerated() {
        cloudEvents.decodeCloudEvent(
          UnsafeBufferPointer(rebasing: bytes[place]), at: FeedCursor(line: index + 1, offset: place.lowerBound),
          now: now, into: &batch)
      }
    }
    batch.bytesRead = body.count
    batch.linesRead = places.count
    batch.endOffset = body.count
    return batch
  }
}
