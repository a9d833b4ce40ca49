import Glibc

/// Refuses an input that is not what the feed reads: whole, as one record, for its lines mean nothing.
struct ForeignDecoder {
  let file: ForeignFile
  private let original: OriginalText
  private var kept: [UInt8] = []
  private var length = 0
  private var start: FeedCursor?

  init(_ file: ForeignFile, _ original: OriginalText) {
    self.file = file
    self.original = original
  }

  /// Takes the window in; at the input's end the batch gets the reject.
  mutating func decode(
    _ window: UnsafeBufferPointer<UInt8>, isLast: Bool, cursor: inout FeedCursor, into batch: inout FeedBatch
  ) -> Int {
    // The last byte waits for the end: a reader asks no more of an input that has none left.
    let count = isLast ? window.count : window.count - 1
    guard count > 0 else { return 0 }
    let start = self.start ?? cursor
    self.start = start
    let part = UnsafeBufferPointer(rebasing: window.prefix(count))
    kept += part.prefix(FeedLimits.lineBytes + 1 - kept.count)
    let used = original.length(of: part)
    length += used
    let breaks = part.count { $0 == 0x0A }
    batch.advance(&cursor, lines: isLast && part.last != 0x0A ? breaks + 1 : breaks, bytes: used)
    if isLast {
      let isWhole = length <= FeedLimits.lineBytes
      if !isWhole { kept.removeLast(max(0, kept.count - FeedLimits.truncatedBytes)) }
      batch.refuse(
        Reject(
          code: file.code, message: file.message,
          position: Reject.Position(line: start.line, byteOffset: start.offset),
          raw: kept.withUnsafeBufferPointer { original.bytes(of: $0) }, rawLength: length))
    }
    return count
  }
}
