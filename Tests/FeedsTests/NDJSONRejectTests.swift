import ServiceTime
import Testing

@testable import Feeds

/// What is refused of NDJSON: code, message, place and bytes, and that the rest of the input goes on.
@Suite struct NDJSONRejectTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var line: String
    var code: RejectCode
    var message: String
    var column: Int?
    var field: String?
    var testDescription: String { String(line.prefix(60)) }

    init(_ line: String, _ code: RejectCode, _ message: String, column: Int? = nil, field: EventField? = nil) {
      self.line = line
      self.code = code
      self.message = message
      self.column = column
      self.field = field?.rawValue
    }
  }

  /// A whole event but for the fields given, which come first.
  static func event(_ fields: String, without names: String = "") -> String {
    let all = [
      ("case_id", "\"c-1\""), ("type", "\"accepted\""), ("occurred_at", "\"2026-09-18T10:00:00+08:00\""),
    ]
    let rest = all.filter { !names.contains($0.0) && !fields.contains("\"\($0.0)\"") }.map { "\"\($0.0)\":\($0.1)" }
    return "{" + ([fields] + rest).filter { !$0.isEmpty }.joined(separator: ",") + "}"
  }

  static func deep(_ levels: Int) -> String {
    event("\"x\":" + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1))
  }

  static let notJSON = "; send one object a line."

  static let syntax: [Case] = [
    Case("hello", .badJSON, at: 1, "a line must be one JSON object"),
    Case("[]", .badJSON, at: 1, "a line must be one JSON object"),
    Case("{\"a\":1", .badJSON, at: 7, "a comma or } is expected"),
    Case("{\"a\":1,}", .badJSON, at: 8, "a key in quotes is expected"),
    Case("{\"a\" 1}", .badJSON, at: 6, "a colon is expected after a key"),
    Case("{\"a\":}", .badJSON, at: 6, "a value is expected"),
    Case("{\"a\":[1 2]}", .badJSON, at: 9, "a comma or ] is expected"),
    Case("{\"a\":01}", .badJSON, at: 7, "a comma or } is expected"),
    Case("{\"a\":1.}", .badJSON, at: 6, "a number breaks off after its point"),
    Case("{\"a\":1e+}", .badJSON, at: 6, "a number breaks off in its exponent"),
    Case("{\"a\":nul}", .badJSON, at: 6, "a value is expected"),
    Case("{\"a\":\"b", .badJSON, at: 6, "a string is not closed"),
    Case("{\"a\":\"b\u{1}\"}", .badJSON, at: 8, "a control character stands unescaped in a string"),
    Case("{\"a\":\"\\x\"}", .badJSON, at: 7, "an unknown escape stands in a string"),
    Case("{\"a\":\"\\u12\"}", .badJSON, at: 7, "\\u stands without four hexadecimal digits"),
    Case("{\"a\":\"\\ud83d\"}", .badJSON, at: 7, "a surrogate stands alone"),
    Case("{\"a\":\"\\ude00\"}", .badJSON, at: 7, "a surrogate stands alone"),
    Case("{\"a\":\"\\ude00\\ude00\"}", .badJSON, at: 7, "a surrogate stands alone"),
    Case("{\"a\":\"\\ud83d\\ud83d\"}", .badJSON, at: 7, "a surrogate stands alone"),
    Case("{} {}", .badJSON, at: 4, "something follows the object"),
    Case(deep(33), .badJSON, at: 37, "nested deeper than 32 levels"),
  ]

  static let fields: [Case] = [
    Case(
      event("", without: "case_id"), .missingField,
      "case_id is missing: every event must name its case; add it or map the column that holds it.", field: .caseID),
    Case(
      event("\"case_id\":null"), .missingField,
      "case_id is missing: every event must name its case; add it or map the column that holds it.", field: .caseID),
    Case(
      event("", without: "type"), .missingField,
      "type is missing: every event must say what happened; add it or map the column that holds it.", field: .type),
    Case(
      event("", without: "occurred_at"), .missingField,
      "occurred_at is missing: every event must say when it happened; add it or map the column that holds it.",
      field: .occurredAt),
    Case(
      event("\"type\":\"voided\""), .missingField,
      "voids is missing: an event of type voided must name the event that it voids; add it or map the column that "
        + "holds it.", field: .voids),
    Case(
      event("\"type\":\"extended\""), .missingField,
      "extend_days is missing: an event of type extended must say by how many days; add it or map the column that "
        + "holds it.", field: .extendDays),
    Case(
      event("\"case_id\":\"\""), .badField, "case_id is an empty text: give it a value or leave it out.",
      field: .caseID),
    Case(
      event("\"case_id\":12"), .badField, "case_id is \"12\": write it as a string, in quotes.", field: .caseID),
    Case(
      event("\"case_id\":[\"a\"]"), .badField, "case_id is \"[\\\"a\\\"]\": write it as a string, in quotes.",
      field: .caseID),
    Case(
      event("\"step\":true"), .badField, "step is \"true\": write it as a string, in quotes.", field: .step),
    Case(
      event("\"type\":\"" + String(repeating: "字", count: 65) + "\""), .badField,
      "type has 65 characters, it may have at most 64: shorten \"" + String(repeating: "字", count: 65)
        + "\" at its source.", field: .type),
    Case(
      event("\"sequence\":1.5"), .badField,
      "sequence is \"1.5\": give a whole number of 64 bits, in JSON without quotes, fraction or exponent.",
      field: .sequence),
    Case(
      event("\"sequence\":9223372036854775808"), .badField,
      "sequence is \"9223372036854775808\": give a whole number of 64 bits, in JSON without quotes, fraction or "
        + "exponent.", field: .sequence),
    Case(
      event("\"region\":\"46900\""), .badField,
      "region is \"46900\": give a region code of 2, 4, 6, 9 or 12 digits.", field: .region),
    Case(
      event("\"region\":\"\""), .badField, "region is an empty text: give it a value or leave it out.",
      field: .region),
    Case(
      event("\"tags\":\"assisted\""), .badField,
      "tags must be an array of strings, such as [\"assisted\"].", field: .tags),
    Case(
      event("\"tags\":[\"a\",1]"), .badField, "tags must be an array of strings, such as [\"assisted\"].",
      field: .tags),
    Case(
      event("\"tags\":[\"a\",\"\"]"), .badField, "tags is an empty text: give it a value or leave it out.",
      field: .tags),
    Case(
      event("\"tags\":[" + Array(repeating: "\"t\"", count: 257).joined(separator: ",") + "]"), .badField,
      "tags has 257 entries, it may have at most 256.", field: .tags),
    Case(
      event("\"extend_days\":0"), .badField, "extend_days is 0: give a whole number from 1 to 36500.",
      field: .extendDays),
    Case(
      event("\"type\":\"extended\",\"extend_days\":0"), .badField,
      "extend_days is 0: give a whole number from 1 to 36500.", field: .extendDays),
    Case(
      event("\"type\":\"extended\",\"extend_days\":36501"), .badField,
      "extend_days is 36501: give a whole number from 1 to 36500.", field: .extendDays),
    Case(
      event("\"step\":\"a\\u0000b\""), .badField, at: 11, "a string holds NUL (\\u0000): take it out"),
    Case(
      event("\"dropped\":\"\\u0000\""), .badField, at: 13, "a string holds NUL (\\u0000): take it out"),
    Case(
      event("\"step\":\"a\",\"step\":\"b\""), .badField, "The key \"step\" stands twice in the line: send it once.",
      column: 13, field: .step),
    Case(
      event("\"occurred_at\":\"2026-09-18T10:00:00\""), .badTime,
      "occurred_at is \"2026-09-18T10:00:00\", a time without offset: add one, such as +08:00, or give the feed a "
        + "time_zone.", field: .occurredAt),
    Case(
      event("\"occurred_at\":\"20260918100000\""), .badTime,
      "occurred_at is \"20260918100000\", a time without offset: add one, such as +08:00, or give the feed a "
        + "time_zone.", field: .occurredAt),
    Case(
      event("\"occurred_at\":\"yesterday\""), .badTime,
      "occurred_at is \"yesterday\": give a time from 1970 to 2099 such as 2026-09-18T10:00:00+08:00.",
      field: .occurredAt),
    Case(
      event("\"occurred_at\":\"\""), .badTime,
      "occurred_at is \"\": give a time from 1970 to 2099 such as 2026-09-18T10:00:00+08:00.", field: .occurredAt),
    Case(
      event("\"occurred_at\":1789700000"), .badField,
      "occurred_at is \"1789700000\": write it as a string, in quotes.", field: .occurredAt),
    Case(
      event("\"occurred_at\":\"2026-09-18T12:05:00.000001Z\""), .futureTime,
      "occurred_at is \"2026-09-18T12:05:00.000001Z\", more than 5 minutes after now (2026-09-18T12:00:00Z): set "
        + "the sender's clock or its time zone right.", field: .occurredAt),
    Case(
      event("\"process\":\"closing\""), .unknownProcess,
      "process is \"closing\", which the policy does not name: add a commitment for it or map it to one of the "
        + "policy's processes.", field: .process),
    Case(
      event("\"case_id\":\"4.69005E+17\""), .corruptNumber,
      "case_id is \"4.69005E+17\", a number that a spreadsheet has rounded: export it again with the column formatted "
        + "as text.", field: .caseID),
    Case(
      event("\"uscc\":\"9.1440E+17\""), .corruptNumber,
      "uscc is \"9.1440E+17\", a number that a spreadsheet has rounded: export it again with the column formatted as "
        + "text.", field: .uscc),
  ]

  static let feed = FeedDescription(
    name: "native", source: "desk", format: .ndjson, knownProcesses: ["opening", "deregistration"])

  @Test(arguments: syntax + fields)
  func refuses(_ expected: Case) throws {
    let before = NDJSONRejectTests.event("\"event_id\":\"1\"") + "\r\n\n"
    let input = before + expected.line + "\r\n" + NDJSONRejectTests.event("\"event_id\":\"2\"")
    let reading = try Reading(input, feed: NDJSONRejectTests.feed)
    #expect(reading.events.map(\.eventID) == ["1", "2"])
    #expect(reading.losses(of: Array(input.utf8)) == [])
    let reject = try #require(reading.rejects.first)
    #expect(reading.rejects.count == 1)
    #expect(reject.code == expected.code)
    #expect(reject.message == expected.message)
    #expect(
      reject.position
        == Reject.Position(
          line: 3, byteOffset: before.utf8.count, column: expected.column, field: expected.field))
    #expect(reject.raw == Array(expected.line.utf8))
    #expect(reject.rawLength == expected.line.utf8.count)
    #expect(!reject.isTruncated)
    #expect(reject.header == nil)
  }

  @Test func nestingOf32IsRead() throws {
    let reading = try Reading(NDJSONRejectTests.deep(32))
    #expect(reading.events.count == 1)
  }

  @Test(
    arguments: [
      ([0xFF], 1), ([0xC0, 0xAF], 1), ([0xE4, 0xB8], 1), ([0xED, 0xA0, 0x80], 1), ([0xF4, 0x90, 0x80, 0x80], 1),
      ([0x61, 0x80], 2),
    ] as [([UInt8], Int)])
  func refusesWhatIsNotUTF8(_ bytes: [UInt8], _ place: Int) throws {
    // In a field, in a field that is dropped, and outside of any string.
    for (head, tail) in [("{\"step\":\"", "\"}"), ("{\"x\":[\"", "\"]}"), ("{", "}")] {
      let line = Array(head.utf8) + bytes + Array(tail.utf8)
      let reading = try Reading(line, feed: .native)
      let reject = try #require(reading.rejects.first)
      let column = head.utf8.count + place
      #expect(reject.code == .badEncoding)
      #expect(
        reject.message == "The line is not valid UTF-8 from its byte \(column) on: save or send it as UTF-8.")
      #expect(reject.position == Reject.Position(line: 1, byteOffset: 0, column: column))
      #expect(reject.raw == line)
    }
  }

  @Test func refusesLinesLongerThanAMebibyte() throws {
    for (length, isRead) in [(FeedLimits.lineBytes, true), (FeedLimits.lineBytes + 1, false)] {
      for lineBreak in ["\n", "\r\n", ""] {
        let head = "{\"x\":\"", tail = "\"," + NDJSONRejectTests.event("").dropFirst()
        let line = head + String(repeating: "a", count: length - head.utf8.count - tail.utf8.count) + tail
        let input = "\n" + line + lineBreak + (lineBreak.isEmpty ? "" : NDJSONRejectTests.event(""))
        for chunk in [4_096, 4 << 20] {
          let reading = try Reading(input, chunk: chunk)
          #expect(reading.losses(of: Array(input.utf8)) == [])
          #expect(reading.rejects.count == (isRead ? 0 : 1))
          guard let reject = reading.rejects.first else { continue }
          #expect(reject.code == .tooLarge)
          #expect(reject.message == "The line has 1048577 bytes; a line may have at most 1048576: split it.")
          #expect(reject.position == Reject.Position(line: 2, byteOffset: 1))
          #expect(reject.raw == Array(line.utf8.prefix(65_536)))
          #expect(reject.rawLength == 1_048_577)
          #expect(reject.isTruncated)
        }
      }
    }
  }

  @Test(
    arguments: [
      ([0xFF, 0xFE], "UTF-16 (little-endian)"), ([0xFE, 0xFF], "UTF-16 (big-endian)"),
    ] as [([UInt8], String)])
  func refusesEveryLineOfUTF16(_ mark: [UInt8], _ name: String) throws {
    let input = mark + [0x7B, 0x00, 0x0A, 0x00, 0x7D]
    let reading = try Reading(input, feed: .native)
    #expect(reading.rejects.map(\.code) == [.badEncoding, .badEncoding])
    #expect(reading.rejects.map(\.message).allSatisfy { $0 == "The file is \(name): save or send it as UTF-8." })
    #expect(reading.rejects.map(\.raw) == [mark + [0x7B, 0x00], [0x00, 0x7D]])
    #expect(reading.losses(of: input) == [])
  }

  @Test func keptNumbersMustFitTheDatabase() throws {
    var feed = FeedDescription.native
    feed.keep = ["note"]
    for (number, isRead) in [
      ("1e999", true), ("-1E-999", true), ("1e1000", false), ("1e-0001", false),
      (String(repeating: "9", count: 1_000), true), (String(repeating: "9", count: 1_001), false),
    ] {
      let line = NDJSONRejectTests.event("\"note\":{\"a\":[\(number)]}")
      let reading = try Reading(line, feed: feed)
      #expect(reading.events.count == (isRead ? 1 : 0))
      guard let reject = reading.rejects.first else { continue }
      #expect(reject.code == .badField)
      #expect(
        reject.message == "\"note\", which the feed keeps, holds a number that is too long: send it as a string.")
      #expect(reject.position.column == 15)
      // A field that is not kept may hold what it likes.
      #expect(try Reading(line).events.count == 1)
    }
  }
}

extension NDJSONRejectTests.Case {
  /// A fault of the JSON itself at a byte from 1.
  init(_ line: String, _ code: RejectCode, at column: Int, _ message: String) {
    let whole =
      code == .badField
      ? "At byte \(column) of the line, \(message)."
      : "The line is not valid JSON: at byte \(column), \(message)\(NDJSONRejectTests.notJSON)"
    self.init(line, code, whole, column: column)
  }
}
