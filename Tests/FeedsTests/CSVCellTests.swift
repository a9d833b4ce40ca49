import ServiceTime
import Testing

@testable import Feeds

/// What is read of CSV: quotes, line breaks, delimiters, mappings, and what spreadsheets leave in cells.
@Suite struct CSVCellTests {
  static let time = "2026-09-18T10:00:00+08:00"

  /// The value of `entity_name` in a row where it is written so.
  @Test(
    arguments: [
      ("甲", "甲"), ("\"甲\"", "甲"), ("\"a,b\"", "a,b"), ("\"say \"\"yes\"\"\"", "say \"yes\""),
      ("\"\"\"\"", "\""), ("\"a\nb\"", "a\nb"), ("\"a\r\nb\"", "a\r\nb"), ("\"\n\"", nil), ("  a b\t", "a b"),
      ("\"  \"", nil), ("\"\"", nil), ("", nil), ("\u{A0}\u{3000}a\u{3000}\u{A0}", "a"), ("'a", "'a"),
      ("\"a\"\"\"", "a\""), ("\";\"", ";"),
    ] as [(String, String?)])
  func quotesAndBlanks(_ written: String, _ meant: String?) throws {
    for lineBreak in ["\n", "\r\n"] {
      let rows = ["case_id,entity_name,type,occurred_at", "c,\(written),accepted,\(CSVCellTests.time)"]
      // With a line break at the end and without; the cell last on its row too.
      for ending in ["", lineBreak] {
        let reading = try Reading(rows.joined(separator: lineBreak) + ending, feed: .csv)
        #expect(reading.rejects == [])
        #expect(reading.events.map(\.entityName) == [meant])
        let last = ["case_id,type,occurred_at,entity_name", "c,accepted,\(CSVCellTests.time),\(written)"]
        let lastReading = try Reading(last.joined(separator: lineBreak) + ending, feed: .csv)
        #expect(lastReading.events.map(\.entityName) == [meant])
      }
    }
  }

  @Test func linesAndPlacesAfterARowOverSeveralLines() throws {
    let rows = [
      "case_id,entity_name,type,occurred_at", "c-1,\"a\nb\nc\",accepted,\(CSVCellTests.time)", "", " , , ,",
      "c-2,x,accepted", "c-3,x,accepted,\(CSVCellTests.time)",
    ]
    let input = rows.joined(separator: "\n")
    let reading = try Reading(input, feed: .csv)
    #expect(reading.events.map(\.caseID) == ["c-1", "c-3"])
    #expect(reading.blank == 3)
    #expect(reading.rejects.map(\.position.line) == [7])
    #expect(reading.losses(of: Array(input.utf8), rows: true) == [])
  }

  @Test(arguments: [",", ";", "\t"])
  func delimitersAreTold(_ delimiter: String) throws {
    let rows = [
      ["case_id", "type", "occurred_at", "step", "other;kind,of\tcolumn"].map { "\"\($0)\"" },
      ["c", "accepted", CSVCellTests.time, "\"a,b;c\td\"", "\"\""],
    ]
    let input = rows.map { $0.joined(separator: delimiter) }.joined(separator: "\n")
    var feed = FeedDescription.csv
    #expect(try Reading(input, feed: feed).events.map(\.step) == ["a,b;c\td"])
    feed.delimiter = delimiter == "," ? .comma : delimiter == ";" ? .semicolon : .tab
    #expect(try Reading(input, feed: feed).events.map(\.step) == ["a,b;c\td"])
    feed.delimiter = delimiter == "," ? .tab : .comma
    #expect(try Reading(input, feed: feed).events.isEmpty)
  }

  @Test func aByteOrderMarkIsPassed() throws {
    let input =
      "\u{FEFF}\"case_id\",type,occurred_at\nc,accepted,\(CSVCellTests.time)\n,accepted,\(CSVCellTests.time)\n"
    let reading = try Reading(input, feed: .csv)
    #expect(reading.events.map(\.caseID) == ["c"])
    #expect(reading.rejects.map(\.position.byteOffset) == [67])
    #expect(reading.losses(of: Array(input.utf8), mark: 3) == [])
  }

  @Test func mappingsAndDefaults() throws {
    var feed = FeedDescription.csv
    feed.timeZone = .shanghai
    feed.mapping = [
      .caseID: FeedDescription.Mapping(column: "办件编号"), .occurredAt: FeedDescription.Mapping(column: "时间"),
      .type: FeedDescription.Mapping(
        column: "环节", values: ["受理": "accepted", "办结": "completed"], otherwise: "step_completed"),
      .step: FeedDescription.Mapping(column: "环节"),
    ]
    feed.defaults = [.process: "opening", .channel: "window"]
    feed.keep = ["备注", "空"]
    let input = """
      办件编号,时间,环节,channel,备注,空,身份证号
      '469005001,2026/9/1 8:05,受理,online,"好 ""的""\",,460000
      \t469005002,20260901T080500,刻章,,x,,
      469005003,２０２６／９／１　８：０５,办结,,,,
      ４６９００５００４,2026-09-01 08:05:00,,,,,
      """
    let reading = try Reading(input, feed: feed)
    #expect(reading.events.map(\.caseID) == ["469005001", "469005002", "469005003"])
    #expect(reading.events.map(\.type) == ["accepted", "step_completed", "completed"])
    #expect(reading.events.map(\.step) == ["受理", "刻章", "办结"])
    #expect(reading.events.map(\.channel) == ["online", "window", "window"])
    #expect(reading.events.allSatisfy { $0.process == "opening" })
    #expect(reading.events.map(\.kept) == [#"{"备注":"好 \"的\""}"#, #"{"备注":"x"}"#, nil])
    #expect(
      reading.events.allSatisfy { $0.occurredAt == Instant(rfc3339: "2026-09-01T00:05:00Z") })
    #expect(reading.events.first?.eventID == "accepted:受理@2026-09-01T00:05:00.000000Z")
    #expect(
      reading.rejects.map(\.message) == [
        "type (column \"环节\") is missing: every event must say what happened; add it or map the column that holds it."
      ])
    #expect(reading.rejects.map(\.position.line) == [5])
  }

  @Test func whatSpreadsheetsLeaveInCells() throws {
    let input = """
      case_id,type,occurred_at,sequence,region,service_window,voids,uscc,entity_name
      '００１,'voided,'\(CSVCellTests.time),'+７,' 469005,'03,'e-1,'x,'s-Gravenhage
      """
    let reading = try Reading(input, feed: .csv)
    #expect(reading.rejects == [])
    let event = try #require(reading.events.first)
    #expect(event.caseID == "001")
    #expect(event.type == .voided)
    #expect(event.sequence == 7)
    #expect(event.region == "469005")
    #expect(event.serviceWindow == "03")
    #expect(event.voids == "e-1")
    #expect(event.uscc == "x")
    #expect(event.entityName == "'s-Gravenhage")
  }

  @Test(
    arguments: [
      ("assisted", ["assisted"]), ("a;b", ["a", "b"]), (" a | b ;; c ", ["a", "b", "c"]), (";", []),
      ("重点;", ["重点"]),
    ] as [(String, [String])])
  func tags(_ cell: String, _ tags: [String]) throws {
    let input = "case_id,type,occurred_at,tags\nc,accepted,\(CSVCellTests.time),\(cell)"
    #expect(try Reading(input, feed: .csv).events.map(\.tags) == [tags])
  }

  @Test func oneColumnForSeveralFields() throws {
    var feed = FeedDescription.csv
    feed.mapping = [
      .caseID: FeedDescription.Mapping(column: "no"), .eventID: FeedDescription.Mapping(column: "no"),
      .region: FeedDescription.Mapping(column: "no"), .grid: FeedDescription.Mapping(column: "no"),
    ]
    let event = try #require(
      try Reading("no,type,occurred_at\n'４６,accepted,\(CSVCellTests.time)", feed: feed).events.first)
    #expect(event.caseID == "46")
    #expect(event.eventID == "46")
    #expect(event.region == "46")
    // Free text stays as it was written.
    #expect(event.grid == "'４６")
  }

  @Test func filesWithoutRows() throws {
    for (input, blank) in [("", 0), ("\n \n", 2), ("case_id,type,occurred_at", 1), ("case_id\n\n", 2)] {
      let reading = try Reading(input, feed: .csv)
      #expect(reading.events == [])
      #expect(reading.rejects == [])
      #expect(reading.blank == blank)
      #expect(reading.losses(of: Array(input.utf8)) == [])
    }
  }
}
