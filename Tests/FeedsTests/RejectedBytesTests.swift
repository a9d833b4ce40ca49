import TestSupport
import Testing

@testable import Feeds

/// What people are shown of a refused line: its characters, and where a field stands in it.
@Suite struct RejectedBytesTests {
  private static let mapped: FeedDescription = {
    var feed = FeedDescription.csv
    feed.mapping = [
      .caseID: .init(column: "办件编号"), .occurredAt: .init(column: "时间"), .type: .init(column: "环节"),
      .step: .init(column: "环节"),
    ]
    return feed
  }()

  @Test(
    arguments: [
      (#"{"case_id":"K1","occurred_at":"soon"}"#, "occurred_at", #""soon""#),
      (#" { "case_id" : 12 , "type":"x"}"#, "case_id", "12"),
      (#"{"tags":[1,{"a":2}],"type":"x"}"#, "tags", #"[1,{"a":2}]"#),
      (#"{"\u0063ase_id":"K1"}"#, "case_id", #""K1""#), (#"{"case_id":"K1"}"#, "type", nil),
      (#"{"case_id":"#, "case_id", nil),
      (#"{"id_card":"46","type":"x"}"#, "id_card", #""46""#), ("", "type", nil), ("[1]", "type", nil),
      (#"{"a":{"type":"inner"},"type":"outer"}"#, "type", #""outer""#),
    ] as [(String, String, String?)])
  func valuesOfJSON(_ line: String, _ field: String, _ value: String?) {
    let bytes = Array(line.utf8)
    let place = RejectedBytes(bytes, header: nil, feed: .native).place(of: field)
    #expect(place.map { String(decoding: bytes[$0], as: UTF8.self) } == value)
  }

  @Test(
    arguments: [
      ("办件编号,时间,环节", "K1,soon,受理", "occurred_at", "soon"), ("办件编号,时间,环节", "K1,soon,受理", "step", "受理"),
      ("办件编号;时间;环节", #""K,1";"so;on";受理"#, "occurred_at", "so;on"), ("环节\t时间\t办件编号", "受理\t\tK1", "occurred_at", ""),
      ("\"时间\",办件编号", "soon,K1", "occurred_at", "soon"), ("办件编号,时间", "K1", "occurred_at", nil),
      ("办件编号,时间", #"K1,"open"#, "occurred_at", nil), ("办件编号,时间", "K1,soon", "region", nil),
      ("occurred_at,时间", "a,b", "occurred_at", "b"),
    ] as [(String, String, String, String?)])
  func cellsOfCSV(_ header: String, _ row: String, _ field: String, _ value: String?) {
    let bytes = Array(row.utf8)
    let shown = RejectedBytes(bytes, header: Array(header.utf8), feed: RejectedBytesTests.mapped)
    #expect(shown.place(of: field).map { String(decoding: bytes[$0], as: UTF8.self) } == value)
  }

  /// GB18030: 时间,环节 and a row with 受理, and a character of four bytes.
  @Test func anEncodingOfItsOwn() throws {
    let header: [UInt8] = [0xCA, 0xB1, 0xBC, 0xE4, 0x2C, 0xBB, 0xB7, 0xBD, 0xDA]
    let row: [UInt8] = [0x61, 0x2C, 0xCA, 0xDC, 0xC0, 0xED, 0x81, 0x39, 0xEF, 0x30]
    let shown = RejectedBytes(row, header: header, feed: RejectedBytesTests.mapped)
    #expect(shown.headerText == "时间,环节")
    #expect(shown.place(of: "type") == 2..<10)
    let characters = try #require(shown.characters)
    #expect(characters.map(\.length) == [1, 1, 2, 2, 4])
    #expect(characters.prefix(4).map(\.text).joined() == "a,受理")
    #expect(shown.firstBad == nil)
  }

  @Test(
    arguments: [
      (FeedDescription.native, [0x7B, 0x22, 0xE4, 0xB8, 0x22], 2), (FeedDescription.csv, [0x61, 0xFF, 0x2C], 1),
      (FeedDescription.csv, [0x61, 0xCA, 0xDC, 0xCA], 3), (FeedDescription.csv, [0x61, 0x2C], nil),
      (FeedDescription.native, Array("中文".utf8), nil),
    ] as [(FeedDescription, [UInt8], Int?)])
  func theFirstByteThatIsNoText(_ feed: FeedDescription, _ bytes: [UInt8], _ bad: Int?) {
    let shown = RejectedBytes(bytes, header: nil, feed: feed)
    #expect(shown.firstBad == bad)
    #expect((shown.characters == nil) == (bad != nil))
    if let characters = shown.characters { #expect(characters.reduce(0) { $0 + $1.length } == bytes.count) }
  }

  /// Whatever the bytes: characters take all of them, and a place is one of the line's own.
  @Test func randomBytes() {
    var random = SeededGenerator(seed: 77)
    for round in 0..<2_000 {
      let count = Int.random(in: 0..<40, using: &random)
      let bytes = (0..<count).map { _ in UInt8.random(in: round % 2 == 0 ? 0x20...0x7f : 0...0xff, using: &random) }
      for feed in [FeedDescription.native, RejectedBytesTests.mapped] {
        let shown = RejectedBytes(bytes, header: Array("时间,环节".utf8), feed: feed)
        if let characters = shown.characters { #expect(characters.reduce(0) { $0 + $1.length } == count) }
        if let place = shown.place(of: "occurred_at") { #expect(place.upperBound <= count) }
        if let bad = shown.firstBad { #expect(bad < count) }
      }
    }
  }
}
