import Glibc

/// Refuses every line of an input whose encoding is not read, so that none goes missing.
struct UnreadableDecoder {
  let encoding: String

  mutating func decode(
    _ window: UnsafeBufferPointer<UInt8>, isLast: Bool, maximumRecords: Int,
    cursor: inout FeedCursor, into batch: inout FeedBatch
  ) -> Int {
    guard let base = window.baseAddress else { return 0 }
    var at = 0
    while at < window.count, !batch.isFull(maximumRecords) {
      let left = window.count - at
      var length = left
      var used = left
      if let newline = memchr(base + at, 0x0A, left) {
        length = UnsafeRawPointer(newline) - UnsafeRawPointer(base + at)
        used = length + 1
      } else if !isLast {
        break
      }
      let line = Array(UnsafeBufferPointer(start: base + at, count: length))
      batch.refuse(
        Reject(
          code: .badEncoding, message: "The file is \(encoding): save or send it as UTF-8.",
          position: Reject.Position(line: cursor.line, byteOffset: cursor.offset),
          raw: line.count > FeedLimits.lineBytes ? Array(line.prefix(FeedLimits.truncatedBytes)) : line,
          rawLength: line.count))
      batch.advance(&cursor, lines: 1, bytes: used)
      at += used
    }
    return at
  }
}
