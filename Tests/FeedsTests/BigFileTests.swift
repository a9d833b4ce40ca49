import Foundation
import ServiceTime
import Testing

@testable import Feeds

/// A file's length takes no memory: it comes through a pipe. How much the whole program takes is seen from outside,
/// where `feed check` is tested; here only where the number of megabytes is given, for this suite alone:
/// `BIZCLOCK_BIG_FILE_MEGABYTES=5000 swift test --filter BigFileTests`.
@Suite(.serialized) struct BigFileTests {
  static let asked = ProcessInfo.processInfo.environment["BIZCLOCK_BIG_FILE_MEGABYTES"].flatMap { Int($0) }
  static var megabytes: Int { asked ?? 4 }

  /// Bytes of this process in memory, at most so far.
  static func highWater() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return (Int(line.filter(\.isNumber)) ?? 0) << 10
  }

  static let block: @Sendable (SpreadsheetTests.Form, Int) -> [UInt8] = { form, number in
    var text = ""
    for row in 0..<2_000 {
      text += "KB\(number)-\(row),2026/3/5 9:05,2026/3/6 10:00,,\"文昌 \"\"\(row)\"\"\n店\",备注备注备注备注备注备注\r\n"
    }
    return form.encode(text)
  }

  @Test(arguments: [SpreadsheetTests.Form.utf8, .gb18030, .utf16LittleMarked])
  func length(_ form: SpreadsheetTests.Form) throws {
    var feed = FeedDescription(name: "big", source: "big", format: .csv, timeZone: .shanghai)
    feed.mapping = [.caseID: .init(column: "办件编号"), .entityName: .init(column: "名称")]
    feed.milestones = [
      .init(type: "accepted", column: "受理时间"), .init(type: "completed", column: "办结时间"),
      .init(type: "withdrawn", column: "撤回时间"),
    ]
    let header = form.mark + form.encode("办件编号,受理时间,办结时间,撤回时间,名称,备注\r\n")
    let block = BigFileTests.block(form, 1)
    let blocks = BigFileTests.megabytes * 1_000_000 / block.count + 1
    // Not Foundation's: a program that another test starts meanwhile would hold the writing end open.
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    for end in ends { #expect(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
    defer { close(ends[0]) }
    let handle = FileHandle(fileDescriptor: ends[1], closeOnDealloc: false)
    let writer = Thread {
      try? handle.write(contentsOf: Data(header))
      for _ in 0..<blocks { try? handle.write(contentsOf: Data(block)) }
      try? handle.close()
    }
    writer.start()
    let reader = BatchReader(feed: feed, descriptor: ends[0])
    var events = 0
    var bytes = 0
    var after: Int?
    while let batch = try reader.next(now: Reading.now) {
      events += batch.events.count
      bytes += batch.bytesRead
      #expect(batch.rejects == [])
      // What it takes at all it takes in the first few megabytes.
      if after == nil, bytes > 20_000_000 { after = try BigFileTests.highWater() }
    }
    #expect(events == blocks * 2_000 * 2)
    #expect(bytes == header.count - form.mark.count + blocks * block.count)
    #expect(reader.bufferCapacity <= 4 << 20)
    guard BigFileTests.asked != nil else { return }
    let before = try #require(after)
    let grown = try BigFileTests.highWater() - before
    #expect(grown < 8 << 20, "grew by \(grown) bytes")
  }
}
