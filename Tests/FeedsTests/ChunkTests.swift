import ServiceTime
import Testing

@testable import Feeds

/// The chunks and batches in which an input is read change nothing, and its length takes no memory.
@Suite struct ChunkTests {
  static let ndjson: [UInt8] = {
    var input: [UInt8] = [0xEF, 0xBB, 0xBF]
    for number in 0..<30 {
      input += Array(
        NDJSONRejectTests.event("\"event_id\":\"\(number)\",\"entity_name\":\"文昌\\ud83d\\ude00\"").utf8)
      input += number % 3 == 0 ? [0x0D, 0x0A] : [0x0A]
      if number % 4 == 0 { input += Array("{\"case_id\":\"\\u00\",\n\r\n  \nnot JSON \u{1F600}\n".utf8) }
      if number % 7 == 0 { input += [0x7B, 0xE4, 0xB8, 0x0A] }
    }
    return input + Array(NDJSONRejectTests.event("").utf8)
  }()

  static let csv: [UInt8] = {
    var input = Array("\u{FEFF}\r\n\(CSVRejectTests.header),entity_name\r\n".utf8)
    for number in 0..<20 {
      input += Array("\"c-\(number)\",accepted,\(CSVRejectTests.time),,,,,,,\"文昌 \"\"\(number)\"\"\r\n甲\"\r\n".utf8)
      if number % 4 == 0 { input += Array("\"a\"b,c\n\n\"\n\",\n,,,\nc\"d\n,,,,,,,,,\r\n".utf8) }
      if number % 7 == 0 { input += [0x61, 0x2C, 0xE4, 0xB8, 0x0A] }
    }
    return input + Array("\"c\",accepted,\(CSVRejectTests.time),,,,,,,\"open\n\n\n".utf8)
  }()

  static let utf16: [UInt8] =
    [0xFF, 0xFE] + "{\"a\":1}\n\n{}\n".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }

  @Test(arguments: [1, 2, 3, 7, 4_096])
  func chunksChangeNothing(_ chunk: Int) throws {
    for (input, feed) in [
      (ChunkTests.ndjson, FeedDescription.native), (ChunkTests.csv, .csv), (ChunkTests.utf16, .native),
    ] {
      let whole = try Reading(input, feed: feed, chunk: 1 << 20)
      let chunked = try Reading(input, feed: feed, chunk: chunk)
      #expect(whole == chunked)
      #expect(!whole.rejects.isEmpty)
    }
  }

  @Test(arguments: [1, 2, 5, 50])
  func batchesChangeNothing(_ most: Int) throws {
    for (input, feed) in [
      (ChunkTests.ndjson, FeedDescription.native), (ChunkTests.csv, .csv), (ChunkTests.utf16, .native),
    ] {
      for chunk in [3, 65_536] {
        let whole = try Reading(input, feed: feed)
        var parts = try Reading(input, feed: feed, chunk: chunk, maximumRecords: most)
        #expect(parts.fullest <= most)
        parts.fullest = whole.fullest
        #expect(whole == parts)
      }
    }
  }

  /// What ends a row may fall into another chunk than its text, at the limit of a row's length too.
  @Test func chunksChangeNothingAtTheLimit() throws {
    let limit = FeedLimits.lineBytes
    for length in limit...limit + 1 {
      for lineBreak in ["\n", "\r\n", "\r"] {
        let row = "c,\"\n" + String(repeating: "x", count: length - 5) + "\""
        let rows = "case_id,note\n" + row + lineBreak + "c,d\n"
        // One chunk ends within the line break, or just before it.
        let end = rows.utf8.count - 4 - lineBreak.utf8.count
        let whole = try Reading(rows, feed: .csv, chunk: 4 << 20)
        for chunk in [end, end + 1, 4_096] {
          let reading = try Reading(rows, feed: .csv, chunk: chunk)
          #expect(reading.rejects.map(\.message) == whole.rejects.map(\.message), "\(length) \(chunk)")
          #expect(reading == whole)
        }
        let message = whole.rejects.first?.message ?? ""
        #expect(message.hasPrefix("A quote that this row opens is not closed") == (length > limit))
      }
    }
  }

  /// A line that is passed in pieces and one that is seen whole are told of alike.
  @Test func chunksChangeNothingPastTheLimit() throws {
    let filler = String(repeating: "x", count: FeedLimits.lineBytes + 10_000)
    for feed in [FeedDescription.native, .csv] {
      for lineBreak in ["\n", "\r\n", "\r", ""] {
        let input = "case_id,type,occurred_at\n" + filler + lineBreak
        let whole = try Reading(input, feed: feed, chunk: 4 << 20)
        for chunk in [4_096, FeedLimits.lineBytes + 10_026] {
          #expect(try Reading(input, feed: feed, chunk: chunk) == whole)
        }
        #expect(whole.rejects.last?.code == .tooLarge)
        #expect(whole.losses(of: Array(input.utf8)) == [])
      }
    }
  }

  @Test func anEndlessLineTakesNoMemory() throws {
    for (head, feed) in [("{\"a\":\"", FeedDescription.native), ("case_id,type\n\"", .csv), ("case_id,", .csv)] {
      var left = 64 << 20
      var isFirst = true
      let reader = BatchReader(feed: feed) { room throws(FeedReadError) in
        if isFirst {
          isFirst = false
          room.copyBytes(from: head.utf8)
          return head.utf8.count
        }
        let count = min(room.count, left)
        room[..<count].initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "x"))
        left -= count
        return count
      }
      var length = 0
      while let batch = try reader.next(now: Reading.now) {
        #expect(batch.events.isEmpty)
        for reject in batch.rejects {
          #expect(reject.code == .tooLarge)
          #expect(reject.raw.count == FeedLimits.truncatedBytes)
          length += reject.rawLength
        }
      }
      #expect(length >= 64 << 20)
      #expect(reader.bufferCapacity <= 4 << 20)
    }
  }

  @Test func aLongStreamTakesNoMemory() throws {
    let line = Array((NDJSONRejectTests.event("") + "\n").utf8)
    var left = 100_000
    let reader = BatchReader(feed: .native, maximumRecords: 1_000) { room throws(FeedReadError) in
      guard left > 0 else { return 0 }
      left -= 1
      room.copyBytes(from: line)
      return line.count
    }
    var count = 0
    while let batch = try reader.next(now: Reading.now) {
      #expect(batch.events.count == 1_000)
      count += batch.events.count
    }
    #expect(count == 100_000)
    #expect(reader.bufferCapacity <= 1 << 20)
  }

  /// Blank lines do not fill a batch, but their bytes do.
  @Test func aBatchOfBlankLinesEnds() throws {
    var left = FeedLimits.batchBytes * 2
    let reader = BatchReader(feed: .native) { room throws(FeedReadError) in
      let count = min(room.count, left)
      room[..<count].initializeMemory(as: UInt8.self, repeating: 0x0A)
      left -= count
      return count
    }
    let batch = try #require(try reader.next(now: Reading.now))
    #expect(batch.blankLines == batch.linesRead)
    #expect(batch.bytesRead < FeedLimits.batchBytes + FeedLimits.chunkBytes * 2)
  }

  /// What was read before an error of the source is handed out, and reading goes on after it.
  @Test func errorsLoseNothing() throws {
    let line = Array((NDJSONRejectTests.event("") + "\n").utf8)
    var calls = 0
    let reader = BatchReader(feed: .native) { room throws(FeedReadError) in
      calls += 1
      if calls % 3 == 0 { throw FeedReadError(operation: "read", errorNumber: 5) }
      guard calls < 10 else { return 0 }
      room.copyBytes(from: line)
      return line.count
    }
    var count = 0
    var errors = 0
    while true {
      do {
        guard let batch = try reader.next(now: Reading.now) else { break }
        count += batch.events.count
      } catch {
        errors += 1
        #expect(error.description == "read: Input/output error")
      }
    }
    #expect(count == 6)
    #expect(errors == 3)
  }

  @Test func endOffsetIsWhereToGoOn() throws {
    let reader = BatchReader(feed: .native, maximumRecords: 1, bytes: ChunkTests.ndjson)
    while let batch = try reader.next(now: Reading.now) {
      let at = batch.endOffset
      #expect(at == ChunkTests.ndjson.count || ChunkTests.ndjson[at - 1] == 0x0A)
    }
  }
}
