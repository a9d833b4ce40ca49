import Glibc
import ServiceTime

/// Reads a feed's bytes from a file, a pipe or memory and hands out batches, in bounded memory.
///
/// Every line or row ends as an event, as a reject or among the blank ones; none is lost and none ends the reading.
/// One owner at a time: a reader is not for two tasks at once.
///
/// ```swift
/// let reader = BatchReader(feed: feed, descriptor: file.descriptor)
/// while let batch = try reader.next(now: clock.now) { try await ledger.append(batch) }
/// ```
public final class BatchReader {
  /// Fills the buffer and says with how many bytes; 0 at the end of the input.
  public typealias Source = (UnsafeMutableRawBufferPointer) throws(FeedReadError) -> Int

  private enum Format {
    case unknown
    case ndjson
    case csv
    case unreadable
  }

  /// A line longer than allowed, being passed.
  private struct Overlong {
    var head: [UInt8]
    var length: Int
    /// Whether the last byte so far is a carriage return, which belongs to the line break if that follows.
    var endsInReturn = false
  }

  private let source: Source
  private let maximumRecords: Int
  private let feed: FeedDescription
  private var buffer: InputBuffer
  private var format = Format.unknown
  private var ndjson: NDJSONDecoder
  private var csv: CSVDecoder
  private var unreadable = UnreadableDecoder(encoding: "")
  private var cursor = FeedCursor()
  private var overlong: Overlong?
  /// An error that came when a batch held something already; it is told at the next call.
  private var postponed: FeedReadError?

  /// A reader of any source; a batch holds at most `maximumRecords` events and rejects.
  public init(
    feed: FeedDescription, maximumRecords: Int = 5_000, chunkBytes: Int = FeedLimits.chunkBytes,
    source: @escaping Source
  ) {
    self.feed = feed
    self.source = source
    self.maximumRecords = max(1, maximumRecords)
    buffer = InputBuffer(chunk: chunkBytes)
    ndjson = NDJSONDecoder(feed: feed)
    csv = CSVDecoder(feed: feed)
  }

  /// A reader of an open file descriptor, which stays the caller's to close.
  public convenience init(feed: FeedDescription, maximumRecords: Int = 5_000, descriptor: Int32) {
    self.init(feed: feed, maximumRecords: maximumRecords) { room throws(FeedReadError) in
      try BatchReader.read(descriptor, room)
    }
  }

  /// A reader of bytes in memory, e.g. the body of a request.
  public convenience init(feed: FeedDescription, maximumRecords: Int = 5_000, bytes: [UInt8]) {
    var at = 0
    self.init(feed: feed, maximumRecords: maximumRecords) { room throws(FeedReadError) in
      let count = min(room.count, bytes.count - at)
      room.copyBytes(from: bytes[at..<at + count])
      at += count
      return count
    }
  }

  /// The next batch; nil at the end of the input.
  ///
  /// `now` is what times in the future are told by. It blocks while the source does.
  ///
  /// What was read before an error is handed out first; after an error reading may be tried again.
  public func next(now: Instant) throws(FeedReadError) -> FeedBatch? {
    if let error = postponed {
      postponed = nil
      throw error
    }
    if format == .unknown { try openInput() }
    var batch = FeedBatch()
    while !batch.isFull(maximumRecords) {
      let window = buffer.window
      if overlong != nil {
        passOverlong(window, into: &batch)
      } else {
        let taken = decode(window, now: now, into: &batch)
        buffer.take(taken)
        // What is left when nothing can be taken from more than a whole line is a line too long.
        if taken == 0, window.count > FeedLimits.lineBytes + 1 {
          overlong = Overlong(head: Array(window.prefix(FeedLimits.truncatedBytes)), length: 0)
          continue
        }
      }
      if batch.isFull(maximumRecords) { break }
      if buffer.isAtEnd {
        if buffer.window.isEmpty, overlong == nil { break }
        continue
      }
      do throws(FeedReadError) {
        try buffer.fill(source)
      } catch {
        guard batch.bytesRead > 0 else { throw error }
        postponed = error
        break
      }
    }
    if batch.bytesRead == 0 { return nil }
    batch.header = csv.header?.raw
    return batch
  }

  /// Whether all that the input held has been handed out, as far as is known without reading on.
  public var isAtEnd: Bool { buffer.isAtEnd && buffer.window.isEmpty && overlong == nil && postponed == nil }

  /// Bytes of room that the input takes, whatever its length.
  var bufferCapacity: Int { buffer.capacity }

  // MARK: Input

  /// Looks at the first bytes: passes a byte order mark and chooses the decoder.
  private func openInput() throws(FeedReadError) {
    while buffer.window.count < ByteOrderMark.longest, !buffer.isAtEnd { try buffer.fill(source) }
    switch ByteOrderMark.find(buffer.window) {
    case .utf8(let length):
      buffer.take(length)
      cursor.offset += length
      format = feed.format == .csv ? .csv : .ndjson
      if length > 0 { csv.sawMark() }
    case .unsupported(let name):
      unreadable = UnreadableDecoder(encoding: name)
      format = .unreadable
    }
  }

  private func decode(_ window: UnsafeBufferPointer<UInt8>, now: Instant, into batch: inout FeedBatch) -> Int {
    let isLast = buffer.isAtEnd
    switch format {
    case .csv:
      return csv.decode(
        window, isLast: isLast, now: now, maximumRecords: maximumRecords, cursor: &cursor, into: &batch)
    case .unreadable:
      return unreadable.decode(
        window, isLast: isLast, maximumRecords: maximumRecords, cursor: &cursor, into: &batch)
    case .unknown, .ndjson:
      return ndjson.decode(
        window, isLast: isLast, now: now, maximumRecords: maximumRecords, cursor: &cursor, into: &batch)
    }
  }

  /// Passes what the window holds of a line too long; at the line's end it becomes a reject.
  private func passOverlong(_ window: UnsafeBufferPointer<UInt8>, into batch: inout FeedBatch) {
    guard var line = overlong else { return }
    let newline = window.baseAddress.flatMap { memchr($0, 0x0A, window.count) }
    guard let newline, let base = window.baseAddress else {
      line.length += window.count
      if let last = window.last { line.endsInReturn = last == 0x0D }
      buffer.take(window.count)
      overlong = line
      if buffer.isAtEnd { endOverlong(line, lineBreak: 0, into: &batch) }
      return
    }
    let count = UnsafeRawPointer(newline) - UnsafeRawPointer(base)
    line.length += count
    if count > 0 { line.endsInReturn = window[count - 1] == 0x0D }
    buffer.take(count + 1)
    endOverlong(line, lineBreak: 1, into: &batch)
  }

  private func endOverlong(_ line: Overlong, lineBreak: Int, into batch: inout FeedBatch) {
    let length = line.endsInReturn ? line.length - 1 : line.length
    batch.rejects.append(.tooLarge(head: line.head, length: length, at: cursor, header: csv.header?.raw))
    batch.advance(&cursor, lines: 1, bytes: line.length + lineBreak)
    overlong = nil
  }

  private static func read(
    _ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer
  ) throws(FeedReadError) -> Int {
    while true {
      let count = Glibc.read(descriptor, room.baseAddress, room.count)
      if count >= 0 { return count }
      let number = errno
      switch number {
      case EINTR: continue
      case EAGAIN:
        // A descriptor that does not block: wait for it as a blocking one would.
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&wait, 1, -1)
      default: throw FeedReadError(operation: "read", errorNumber: number)
      }
    }
  }
}
