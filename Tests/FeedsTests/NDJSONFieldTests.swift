import ServiceTime
import Testing

@testable import Feeds

/// What is read of NDJSON: every field of the contract, limits, mappings, defaults and kept fields.
@Suite struct NDJSONFieldTests {
  @Test func readsEveryField() throws {
    let line = """
      {"event_id":"e-7","case_id":"469005-1","type":"extended","occurred_at":"2026-09-18T10:00:00.5+08:00",\
      "sequence":-3,"process":"opening","step":"licence","source":"hn","region":"469005","grid":"一组",\
      "service_window":"3 号窗","channel":"online","entity_name":"文昌\\u5e02 \\"甲\\"\\n","entity_type":"enterprise",\
      "uscc":"914403001922038216","tags":["assisted","a\\tb"],"extend_days":5,"id_card":"460000"}
      """
    let reading = try Reading(line)
    var event = Event(
      caseID: "469005-1", source: "hn", eventID: "e-7", type: .extended,
      occurredAt: Instant(microseconds: 1_789_696_800_500_000))
    event.sequence = -3
    event.process = "opening"
    event.step = "licence"
    event.region = "469005"
    event.grid = "一组"
    event.serviceWindow = "3 号窗"
    event.channel = "online"
    event.entityName = "文昌市 \"甲\"\n"
    event.entityType = "enterprise"
    event.uscc = "914403001922038216"
    event.tags = ["assisted", "a\tb"]
    event.extendDays = 5
    #expect(reading.rejects == [])
    #expect(reading.events == [event])
  }

  @Test func readsVoids() throws {
    let line = NDJSONRejectTests.event("\"type\":\"voided\",\"voids\":\"e-1\",\"event_id\":\"e-2\"")
    #expect(try Reading(line).events.first?.voids == "e-1")
  }

  /// Beside the types that they are for, they are kept and do nothing.
  @Test func readsVoidsAndExtendDaysOnOtherTypes() throws {
    let event = try Reading(NDJSONRejectTests.event("\"voids\":\"e-1\",\"extend_days\":3")).events.first
    #expect(event?.type.name == "accepted")
    #expect(event?.voids == "e-1")
    #expect(event?.extendDays == 3)
  }

  /// The field, the most characters, and the rest of an event on which it may stand.
  @Test(arguments: [
    ("event_id", 128, ""), ("case_id", 128, ""), ("voids", 128, "\"type\":\"voided\","), ("type", 64, ""),
    ("source", 255, ""), ("process", 64, ""), ("step", 64, ""), ("grid", 255, ""), ("service_window", 255, ""),
    ("channel", 64, ""), ("entity_name", 1024, ""), ("entity_type", 64, ""), ("uscc", 255, ""),
  ])
  func limits(_ name: String, _ most: Int, _ rest: String) throws {
    for character in ["a", "字", "\u{1F600}"] {
      for (count, isRead) in [(1, true), (most, true), (most + 1, false)] {
        let value = String(repeating: character, count: count)
        let reading = try Reading(NDJSONRejectTests.event(rest + "\"\(name)\":\"\(value)\""))
        #expect(reading.events.count == (isRead ? 1 : 0), "\(name) of \(count)")
        #expect(reading.rejects.first.map(\.code) == (isRead ? nil : .badField))
      }
    }
  }

  @Test func tagsAreLimitedEach() throws {
    let tag = String(repeating: "字", count: 64)
    #expect(try Reading(NDJSONRejectTests.event("\"tags\":[\"\(tag)\"]")).events.first?.tags == [tag])
    #expect(try Reading(NDJSONRejectTests.event("\"tags\":[\"\(tag)a\"]")).rejects.first?.code == .badField)
    #expect(try Reading(NDJSONRejectTests.event("\"tags\":[ ]")).events.first?.tags == [])
    #expect(try Reading(NDJSONRejectTests.event("\"tags\":null")).events.first?.tags == nil)
  }

  @Test(arguments: 0...14)
  func regionsHave2Or4Or6Or9Or12Digits(_ length: Int) throws {
    let reading = try Reading(NDJSONRejectTests.event("\"region\":\"\(String(repeating: "4", count: length))\""))
    #expect(reading.events.count == ([2, 4, 6, 9, 12].contains(length) ? 1 : 0))
    #expect(try Reading(NDJSONRejectTests.event("\"region\":\"4a\"")).events.isEmpty)
  }

  @Test func emptyTextsOfOptionalFieldsSayNothing() throws {
    let names = ["process", "step", "grid", "service_window", "channel", "entity_name", "entity_type", "uscc"]
    let fields = names.map { "\"\($0)\":\"\"" }.joined(separator: ",")
    let event = try #require(try Reading(NDJSONRejectTests.event(fields)).events.first)
    #expect(event == (try Reading(NDJSONRejectTests.event("")).events.first))
  }

  @Test func unknownTypesAreKept() throws {
    let event = try #require(try Reading(NDJSONRejectTests.event("\"type\":\"现场核查\"")).events.first)
    #expect(event.type.name == "现场核查")
    #expect(!event.type.isKnown)
  }

  @Test func creditCodesThatFailAreNotRefused() throws {
    let codes = ["914403001922038216", "914403001922038217", "", "x"]
    let input = codes.map { NDJSONRejectTests.event("\"uscc\":\"\($0)\"") }.joined(separator: "\n")
    let reading = try Reading(input)
    #expect(reading.events.map(\.uscc) == ["914403001922038216", "914403001922038217", nil, "x"])
  }

  @Test func escapesAreUndone() throws {
    for (written, meant) in [
      (#"\" \\ \/ \b \f \n \r \t"#, "\" \\ / \u{8} \u{c} \n \r \t"), (#"\u0041\u00e9\u4e2d\uD83D\ude00"#, "Aé中😀"),
      (#"\ud840\udc0b"#, "\u{2000B}"), ("plain 中文", "plain 中文"), (#"\u007f"#, "\u{7f}"),
    ] {
      #expect(try Reading(NDJSONRejectTests.event("\"step\":\"\(written)\"")).events.first?.step == meant)
      #expect(try Reading(NDJSONRejectTests.event("\"tags\":[\"\(written)\"]")).events.first?.tags == [meant])
    }
    // A key may be written with escapes too.
    #expect(try Reading(NDJSONRejectTests.event(#""st\u0065p":"seal""#)).events.first?.step == "seal")
    #expect(try Reading(NDJSONRejectTests.event(#""step":"a","st\u0065p":"b""#)).rejects.first?.code == .badField)
  }

  @Test func identitiesAreBytes() throws {
    // Composed and decomposed, the same to a reader of text, two cases to the system that numbered them.
    let input =
      NDJSONRejectTests.event("\"case_id\":\"\u{e9}\"") + "\n"
      + NDJSONRejectTests.event("\"case_id\":\"e\u{301}\"")
    let events = try Reading(input).events
    #expect(events.count == 2)
    #expect(events[0].caseID != events[1].caseID)
  }

  @Test func blanksAroundJSONAreNothing() throws {
    let line = " \t{ \"case_id\" : \"c\" ,\t\"type\":\"accepted\", \"occurred_at\" :\"2026-09-18T02:00:00Z\" }\t \r"
    let reading = try Reading("\u{FEFF}" + line + "\n  \t\r\n\n" + line)
    #expect(reading.events.count == 2)
    #expect(reading.blank == 2)
    #expect(reading.rejects == [])
  }

  @Test func fieldsBesideTheContractAreDroppedOrKept() throws {
    let line = NDJSONRejectTests.event(
      #""note":{"a":[1, 2.50e1,"x\u4e2d"]},"id_card":"460000","empty":null,"e\u006fx":true,"uscc":"u","note2":"n""#)
    #expect(try Reading(line).events.first?.kept == nil)
    var feed = FeedDescription.native
    feed.keep = ["note", "empty", "eox", "absent", "uscc"]
    let event = try #require(try Reading(line, feed: feed).events.first)
    #expect(event.kept == #"{"note":{"a":[1, 2.50e1,"x\u4e2d"]},"e\u006fx":true,"uscc":"u"}"#)
    #expect(event.uscc == "u")
    // Twice is a fault only where it is looked at.
    let twice = NDJSONRejectTests.event(#""note":1,"note":2"#)
    #expect(try Reading(twice).events.count == 1)
    let reject = try #require(try Reading(twice, feed: feed).rejects.first)
    #expect(reject.message == "The key \"note\" stands twice in the line: send it once.")
    #expect(reject.position == Reject.Position(line: 1, byteOffset: 0, column: 11))
  }

  @Test func mappingsAndDefaults() throws {
    var feed = FeedDescription.native
    feed.mapping = [
      .type: FeedDescription.Mapping(
        column: "环节", values: ["受理": "accepted", "3": "suspended"], otherwise: "step_completed"),
      .step: FeedDescription.Mapping(column: "环节"),
      .channel: FeedDescription.Mapping(column: "via", values: ["网上": "online"]),
    ]
    feed.defaults = [.process: "opening", .tags: "assisted; key |", .channel: "window"]
    func event(_ fields: String) throws -> Event {
      try #require(
        try Reading(#"{"case_id":"c","occurred_at":"2026-09-18T02:00:00Z",\#(fields)}"#, feed: feed).events.first)
    }
    let mapped = try event(#""环节":"受理","via":"网上","tags":["own"]"#)
    #expect(mapped.type == "accepted")
    #expect(mapped.step == "受理")
    #expect(mapped.channel == "online")
    #expect(mapped.process == "opening")
    #expect(mapped.tags == ["own"])
    // A value that the mapping does not name: what `otherwise` says, else as it is; numbers can be named too.
    let other = try event(#""环节":"刻章","via":"phone","process":null"#)
    #expect(other.type == "step_completed")
    #expect(other.step == "刻章")
    #expect(other.channel == "phone")
    #expect(other.process == "opening")
    #expect(other.tags == ["assisted", "key"])
    let reject = try #require(
      try Reading(#"{"case_id":"c","occurred_at":"2026-09-18T02:00:00Z","环节":3}"#, feed: feed).rejects.first)
    #expect(reject.message == "step (column \"环节\") is \"3\": write it as a string, in quotes.")
    // The contract's own name is no field where a mapping names another column for it.
    let own = try Reading(#"{"case_id":"c","occurred_at":"2026-09-18T02:00:00Z","type":"accepted"}"#, feed: feed)
    #expect(
      own.rejects.map(\.message) == [
        "type (column \"环节\") is missing: every event must say what happened; add it or map the column that holds it."
      ])
    #expect(own.rejects.map(\.position.field) == ["type"])
  }

  @Test func defaultsOfExtendDaysStayOnTheirType() throws {
    var feed = FeedDescription.native
    feed.defaults = [.extendDays: "10"]
    #expect(
      try Reading(NDJSONRejectTests.event("\"type\":\"extended\""), feed: feed).events.first?.extendDays == 10)
    #expect(try Reading(NDJSONRejectTests.event(""), feed: feed).events.first?.extendDays == nil)
  }
}
