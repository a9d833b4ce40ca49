import ServiceTime
import Testing

@testable import Feeds

/// A row with a column for each of several times is as many events as it has times.
@Suite struct MilestoneTests {
  static let feed: FeedDescription = {
    var feed = FeedDescription(name: "cases", source: "office", format: .csv, timeZone: .shanghai)
    feed.mapping = [
      .caseID: .init(column: "办件编号"), .step: .init(column: "步骤"), .serviceWindow: .init(column: "窗口"),
    ]
    feed.milestones = [
      .init(type: "submitted", column: "申请时间"), .init(type: "accepted", column: "受理时间"),
      .init(type: "step_completed", step: "licence", column: "发照时间"), .init(type: "completed", column: "办结时间"),
    ]
    feed.defaults = [.process: "opening", .channel: "window"]
    feed.keep = ["备注", "受理时间"]
    return feed
  }()
  static let header = "办件编号,申请时间,受理时间,发照时间,办结时间,步骤,窗口,备注"

  static func ids(_ row: String) throws -> [String] {
    let reading = try Reading("\(header)\n\(row)\n", feed: feed)
    #expect(reading.rejects == [])
    return reading.events.map(\.eventID.text)
  }

  @Test func oneRowACase() throws {
    let row = "KB1,2026/9/1 8:05,2026/9/1 9:00,2026/9/1 15:00,2026/9/2 10:00,,03,好"
    let reading = try Reading("\(MilestoneTests.header)\r\n\(row)\r\n", feed: MilestoneTests.feed)
    #expect(reading.rejects == [])
    #expect(reading.events.map(\.type) == ["submitted", "accepted", "step_completed", "completed"])
    #expect(reading.events.map(\.step) == [nil, nil, "licence", nil])
    #expect(
      reading.events.map(\.occurredAt.description) == [
        "2026-09-01T00:05:00Z", "2026-09-01T01:00:00Z", "2026-09-01T07:00:00Z", "2026-09-02T02:00:00Z",
      ])
    #expect(
      reading.events.map(\.eventID) == [
        "submitted@2026-09-01T00:05:00.000000Z", "accepted@2026-09-01T01:00:00.000000Z",
        "step_completed:licence@2026-09-01T07:00:00.000000Z", "completed@2026-09-02T02:00:00.000000Z",
      ])
    for event in reading.events {
      #expect(event.caseID == "KB1" && event.process == "opening" && event.channel == "window")
      #expect(event.serviceWindow == "03")
      #expect(event.kept == #"{"受理时间":"2026/9/1 9:00","备注":"好"}"#)
    }
  }

  /// Event by event it is what rows of one event say.
  @Test func asRowsOfOneEach() throws {
    var single = MilestoneTests.feed
    single.milestones = []
    single.mapping[.type] = .init(column: "类型")
    single.mapping[.occurredAt] = .init(column: "时间")
    single.mapping[.step] = .init(column: "步骤")
    single.keep = []
    var several = MilestoneTests.feed
    several.keep = []
    let rows = """
      办件编号,时间,类型,步骤,窗口
      KB1,2026/9/1 8:05,submitted,,03
      KB1,2026/9/1 9:00,accepted,,03
      KB1,2026/9/1 15:00,step_completed,licence,03
      """
    let row = "\(MilestoneTests.header)\nKB1,2026/9/1 8:05,2026/9/1 9:00,2026/9/1 15:00,,,03,\n"
    #expect(try Reading(row, feed: several).events == Reading(rows, feed: single).events)
  }

  /// The row that comes again with more times gives the ids it gave before, and new ones.
  @Test func comesAgainWithMore() throws {
    let rows = [
      "KB1,2026/9/1 8:05,,,,,,", "KB1,2026/9/1 8:05, ,\u{3000},,,,", "KB1,2026/9/1 8:05,2026/9/1 9:00,,,,,",
      "KB1,2026-09-01 08:05:00,20260901090000,'2026/9/1 15:00,２０２６/９/２ 10：00,,,",
    ]
    let ids = try rows.map(MilestoneTests.ids)
    #expect(ids.map(\.count) == [1, 1, 2, 4])
    for (earlier, later) in zip(ids, ids.dropFirst()) { #expect(Array(later.prefix(earlier.count)) == earlier) }
  }

  /// A step of the row is that of events that have none of their own.
  @Test func theRowsStep() throws {
    let ids = try MilestoneTests.ids("KB1,2026/9/1 8:05,,2026/9/1 9:00,,seal,,")
    #expect(
      ids == ["submitted:seal@2026-09-01T00:05:00.000000Z", "step_completed:licence@2026-09-01T01:00:00.000000Z"])
  }

  @Test(
    arguments: [
      (
        "KB1,,,,,,,", .missingField, "occurred_at",
        "None of the columns \"申请时间\", \"受理时间\", \"发照时间\", \"办结时间\" holds a time"
      ),
      ("KB1,2026/9/1 8:05,soon,,,,,", .badTime, "受理时间", "occurred_at (column \"受理时间\") is \"soon\""),
      ("KB1,2026/9/1 8:05,,,2026/9/20 10:00,,,", .futureTime, "办结时间", "occurred_at (column \"办结时间\")"),
      ("KB1,2026/9/1 8:05,2026/9/1,,,,,", .badTime, "受理时间", "a date without a time of day"),
      ("KB1,2026/9/1 8:05,########,,,,,", .badTime, "受理时间", "The column \"受理时间\" has"),
      (",2026/9/1 8:05,,,,,,", .missingField, "case_id", "case_id (column \"办件编号\") is missing"),
    ] as [(String, RejectCode, String, String)])
  func oneFaultRefusesTheRow(_ row: String, _ code: RejectCode, _ field: String, _ message: String) throws {
    let input = "\(MilestoneTests.header)\n\(row)\nKB2,2026/9/1 8:05,,,,,,\n"
    let reading = try Reading(input, feed: MilestoneTests.feed)
    #expect(reading.events.map(\.caseID) == ["KB2"])
    let reject = try #require(reading.rejects.first)
    #expect(reject.code == code && reject.position.field == field)
    #expect(reject.message.contains(message), "\(reject.message)")
    #expect(reject.raw == Array(row.utf8))
    guard field == "受理时间" else { return }
    let shown = RejectedBytes(reject.raw, header: reject.header, feed: MilestoneTests.feed)
    let place = try #require(shown.place(of: field))
    #expect(
      Array(row.utf8)[place] == Array(row.split(separator: ",", omittingEmptySubsequences: false)[2].utf8)[...])
  }

  @Test func ndjsonToo() throws {
    var feed = MilestoneTests.feed
    feed.format = .ndjson
    let input = """
      {"办件编号":"KB1","申请时间":"2026-09-01 08:05","受理时间":null,"办结时间":"","窗口":"03"}
      {"办件编号":"KB2","申请时间":"2026-09-01T08:05:00+08:00","受理时间":"2026/9/1 9:00"}
      {"办件编号":"KB3","申请时间":1756685100}
      {"办件编号":"KB4","申请时间":"2026-09-01 08:05","申请时间":"2026-09-01 08:06"}
      {"办件编号":"KB5","受理时间":null}
      """
    let reading = try Reading(input, feed: feed)
    #expect(reading.events.map(\.caseID) == ["KB1", "KB2", "KB2"])
    #expect(reading.events.map(\.type) == ["submitted", "submitted", "accepted"])
    #expect(reading.events.first?.serviceWindow == "03")
    #expect(reading.rejects.map(\.code) == [.badField, .badField, .missingField])
    #expect(reading.rejects.map(\.position.line) == [3, 4, 5])
  }

  /// Each event's own line, for the quarantine; chunks and batches change nothing.
  @Test func everyEventKnowsItsRow() throws {
    let rows = (0..<20).map { "KB\($0),2026/9/1 8:05,2026/9/1 9:00,,2026/9/2 10:0\($0 % 10),,," }
    let input = Array(([MilestoneTests.header] + rows).joined(separator: "\n").utf8)
    let reader = BatchReader(feed: MilestoneTests.feed, maximumRecords: 7, bytes: input)
    var seen: [String] = []
    while let batch = try reader.next(now: Reading.now) {
      for (index, event) in batch.events.enumerated() {
        let (position, bytes) = batch.original(ofEvent: index)
        #expect(Array(input[position.byteOffset..<position.byteOffset + bytes.count]) == bytes)
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("\(event.caseID),"))
        seen.append(event.caseID.text)
      }
    }
    #expect(seen == (0..<20).flatMap { Array(repeating: "KB\($0)", count: 3) })
    let whole = try Reading(input, feed: MilestoneTests.feed)
    for chunk in [1, 5] { #expect(try Reading(input, feed: MilestoneTests.feed, chunk: chunk) == whole) }
  }

  @Test func aColumnTwice() throws {
    let reading = try Reading("办件编号,受理时间,受理时间\nKB1,2026/9/1 8:05,2026/9/1 8:05\n", feed: MilestoneTests.feed)
    #expect(reading.events == [])
    #expect(reading.rejects.first?.message == "The header names the column \"受理时间\" twice: rename or remove one.")
  }
}
