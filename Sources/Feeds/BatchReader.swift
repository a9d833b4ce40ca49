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
    case foreign
  }

  /// A line longer than allowed, being passed.
  private struct Overlong {
    var head: [UInt8]
    /// In the input.
    var length: Int
    /// In the text that the decoders see.
    var textLength = 0
    /// Whether the last byte so far is a carriage return, which belongs to the line break if that follows.
    var endsInReturn = false
  }

  private let source: Source
  private let maximumRecords: Int
  private let feed: FeedDescription
  private var buffer: InputBuffer
  private var format = Format.unknown
  private var ndjson: NDJSONDecoder
  private(set) var csv: CSVDecoder
  private var unreadable = UnreadableDecoder(encoding: "")
  private(set) var foreign: ForeignDecoder?
  /// Where the input is UTF-16.
  private var transcoder: UTF16Transcoder?
  /// What the input's byte order mark tells.
  private(set) var mark: ByteOrderMark?
  private var cursor = FeedCursor()
  private var overlong: Overlong?
  /// What the last batch took.
  private var room = (events: 0, bytes: 0)
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
    if !isAtEnd { batch.reserve(like: room) }
    batch.header = csv.keptHeader
    while !batch.isFull(maximumRecords) {
      let window = buffer.window
      if overlong != nil {
        passOverlong(window, into: &batch)
      } else {
        let taken = decode(window, now: now, into: &batch)
        buffer.take(taken)
        // What is left when nothing can be taken from more than a whole line is a line too long.
        if taken == 0, window.count > FeedLimits.lineBytes + 1 {
          let head = UnsafeBufferPointer(rebasing: window.prefix(FeedLimits.truncatedBytes))
          overlong = Overlong(head: original.bytes(of: head), length: 0)
          continue
        }
      }
      if batch.isFull(maximumRecords) { break }
      if buffer.isAtEnd {
        if buffer.window.isEmpty, overlong == nil { break }
        continue
      }
      do throws(FeedReadError) {
        try fill()
      } catch {
        guard batch.bytesRead > 0 else { throw error }
        postponed = error
        break
      }
    }
    if batch.bytesRead == 0 { return nil }
    batch.header = csv.keptHeader
    room = batch.room
    return batch
  }

  /// Whether all that the input held has been handed out, as far as is known without reading on.
  public var isAtEnd: Bool { buffer.isAtEnd && buffer.window.isEmpty && overlong == nil && postponed == nil }

  /// Has the cells of each CSV row shown that could be taken apart, with the header above it.
  func watchRows(_ body: @escaping (CSVHeader, [CSVScanner.Cell]) -> Void) { csv.onRow = body }

  /// Bytes of room that the input takes, whatever its length.
  var bufferCapacity: Int { buffer.capacity }

  // MARK: Input

  private func fill() throws(FeedReadError) {
    guard let transcoder else { return try buffer.fill(source) }
    let source = source
    try buffer.fill { room throws(FeedReadError) in try transcoder.read(room, from: source) }
  }

  /// What the text that the decoders see was in the input.
  private var original: OriginalText { csv.original }

  /// Looks at the first bytes: passes a byte order mark and chooses the decoder.
  ///
  /// How much it looks at does not depend on the chunks in which the bytes arrive.
  private func openInput() throws(FeedReadError) {
    let isCSV = feed.format == .csv
    // Where reading failed and is tried again, the beginning of UTF-16 is text already.
    if transcoder == nil {
      try seeMark()
      guard format == .unknown else { return }
    }
    if transcoder != nil {
      while buffer.window.count < FeedLimits.headBytes, !buffer.isAtEnd { try fill() }
    }
    let text = UnsafeBufferPointer(rebasing: buffer.window.prefix(FeedLimits.headBytes))
    if isCSV, let file = ForeignFile.markup(text) { return refuse(file) }
    format = isCSV ? .csv : .ndjson
  }

  /// Passes the byte order mark, and refuses what is not read at all.
  private func seeMark() throws(FeedReadError) {
    let isCSV = feed.format == .csv
    try see(isCSV ? FeedLimits.headBytes : ForeignFile.longest)
    // What tells kinds of archives apart stands further behind.
    if ForeignFile.binary(buffer.window) != nil { try see(FeedLimits.headBytes) }
    let head = UnsafeBufferPointer(rebasing: buffer.window.prefix(FeedLimits.headBytes))
    if let file = ForeignFile.binary(head) { return refuse(file) }
    mark = ByteOrderMark.find(head)
    var order: UTF16Order?
    switch mark {
    case .utf16(let told): order = told
    case .utf32: return refuse(.utf32)
    case .utf8, .gb18030: break
    case nil: order = unmarkedOrder(head)
    }
    if let order, !isCSV {
      unreadable = UnreadableDecoder(encoding: order.name)
      format = .unreadable
      return
    }
    // NDJSON is UTF-8: the mark of another is no JSON.
    if let mark, isCSV || mark == .utf8 {
      buffer.take(mark.bytes.count)
      cursor.offset += mark.bytes.count
      csv.sawMark(mark == .gb18030 ? .gb18030 : .utf8)
    }
    if let order {
      csv.sawMark(.utf8)
      csv.original = .utf16(order)
      transcoder = UTF16Transcoder(order: order, head: buffer.window)
      buffer.reopen()
    }
  }

  /// Reads until the window holds so many bytes, if the input has them.
  private func see(_ count: Int) throws(FeedReadError) {
    while buffer.window.count < count, !buffer.isAtEnd { try buffer.fill(source) }
  }

  private func unmarkedOrder(_ head: UnsafeBufferPointer<UInt8>) -> UTF16Order? {
    switch feed.encoding {
    case .utf16LittleEndian: return .little
    case .utf16BigEndian: return .big
    case .auto: break
    case .utf8, .gb18030: return nil
    }
    if feed.format == .csv { return EncodingGuess.utf16(head) }
    // A line of JSON begins with two characters of ASCII.
    guard head.count >= 4 else { return nil }
    if head[0] != 0, head[1] == 0, head[2] != 0, head[3] == 0 { return .little }
    return head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0 ? .big : nil
  }

  private func refuse(_ file: ForeignFile) {
    foreign = ForeignDecoder(file, original)
    format = .foreign
  }

  private func decode(_ window: UnsafeBufferPointer<UInt8>, now: Instant, into batch: inout FeedBatch) -> Int {
    let isLast = buffer.isAtEnd
    switch format {
    case .foreign:
      return foreign?.decode(window, isLast: isLast, cursor: &cursor, into: &batch) ?? 0
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
    let lineBreak = csv.layout?.lineBreak ?? 0x0A
    let newline = window.baseAddress.flatMap { memchr($0, Int32(lineBreak), window.count) }
    guard let newline, let base = window.baseAddress else {
      line.length += original.length(of: window)
      line.textLength += window.count
      if let last = window.last { line.endsInReturn = last == 0x0D }
      buffer.take(window.count)
      overlong = line
      if buffer.isAtEnd { endOverlong(line, lineBreak: 0, into: &batch) }
      return
    }
    let count = UnsafeRawPointer(newline) - UnsafeRawPointer(base)
    line.length += original.length(of: UnsafeBufferPointer(rebasing: window[..<count]))
    line.textLength += count
    if count > 0 { line.endsInReturn = window[count - 1] == 0x0D }
    buffer.take(count + 1)
    endOverlong(line, lineBreak: original == .same ? 1 : 2, into: &batch)
  }

  private func endOverlong(_ line: Overlong, lineBreak: Int, into batch: inout FeedBatch) {
    let returnLength = !line.endsInReturn ? 0 : original == .same ? 1 : 2
    batch.refuse(
      csv.tooLarge(
        head: line.head, length: line.length - returnLength, text: line.textLength - (line.endsInReturn ? 1 : 0),
        at: cursor))
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
