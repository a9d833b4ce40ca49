import Foundation
import ServiceTime
import Testing

@testable import Feeds

/// CSV in the encodings of Chinese spreadsheets.
@Suite struct GB18030Tests {
  /// 办件编号,环节,时间,名称 with a row 办件001,受理,2026/9/1 8:05,"文昌昇𣵦""店""" and one of ASCII.
  static let table: [UInt8] =
    [0xB0, 0xEC, 0xBC, 0xFE, 0xB1, 0xE0, 0xBA, 0xC5, 0x2C, 0xBB, 0xB7, 0xBD, 0xDA, 0x2C, 0xCA, 0xB1, 0xBC, 0xE4]
    + [0x2C, 0xC3, 0xFB, 0xB3, 0xC6, 0x0D, 0x0A]
    + [0xB0, 0xEC, 0xBC, 0xFE] + Array("001,".utf8) + [0xCA, 0xDC, 0xC0, 0xED]
    + Array(",2026/9/1 8:05,\"".utf8) + [0xCE, 0xC4, 0xB2, 0xFD, 0x95, 0x4E, 0x96, 0x34, 0xBE, 0x34]
    + Array("\"\"".utf8)
    + [0xB5, 0xEA] + Array("\"\"\"\r\n".utf8) + Array("002,x,2026/9/1 8:05,\r\n".utf8)

  /// A text in GB18030, by Foundation's tables.
  static func bytes(_ text: String) -> [UInt8] {
    // kCFStringEncodingGB_18030_2000
    text.data(using: String.Encoding(rawValue: 0x8000_0632)).map { Array($0) } ?? []
  }

  static func feed(_ encoding: FeedDescription.Encoding) -> FeedDescription {
    var feed = FeedDescription(
      name: "office", source: "office", format: .csv, encoding: encoding, timeZone: .shanghai)
    feed.mapping = [
      .caseID: FeedDescription.Mapping(column: "办件编号"), .occurredAt: FeedDescription.Mapping(column: "时间"),
      .type: FeedDescription.Mapping(column: "环节", values: ["受理": "accepted"], otherwise: "step_completed"),
      .entityName: FeedDescription.Mapping(column: "名称"),
    ]
    return feed
  }

  @Test(arguments: [FeedDescription.Encoding.auto, .gb18030])
  func isReadAndTold(_ encoding: FeedDescription.Encoding) throws {
    for chunk in [1, 2, 3, 7, 4_096] {
      let reading = try Reading(GB18030Tests.table, feed: GB18030Tests.feed(encoding), chunk: chunk)
      #expect(reading.rejects == [])
      #expect(reading.events.map(\.caseID) == ["办件001", "002"])
      #expect(reading.events.map(\.type) == ["accepted", "step_completed"])
      #expect(reading.events.map(\.entityName) == ["文昌昇𣵦\"店\"", nil])
      #expect(reading.losses(of: GB18030Tests.table) == [])
    }
  }

  @Test func isRefusedWhereTheFeedSaysUTF8() throws {
    let reading = try Reading(GB18030Tests.table, feed: GB18030Tests.feed(.utf8))
    #expect(reading.events == [])
    #expect(reading.rejects.map(\.code) == [.badEncoding, .badEncoding, .badEncoding])
    #expect(reading.losses(of: GB18030Tests.table) == [])
  }

  @Test func aMarkOfUTF8Overrules() throws {
    let input: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("办件编号,时间,环节\n1,2026/9/1 8:05,受理".utf8)
    for encoding in FeedDescription.Encoding.allCases {
      let reading = try Reading(input, feed: GB18030Tests.feed(encoding))
      #expect(reading.events.map(\.type) == ["accepted"])
      #expect(reading.losses(of: input, mark: 3) == [])
    }
  }

  @Test func theFirstRowThatIsNotASCIIDecides() throws {
    var feed = FeedDescription.csv
    let rows = Array("case_id,type,occurred_at\nc-1,a,2026-09-18T02:00:00Z\n".utf8)
    func row(_ name: [UInt8]) -> [UInt8] { name + Array(",a,2026-09-18T02:00:00Z\n".utf8) }
    // 目 is C4 BF, which is a letter of Latin in UTF-8 too: what came before tells which is meant.
    let eye: [UInt8] = [0xC4, 0xBF]
    let word: [UInt8] = [0xCA, 0xDC, 0xC0, 0xED]
    let gb = try Reading(rows + row(word) + row(eye), feed: feed)
    #expect(gb.events.map(\.caseID) == ["c-1", "受理", "目"])
    let utf8 = try Reading(rows + row(Array("受理".utf8)) + row(eye) + row(word), feed: feed)
    #expect(utf8.events.map(\.caseID) == ["c-1", "受理", "\u{13F}"])
    #expect(utf8.rejects.map(\.code) == [.badEncoding])
    feed.encoding = .gb18030
    #expect(try Reading(rows + row(eye), feed: feed).events.map(\.caseID) == ["c-1", "目"])
  }

  @Test func whatIsNeitherIsRefused() throws {
    let input = Array("case_id,type,occurred_at\nc".utf8) + [0xFF, 0xFF] + Array(",a,2026-09-18T02:00:00Z\n".utf8)
    let reading = try Reading(input, feed: .csv)
    #expect(
      reading.rejects.map(\.message) == [
        "The row is neither valid UTF-8 nor valid GB18030: save the file as UTF-8."
      ])
    #expect(reading.rejects.map(\.code) == [.badEncoding])
    #expect(reading.rejects.first?.raw == Array(input[25..<input.count - 1]))
    // It does not tell the encoding of the rows after it.
    let more = try Reading(input + Array("受理,a,2026-09-18T02:00:00Z\n".utf8), feed: .csv)
    #expect(more.events.map(\.caseID) == ["受理"])
  }

  @Test func everyCharacterComesBack() throws {
    // Foundation's own tables as the other opinion, on the characters of the plane that names are written with.
    let converter = GB18030Converter()
    let arena = ByteArena()
    // kCFStringEncodingGB_18030_2000
    let encoding = String.Encoding(rawValue: 0x8000_0632)
    for start in stride(from: UInt32(0x4E00), to: 0x9FA0, by: 64) {
      let text = String(
        String.UnicodeScalarView((start..<start + 64).compactMap { Unicode.Scalar($0) }))
      let bytes = try #require(text.data(using: encoding)).map { $0 }
      arena.reset(capacity: bytes.count * 2)
      let back = bytes.withUnsafeBufferPointer { input in
        converter.convert(input, arena: arena).map { String(decoding: $0, as: UTF8.self) }
      }
      #expect(back == text)
    }
  }
}
