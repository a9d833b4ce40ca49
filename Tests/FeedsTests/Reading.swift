import ServiceTime

@testable import Feeds

/// What a reader makes of an input, all its batches together.
struct Reading: Equatable {
  /// The moment at which all tests read.
  static let now = Instant(rfc3339: "2026-09-18T12:00:00Z") ?? .earliest

  var events: [Event] = []
  var rejects: [Reject] = []
  var lines = 0
  var blank = 0
  var bytes = 0
  /// The most records of a batch.
  var fullest = 0

  /// Reads bytes that arrive in chunks of a size.
  init(_ bytes: [UInt8], feed: FeedDescription, chunk: Int = 65_536, maximumRecords: Int = 5_000) throws {
    var at = 0
    let reader = BatchReader(feed: feed, maximumRecords: maximumRecords, chunkBytes: chunk) {
      room throws(FeedReadError) in
      let count = min(room.count, bytes.count - at)
      room.copyBytes(from: bytes[at..<at + count])
      at += count
      return count
    }
    while let batch = try reader.next(now: Reading.now) {
      events += batch.events
      rejects += batch.rejects
      lines += batch.linesRead
      blank += batch.blankLines
      self.bytes += batch.bytesRead
      fullest = max(fullest, batch.recordsRead)
    }
  }

  init(_ text: String, feed: FeedDescription = .native, chunk: Int = 65_536) throws {
    try self.init(Array(text.utf8), feed: feed, chunk: chunk)
  }

  /// What breaks the law that nothing is lost: every line is an event, a reject or blank, and every reject holds the
  /// bytes that stand at its place. Empty if all is well.
  ///
  /// A row of CSV over several lines is one record: there only the sum of lines and bytes is told.
  func losses(of input: [UInt8], mark: Int = 0, rows: Bool = false, lineBreak: UInt8 = 0x0A) -> [String] {
    var losses: [String] = []
    let body = input.dropFirst(mark)
    let breaks = body.count { $0 == lineBreak }
    let expected = body.isEmpty || body.last == lineBreak ? breaks : breaks + 1
    if lines != expected { losses.append("\(lines) lines read of \(expected)") }
    if bytes != body.count { losses.append("\(bytes) bytes read of \(body.count)") }
    if !rows, events.count + rejects.count + blank != lines {
      losses.append("\(events.count) events, \(rejects.count) rejects, \(blank) blank of \(lines) lines")
    }
    var end = mark
    for reject in rejects {
      let at = reject.position.byteOffset
      if at < end { losses.append("the reject at \(at) overlaps what ends at \(end)") }
      end = at + reject.rawLength
      guard end <= input.count, Array(input[at..<at + reject.raw.count]) == reject.raw else {
        losses.append("the reject at \(at) does not hold the bytes there")
        continue
      }
      let line = input[..<at].count { $0 == lineBreak } + 1
      if line != reject.position.line { losses.append("the reject on line \(line) says \(reject.position.line)") }
    }
    return losses
  }
}

extension FeedDescription {
  /// A feed of native NDJSON.
  static let native = FeedDescription(name: "native", source: "desk", format: .ndjson)

  /// A feed of CSV with the contract's own names.
  static let csv = FeedDescription(name: "table", source: "desk", format: .csv)
}

extension TimeZoneTable {
  static let shanghai = TimeZoneTable.fixed(name: "Asia/Shanghai", offset: 28_800)

  /// Central European time in 2026: the clocks go forward on 29 March and back on 25 October, at 01:00 UTC.
  static let amsterdam =
    TimeZoneTable(
      name: "Europe/Amsterdam",
      transitions: [Reading.seconds("2026-03-29T01:00:00Z"), Reading.seconds("2026-10-25T01:00:00Z")],
      offsets: [3_600, 7_200, 3_600]) ?? .utc
}

extension Reading {
  static func seconds(_ text: String) -> Int64 {
    (Instant(rfc3339: text)?.microseconds ?? 0) / 1_000_000
  }
}
