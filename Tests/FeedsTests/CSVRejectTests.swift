import ServiceTime
import Testing

@testable import Feeds

/// What is refused of CSV: code, message, place and bytes, and that the rest of the file goes on.
@Suite struct CSVRejectTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var row: String
    var code: RejectCode
    var message: String
    var column: Int?
    var field: String?
    var testDescription: String { String(row.prefix(60)) }

    init(_ row: String, _ code: RejectCode, _ message: String, column: Int? = nil, field: EventField? = nil) {
      self.row = row
      self.code = code
      self.message = message
      self.column = column
      self.field = field?.rawValue
    }
  }

  static let header = "case_id,type,occurred_at,step,note,sequence,region,process,extend_days"
  static let time = "2026-09-18T10:00:00+08:00"
  static let good = "c-1,accepted,\(time),,,,,,"

  static func notCSV(_ column: Int, _ why: String) -> String {
    "The row is not valid CSV: at byte \(column), \(why); put cells with quotes or delimiters in quotes and double the "
      + "quotes inside."
  }

  static let cases: [Case] = [
    Case(
      "c-1,accepted,\(time)", .badCSV,
      "The row has 3 cells, the header has 9: quote cells that hold the delimiter, or add what is missing."),
    Case(
      good + ",", .badCSV,
      "The row has 10 cells, the header has 9: quote cells that hold the delimiter, or add what is missing."),
    Case(
      "c\"1,accepted,\(time),,,,,,", .badCSV, notCSV(2, "a quote stands inside a cell without quotes"), column: 2),
    Case("\"c\"1,accepted,\(time),,,,,,", .badCSV, notCSV(4, "text stands after a closing quote"), column: 4),
    Case(
      ",accepted,\(time),,,,,,", .missingField,
      "case_id is missing: every event must name its case; add it or map the column that holds it.", field: .caseID),
    Case(
      "\" \",accepted,\(time),,,,,,", .missingField,
      "case_id is missing: every event must name its case; add it or map the column that holds it.", field: .caseID),
    Case(
      "c-1,accepted,\(time),,,x,,,", .badField,
      "sequence is \"x\": give a whole number of 64 bits, in JSON without quotes, fraction or exponent.",
      field: .sequence),
    Case(
      "c-1,accepted,\(time),,,,469,,", .badField,
      "region is \"469\": give a region code of 2, 4, 6, 9 or 12 digits.", field: .region),
    Case(
      "c-1,accepted,2026/9/18 8:05,,,,,,", .badTime,
      "occurred_at is \"2026/9/18 8:05\", a time without offset: add one, such as +08:00, or give the feed a "
        + "time_zone.", field: .occurredAt),
    Case(
      "c-1,accepted,soon,,,,,,", .badTime,
      "occurred_at is \"soon\": give a time from 1970 to 2099 such as 2026-09-18T10:00:00+08:00.",
      field: .occurredAt),
    Case(
      "c-1,accepted,2026-09-19T10:00:00Z,,,,,,", .futureTime,
      "occurred_at is \"2026-09-19T10:00:00Z\", more than 5 minutes after now (2026-09-18T12:00:00Z): set the "
        + "sender's clock or its time zone right.", field: .occurredAt),
    Case(
      "c-1,accepted,\(time),,,,,closing,", .unknownProcess,
      "process is \"closing\", which the policy does not name: add a commitment for it or map it to one of the "
        + "policy's processes.", field: .process),
    Case(
      "4.69005E+17,accepted,\(time),,,,,,", .corruptNumber,
      "case_id is \"4.69005E+17\", a number that a spreadsheet has rounded: export it again with the column formatted "
        + "as text.", field: .caseID),
    Case(
      "c-1,accepted,\(time),,,,4.69005E+11,,", .corruptNumber,
      "region is \"4.69005E+11\", a number that a spreadsheet has rounded: export it again with the column formatted "
        + "as text.", field: .region),
    Case(
      "c-1,accepted,\(time),,,,,,0", .badField,
      "extend_days is 0: give a whole number from 1 to 36500.", field: .extendDays),
    Case(
      "c-1,accepted,\(time),a\u{0}b,,,,,", .badField,
      "The cell \"a\\u{0}b\" holds a NUL character: take it out.", column: 41, field: .step),
    // A column that is dropped is looked at too: what stands there may be a stray half of another.
    Case(
      "c-1,accepted,\(time),,\u{0},,,,", .badField, "The cell \"\\u{0}\" holds a NUL character: take it out.",
      column: 41),
  ]

  @Test(arguments: cases)
  func refuses(_ expected: Case) throws {
    var feed = FeedDescription.csv
    feed.knownProcesses = ["opening"]
    let before = CSVRejectTests.header + "\n" + CSVRejectTests.good + "\r\n"
    let input = before + expected.row + "\r\n" + CSVRejectTests.good
    let reading = try Reading(input, feed: feed)
    #expect(reading.events.count == 2)
    #expect(reading.losses(of: Array(input.utf8)) == [])
    let reject = try #require(reading.rejects.first)
    #expect(reading.rejects.count == 1)
    #expect(reject.code == expected.code)
    #expect(reject.message == expected.message)
    #expect(
      reject.position
        == Reject.Position(
          line: 3, byteOffset: before.utf8.count, column: expected.column, field: expected.field))
    #expect(reject.raw == Array(expected.row.utf8))
    #expect(reject.header == Array(CSVRejectTests.header.utf8))
  }

  @Test func aQuoteThatIsNeverClosedCostsItsLineOnly() throws {
    let rows = "\n\"c-2,accepted,\(CSVRejectTests.time),,,,,,\n\(CSVRejectTests.good)\n\(CSVRejectTests.good)\n"
    let input = CSVRejectTests.header + rows
    let reading = try Reading(input, feed: .csv)
    #expect(reading.events.count == 2)
    #expect(reading.losses(of: Array(input.utf8)) == [])
    #expect(reading.rejects.map(\.position.line) == [2])
    #expect(reading.rejects.map(\.message) == [CSVRejectTests.notCSV(1, "a quote is not closed")])
  }

  @Test func aQuoteThatSwallowsRowsCostsItsLineOnly() throws {
    // The opening quote of the second row pairs with the one that opens the fourth.
    let good = CSVRejectTests.good
    for (last, message) in [
      (
        "\"c-4\",accepted,\(CSVRejectTests.time),,,,,,",
        "The row is not valid CSV: a quote that it opens is closed on a later line, where text follows it; close it "
          + "here or double it."
      ),
      (
        "\",accepted,\(CSVRejectTests.time),,,,,,",
        "A line break stands inside case_id: close the quote that was opened before it."
      ),
    ] {
      let input =
        "\(CSVRejectTests.header)\n\"c-2,accepted,\(CSVRejectTests.time),,,,,,\n\(good)\n\(last)\n\(good)\n"
      let reading = try Reading(input, feed: .csv)
      #expect(reading.rejects.first?.message == message)
      #expect(reading.rejects.first?.position.line == 2)
      #expect(reading.rejects.first?.position.column == nil)
      #expect(reading.losses(of: Array(input.utf8)) == [])
      #expect(reading.events.filter { $0.caseID == "c-1" }.count == 2)
    }
  }

  @Test func refusesRowsLongerThanAMebibyte() throws {
    for (length, isRead) in [(FeedLimits.lineBytes, true), (FeedLimits.lineBytes + 1, false)] {
      for quote in ["", "\""] {
        for lineBreak in ["\n", "\r\n"] {
          let head = "c-1,accepted,\(CSVRejectTests.time),,\(quote)", tail = "\(quote),,,,"
          let filler = String(repeating: "x", count: length - head.utf8.count - tail.utf8.count)
          let input = CSVRejectTests.header + "\n" + head + filler + tail + lineBreak + CSVRejectTests.good
          for chunk in [4_096, 4 << 20] {
            let reading = try Reading(input, feed: .csv, chunk: chunk)
            #expect(reading.events.count == (isRead ? 2 : 1), "\(length) \(quote) \(chunk)")
            #expect(reading.losses(of: Array(input.utf8)) == [])
            guard let reject = reading.rejects.first else { continue }
            #expect(reject.code == .tooLarge)
            #expect(reject.message == "The line has 1048577 bytes; a line may have at most 1048576: split it.")
            #expect(reject.position == Reject.Position(line: 2, byteOffset: CSVRejectTests.header.utf8.count + 1))
            #expect(reject.rawLength == length)
            #expect(reject.raw.count == FeedLimits.truncatedBytes)
            #expect(reject.header == Array(CSVRejectTests.header.utf8))
          }
        }
      }
    }
  }

  @Test func aQuoteOpenForMoreThanAMebibyteCostsItsLineOnly() throws {
    let good = CSVRejectTests.good + "\n"
    let rest = String(repeating: good, count: FeedLimits.lineBytes / good.utf8.count + 1)
    for ending in ["", "\"", "\" x"] {
      let input = CSVRejectTests.header + "\n\"open\n" + rest + ending
      let readings = try [4_096, 4 << 20].map { try Reading(input, feed: .csv, chunk: $0) }
      #expect(readings[0] == readings[1])
      #expect(
        readings[0].rejects.first?.message
          == "A quote that this row opens is not closed within 1 MiB: close it or double it.")
      #expect(readings[0].rejects.first?.code == .badCSV)
      #expect(readings[0].rejects.count == (ending.isEmpty ? 1 : 2))
      #expect(readings[0].events.count == rest.utf8.count / good.utf8.count)
      #expect(readings[0].losses(of: Array(input.utf8)) == [])
    }
  }

  @Test(arguments: [
    (
      "case_id,type,occurred_at,case_id",
      "The header names the column \"case_id\" twice: rename or remove one."
    ),
    (
      "Nummer,Art,Zeit",
      "No column of the header is a field of an event: name them case_id, type, occurred_at and so on, or give the feed a mapping."
    ),
    ("case_id,\"type\"x", CSVRejectTests.notCSV(15, "text stands after a closing quote")),
    ("case_id,ty\u{0}pe", "The cell \"ty\\u{0}pe\" holds a NUL character: take it out."),
  ])
  func headerFaultsRefuseEveryRow(_ header: String, _ message: String) throws {
    let input = "\n\(header)\n\(CSVRejectTests.good)\n\n\(CSVRejectTests.good)\n"
    let reading = try Reading(input, feed: .csv)
    #expect(reading.events == [])
    #expect(reading.losses(of: Array(input.utf8)) == [])
    #expect(reading.rejects.map(\.position.line) == [2, 3, 5])
    let after = "The row cannot be read because of the file's header. " + message
    #expect(reading.rejects.map(\.message) == [message, after, after])
    #expect(reading.rejects.map(\.header) == [nil, Array(header.utf8), Array(header.utf8)])
  }

  @Test func twiceMappedOrKeptColumnsAreNamedOnce() throws {
    var feed = FeedDescription.csv
    feed.keep = ["note"]
    let input = CSVRejectTests.header + ",note\n" + CSVRejectTests.good + ",\n"
    #expect(
      try Reading(input, feed: feed).rejects.first?.message
        == "The header names the column \"note\" twice: rename or remove one.")
    // What is dropped may stand there as often as it likes.
    #expect(try Reading(input, feed: .csv).events.count == 1)
  }

  @Test func invalidUTF8() throws {
    var feed = FeedDescription.csv
    feed.encoding = .utf8
    let row = Array("c-1,accepted,\(CSVRejectTests.time),ab".utf8) + [0xCA, 0xDC] + Array(",,,,,".utf8)
    let input = Array(CSVRejectTests.header.utf8) + [0x0A] + row + [0x0A] + Array(CSVRejectTests.good.utf8)
    let reading = try Reading(input, feed: feed)
    let reject = try #require(reading.rejects.first)
    #expect(reject.code == .badEncoding)
    #expect(reject.message == "The row is not valid UTF-8 at \"ab\u{FFFD}\u{FFFD}\": save the file as UTF-8.")
    #expect(
      reject.position
        == Reject.Position(line: 2, byteOffset: CSVRejectTests.header.utf8.count + 1, column: 42, field: "step"))
    #expect(reject.raw == row)
    #expect(reading.events.count == 1)
    #expect(reading.losses(of: input) == [])
  }
}
