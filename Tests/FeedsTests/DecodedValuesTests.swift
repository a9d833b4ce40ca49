import Foundation
import ServiceTime
import TestSupport
import Testing

@testable import Feeds

/// What the decoder reads out of a line is what Foundation reads out of it, value by value, however it is spelt.
@Suite struct DecodedValuesTests {
  /// Pieces of a JSON string as they stand between its quotes; the ends of surrogate pairs may come apart by chance.
  private static let pieces = [
    "a", "Z", "0", " ", "文昌", "é", "e\u{301}", "𠮷", "😀", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t",
    "\\u4e2d", "\\u4E2D", "\\u00e9", "\\u007f", "\\u001f", "\\ud842\\udfb7", "\\uD83D\\uDE00", "\\uffff", "\u{7f}",
    "\u{2028}", "plain text of more than eight bytes", "海南省文昌市文城镇",
  ]
  private static let broken = ["\\ud83d", "\\ude00", "\\u12", "\\x", "\u{1}", "\t", "\""]
  private static let texts: [EventField] = [.grid, .serviceWindow, .channel, .entityName, .step]

  private static func value(of field: EventField, in event: Event) -> String? {
    switch field {
    case .grid: event.grid
    case .serviceWindow: event.serviceWindow
    case .channel: event.channel
    case .entityName: event.entityName
    case .step: event.step
    default: nil
    }
  }

  private static func string(_ random: inout SeededGenerator, upTo most: Int = 5, brokenOnce: Bool) -> String {
    var parts = (0..<Int.random(in: 0...most, using: &random)).map { _ in
      pieces.randomElement(using: &random) ?? ""
    }
    if brokenOnce {
      parts.insert(broken.randomElement(using: &random) ?? "", at: Int.random(in: 0...parts.count, using: &random))
    }
    return "\"" + parts.joined() + "\""
  }

  private static func number(_ random: inout SeededGenerator) -> String {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: String(Int64.random(in: Int64.min...Int64.max, using: &random))
    case 1: String(Int.random(in: -9...99, using: &random))
    case 2:
      ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-0"]
        .randomElement(using: &random) ?? "0"
    default: ["1.5", "1e2", "01", "+1", ".5", "1.", "0x10", "true", "\"7\""].randomElement(using: &random) ?? "0"
    }
  }

  @Test func textsAndNumbers() throws {
    var compared = 0
    var refused = 0
    for seed in UInt64(1)...4_000 {
      var random = SeededGenerator(seed: seed)
      var members = [
        #""case_id":"c""#, #""event_id":"e""#, #""type":"accepted""#, #""occurred_at":"2026-09-18T10:00:00Z""#,
      ]
      for field in DecodedValuesTests.texts where Bool.random(using: &random) {
        let isBroken = Int.random(in: 0..<20, using: &random) == 0
        members.append("\"\(field.rawValue)\": \(DecodedValuesTests.string(&random, brokenOnce: isBroken))")
      }
      if Bool.random(using: &random) { members.append("\"sequence\":\(DecodedValuesTests.number(&random))") }
      if Int.random(in: 0..<3, using: &random) == 0 {
        members.append("\"other\":[\(DecodedValuesTests.string(&random, brokenOnce: false)),{\"a\":null}]")
      }
      members.shuffle(using: &random)
      if Int.random(in: 0..<30, using: &random) == 0, let again = members.randomElement(using: &random) {
        members.append(again)
      }
      let line = "{" + members.joined(separator: Bool.random(using: &random) ? "," : " ,\t") + "}"
      let reading = try Reading(line)
      #expect(reading.events.count + reading.rejects.count == 1, "seed \(seed): \(line)")
      guard let event = reading.events.first else {
        refused += 1
        continue
      }
      let object = try #require(
        JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "seed \(seed): \(line)")
      for field in DecodedValuesTests.texts {
        let theirs = (object[field.rawValue] as? String).flatMap { $0.isEmpty ? nil : $0 }
        let mine = DecodedValuesTests.value(of: field, in: event)
        #expect(
          mine.map { Array($0.utf8) } == theirs.map { Array($0.utf8) }, "seed \(seed), \(field.rawValue): \(line)")
        compared += 1
      }
      let theirs = object["sequence"] as? NSNumber
      if let mine = event.sequence, object["sequence"] is NSNumber {
        #expect(theirs?.int64Value == mine, "seed \(seed): \(line)")
      }
      #expect((event.sequence == nil) == (object["sequence"] == nil), "seed \(seed): \(line)")
    }
    #expect(compared > 10_000)
    #expect(refused > 300)
  }

  /// Tags, each by its bytes.
  @Test func lists() throws {
    for seed in UInt64(1)...500 {
      var random = SeededGenerator(seed: seed)
      let tags = (0..<Int.random(in: 0...4, using: &random)).map { number in
        let text = DecodedValuesTests.string(&random, upTo: 1, brokenOnce: false)
        // Not empty, none twice.
        return "\"\(number)" + text.dropFirst().dropLast() + ".\""
      }
      let line = NDJSONRejectTests.event("\"tags\":[" + tags.joined(separator: " , ") + "]")
      let event = try #require(try Reading(line).events.first, "seed \(seed): \(line)")
      let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let theirs = try #require(object["tags"] as? [String])
      #expect((event.tags ?? []).map { Array($0.utf8) } == theirs.map { Array($0.utf8) }, "seed \(seed): \(line)")
    }
  }

  /// One byte of every sequence of UTF-8 changed: what Swift's own validation refuses is refused, and nothing else.
  @Test func invalidUTF8() throws {
    let whole = Array(NDJSONRejectTests.event("\"entity_name\":\"é文𠮷~\"").utf8)
    let from = try #require(whole.firstIndex(of: 0xC3))
    for at in from..<from + 9 {
      for byte in UInt8(0x20)...0xFF where byte != 0x22 && byte != 0x5C {
        var line = whole
        line[at] = byte
        let isValid = String(validating: line, as: UTF8.self) != nil
        let reading = try Reading(line, feed: .native)
        #expect((reading.events.count == 1) == isValid, "byte \(at) is \(byte)")
        if !isValid { #expect(reading.rejects.map(\.code) == [.badEncoding]) }
      }
    }
  }
}
