import Foundation
import Testing

@testable import Journal

@Suite struct JSONLineFormatTests {
  static func line(_ record: LogRecord) -> String {
    var line: [UInt8] = []
    JSONLineFormat().append(record, to: &line)
    return String(decoding: line, as: UTF8.self)
  }

  static func object(_ line: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  /// Every scalar up to U+3000, in one string each, and what people paste.
  static let hostile: [String] =
    (0...0x3000).compactMap { Unicode.Scalar($0).map { "a\(Character($0))b" } } + [
      "", "\"", "\\", "\\\"", "\\u0000", "a\r\nb", "\u{1b}]0;owned\u{07}", "👩‍👩‍👧‍👦🇨🇳", "e\u{301}", "\u{2028}\u{2029}",
      "行政复议", "\u{FEFF}bom", "\u{FFFF}\u{10FFFF}", "{\"event\":\"alert.raised\"}",
      String(repeating: "\u{0}", count: 300),
    ]

  @Test func hostileTextComesBackAsItWas() throws {
    for text in JSONLineFormatTests.hostile {
      let record = LogRecord(time: 0, priority: .error, message: text, fields: ["text": .text(text)])
      let line = JSONLineFormatTests.line(record)
      let object = try JSONLineFormatTests.object(line)
      // Scalars, because == on strings takes canonically equal ones as equal.
      #expect((object["message"] as? String).map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
      #expect((object["text"] as? String).map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
      for scalar in line.unicodeScalars {
        #expect(scalar.properties.generalCategory != .control, "U+\(String(scalar.value, radix: 16))")
        #expect(scalar != "\u{2028}" && scalar != "\u{2029}" && scalar != "\u{202E}")
      }
    }
  }

  @Test func hostileKeysStayKeys() throws {
    let keys = ["a\"b", "a\nb", "\u{2028}", "a:b", ""]
    var record = LogRecord(time: 0, priority: .info, message: "m")
    for key in keys { record.set(key, 1) }
    let object = try JSONLineFormatTests.object(JSONLineFormatTests.line(record))
    #expect(Set(object.keys) == Set(keys + ["time", "priority", "message"]))
  }

  @Test func aLineReadsInOrder() {
    let record = LogRecord(
      time: 1_789_696_800_000_000, priority: .error, event: .alertRaised,
      message: "Case C-1 missed \"reply\"\u{1b}[2J.",
      fields: [
        "case_id": "C-1", "alert_id": 7, "overrun_seconds": -1.5, "region": nil, "final": true,
        "odd": .double(.nan),
        "far": .integer(.min),
      ])
    #expect(
      JSONLineFormatTests.line(record) == #"{"time":"2026-09-18T02:00:00.000000Z","priority":"error","#
        + #""event":"alert.raised","message":"Case C-1 missed \"reply\"\u001b[2J.","case_id":"C-1","alert_id":7,"#
        + #""overrun_seconds":-1.5,"region":null,"final":true,"odd":null,"far":-9223372036854775808}"#)
  }

  @Test func numbersAreJSON() throws {
    let doubles: [Double] = [0, -0.0, 1e300, .leastNonzeroMagnitude, 1e16, -1e-7, .infinity, .nan]
    for double in doubles {
      let line = JSONLineFormatTests.line(
        LogRecord(time: 0, priority: .info, message: "", fields: ["n": .double(double)]))
      let number = try JSONLineFormatTests.object(line)["n"]
      if double.isFinite { #expect(number as? Double == double) } else { #expect(number is NSNull) }
    }
  }
}
