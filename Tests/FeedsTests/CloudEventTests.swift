import ServiceTime
import TestSupport
import Testing

@testable import Feeds

/// CloudEvents 1.0 in JSON: what becomes of each, and of the body they stand in.
@Suite struct CloudEventTests {
  private static func read(_ text: String, feed: FeedDescription = .native, isBatch: Bool = false) throws
    -> FeedBatch
  {
    let body = Array(text.utf8)
    var reader = BodyReader(feed: feed)
    return reader.read(
      body, .cloudEvents(try CloudEventBody.places(in: body, isBatch: isBatch)), now: Reading.now)
  }

  private static let whole = #"""
    {"specversion":"1.0","id":"e-1","source":"/hall/3","subject":"KB1","type":"cn.gov.hainan.accepted",
     "time":"2026-09-17T10:00:00+08:00","sequence":"7","datacontenttype":"application/json","traceparent":"00-x",
     "data":{"process":"opening","region":"469005100","tags":["assisted"],"case_id":"other","note":1,"entity_name":"\u6587\u660c"}}
    """#

  @Test func attributesAndDataMakeAnEvent() throws {
    var feed = FeedDescription.native
    feed.keep = ["note"]
    let batch = try CloudEventTests.read(CloudEventTests.whole, feed: feed)
    #expect(batch.rejects == [])
    var event = Event(
      caseID: "KB1", source: "/hall/3", eventID: "e-1", type: "accepted",
      occurredAt: try #require(Instant(rfc3339: "2026-09-17T02:00:00Z")))
    event.sequence = 7
    event.process = "opening"
    event.region = "469005100"
    event.tags = ["assisted"]
    event.entityName = "文昌"
    event.kept = "{\"note\":1}"
    #expect(batch.events == [event])
    // Its bytes are kept whole, should it turn out to be a conflict.
    #expect(batch.original(ofEvent: 0).bytes == Array(CloudEventTests.whole.utf8))
  }

  /// Mapping, translation and defaults of the feed hold for the data, and translation for the type.
  @Test func theFeedsMappingHolds() throws {
    var feed = FeedDescription.native
    feed.mapping = [
      .region: .init(column: "行政区划"), .type: .init(column: "环节", values: ["受理": "accepted"]),
      .caseID: .init(column: "办件编号"),
    ]
    feed.defaults = [.process: "opening"]
    let batch = try CloudEventTests.read(
      #"{"specversion":"1.0","id":"1","source":"s","type":"x.受理","time":"2026-09-17T10:00:00Z","data":{"行政区划":"46","办件编号":"K7"}}"#,
      feed: feed)
    #expect(batch.events.map(\.type) == ["accepted"])
    #expect(batch.events.map(\.region) == ["46"] && batch.events.map(\.process) == ["opening"])
    #expect(batch.events.map(\.caseID) == ["K7"])
  }

  /// A change of one attribute, and what becomes of the event.
  @Test(
    arguments: [
      (#""specversion":"1.0""#, #""specversion":"0.3""#, "bad_field", "specversion"),
      (#""specversion":"1.0""#, #""specversion":1.0"#, "bad_field", "specversion"),
      (#""specversion":"1.0","#, "", "missing_field", "specversion"),
      (#""id":"e-1","#, "", "missing_field", "id"), (#""id":"e-1""#, #""id":null"#, "missing_field", "id"),
      (#""id":"e-1""#, #""id":"""#, "bad_field", "event_id"), (#""id":"e-1""#, #""id":5"#, "bad_field", "event_id"),
      (#""source":"/hall/3","#, "", "missing_field", "source"),
      (#""type":"cn.gov.hainan.accepted","#, "", "missing_field", "type"),
      ("hainan.accepted", "hainan.", "bad_field", "type"),
      (#""subject":"KB1""#, #""subject":"""#, "bad_field", "case_id"),
      ("2026-09-17T10:00:00+08:00", "2026-09-17T10:00:00", "bad_time", "occurred_at"),
      ("2026-09-17T10:00:00+08:00", "2036-09-17T10:00:00Z", "future_time", "occurred_at"),
      (#""sequence":"7""#, #""sequence":"a7""#, "bad_field", "sequence"),
      (#""process":"opening""#, #""process":3"#, "bad_field", "process"),
      (#""region":"469005100""#, #""region":"4""#, "bad_field", "region"),
      (#""data":{"#, #""data_base64":"e30=","data":{"#, "bad_field", "data_base64"),
      (#""id":"e-1","#, #""id":"e-1","id":"e-2","#, "bad_field", nil),
      (#""region":"469005100","#, #""region":"46","region":"47","#, "bad_field", "region"),
      ("KB1", "K\\u0000", "bad_field", nil), ("KB1", "K\\ud800", "bad_json", nil),
      ("KB1", "K\u{1}", "bad_json", nil),
      (
        #""note":1"#, "\"note\":\(String(repeating: "[", count: 32))\(String(repeating: "]", count: 32))",
        "bad_json", nil
      ),
      (#""note":1"#, #""note":tru"#, "bad_json", nil),
    ] as [(String, String, String, String?)])
  func whatDoesNotFitIsRefused(_ before: String, _ after: String, _ code: String, _ field: String?) throws {
    let text = CloudEventTests.whole.replacing(before, with: after)
    try #require(text != CloudEventTests.whole)
    // Others beside it are taken in.
    let good = CloudEventTests.whole.replacing("e-1", with: "e-9")
    let batch = try CloudEventTests.read(
      "[\(good),\n \(text) , \(good.replacing("e-9", with: "e-8"))]", isBatch: true)
    #expect(batch.events.map(\.eventID) == ["e-9", "e-8"])
    let reject = try #require(batch.rejects.first)
    #expect(batch.rejects.count == 1)
    #expect(reject.code.rawValue == code && reject.position.field == field, "\(reject.message)")
    #expect(reject.position.line == 2 && reject.raw == Array(text.utf8))
  }

  @Test(arguments: ["[]", "\"x\"", "7", "true"])
  func dataMustBeAnObject(_ data: String) throws {
    let start = try #require(CloudEventTests.whole.firstRange(of: "{\"process\""))
    let text = CloudEventTests.whole[..<start.lowerBound] + data + "}"
    let batch = try CloudEventTests.read(String(text))
    #expect(batch.events.isEmpty && batch.rejects.map(\.position.field) == ["data"], "\(batch.rejects)")
  }

  @Test func withoutDataTheAttributesAreEnough() throws {
    for data in ["", #","data":null"#] {
      let batch = try CloudEventTests.read(
        #"{"specversion":"1.0","id":"1","source":"s","type":"accepted","subject":"K","time":"2026-09-17T10:00:00Z"\#(data)}"#
      )
      #expect(batch.events.map(\.caseID) == ["K"] && batch.events.map(\.type) == ["accepted"])
    }
  }

  @Test func oneTooLargeIsRefusedAlone() throws {
    let large = CloudEventTests.whole.replacing("00-x", with: String(repeating: "x", count: FeedLimits.lineBytes))
    let batch = try CloudEventTests.read("[\(large),\(CloudEventTests.whole)]", isBatch: true)
    #expect(batch.events.count == 1 && batch.rejects.map(\.code) == [.tooLarge])
    #expect(batch.rejects.first?.rawLength == large.utf8.count)
  }

  /// Bytes that are no UTF-8 are one event's fault.
  @Test func badEncodingIsOneEventsFault() throws {
    var body = Array("[\(CloudEventTests.whole),\(CloudEventTests.whole.replacing("KB1", with: "K#1"))]".utf8)
    body[try #require(body.firstIndex(of: UInt8(ascii: "#")))] = 0xFF
    var reader = BodyReader(feed: .native)
    let batch = reader.read(
      body, .cloudEvents(try CloudEventBody.places(in: body, isBatch: true)), now: Reading.now)
    #expect(batch.events.count == 1 && batch.rejects.map(\.code) == [.badEncoding])
  }

  /// What cannot be taken apart is no body of CloudEvents.
  @Test(arguments: [
    ("", true), ("[", true), ("[{}", true), ("[{},]", true), ("[,{}]", true), ("[{}] x", true), ("{}", true),
    ("[{}}", true), ("[\"a]", true), ("[{}]]", true), ("[\"\\", true), ("nonsense", true), ("", false),
    ("[]", false),
    ("{", false), ("{\"a\":\"}", false), ("{}{}", false), ("7", false), ("{} ,", false), ("\u{FEFF}", false),
  ])
  func brokenBodiesAreTold(_ text: String, _ isBatch: Bool) {
    #expect(throws: CloudEventBody.Fault.self) {
      try CloudEventBody.places(in: Array(text.utf8), isBatch: isBatch)
    }
  }

  @Test(
    arguments: [
      ("[]", true, []), (" [ ] ", true, []), ("[{}]", true, ["{}"]),
      ("[ {\"a\":\"]},\\\"\"} , 7\n]", true, [#"{"a":"]},\""}"#, "7"]),
      ("\u{FEFF}[[1,2],\"a,b\"]", true, ["[1,2]", "\"a,b\""]), ("\n{\"a\":[{}]}\n", false, ["{\"a\":[{}]}"]),
    ] as [(String, Bool, [String])])
  func bodiesAreTakenApart(_ text: String, _ isBatch: Bool, _ parts: [String]) throws {
    let body = Array(text.utf8)
    let places = try CloudEventBody.places(in: body, isBatch: isBatch)
    #expect(places.map { String(decoding: body[$0], as: UTF8.self) } == parts)
  }

  /// No input takes the reader down, and every element ends as an event or a reject.
  @Test func anyBytesAreRead() throws {
    var generator = SeededGenerator(seed: 11)
    var taken = 0
    for _ in 0..<3_000 {
      var body = Array("[\(CloudEventTests.whole),\(CloudEventTests.whole)]".utf8)
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        body[Int.random(in: body.indices, using: &generator)] = UInt8.random(in: .min ... .max, using: &generator)
      }
      guard let places = try? CloudEventBody.places(in: body, isBatch: true) else { continue }
      var reader = BodyReader(feed: .native)
      let batch = reader.read(body, .cloudEvents(places), now: Reading.now)
      #expect(batch.recordsRead == places.count)
      taken += 1
    }
    #expect(taken > 500)
  }

  /// In binary mode the attributes are fields of the head; what they hold cannot become members of their own.
  @Test func binaryModeIsTheSameEvent() throws {
    let attributes = [
      ("specversion", "1.0"), ("id", "e\",\"x\":\"1"), ("source", "s"), ("type", "a.accepted"),
      ("subject", "文昌\n1"),
      ("time", "2026-09-17T10:00:00Z"),
    ]
    let json = try CloudEventBody.structured(attributes, data: Array(#" {"process":"opening"} "#.utf8))
    let batch = try CloudEventTests.read(String(decoding: json, as: UTF8.self))
    #expect(batch.rejects == [])
    #expect(batch.events.map(\.eventID) == ["e\",\"x\":\"1"] && batch.events.map(\.caseID) == ["文昌\n1"])
    #expect(batch.events.map(\.process) == ["opening"])
    for data in [#"{},"subject":"K2""#, "7", "nonsense", "{"] {
      #expect(throws: CloudEventBody.Fault.self) {
        try CloudEventBody.structured(attributes, data: Array(data.utf8))
      }
    }
    #expect(
      try CloudEventTests.read(String(decoding: CloudEventBody.structured(attributes, data: []), as: UTF8.self))
        .events.count == 1)
  }

  /// Lines in memory are read as those of a file are.
  @Test func linesInMemoryAreReadAsAFile() throws {
    let line = #"{"case_id":"K1","type":"accepted","occurred_at":"2026-09-17T10:00:00Z"}"#
    for text in [
      "\(line)\n\(line.replacing("K1", with: "K2"))", "\(line)\nnonsense\n\n\(line)\r\n", "\u{FEFF}\(line)\n", "",
      "\n", "PK\u{3}\u{4}zip",
      "{\0\"\0", "\(line)\n{\"a\":\"\(String(repeating: "x", count: FeedLimits.lineBytes))\"}\n\(line)",
    ] {
      var reader = BodyReader(feed: .native)
      let body = Array(text.utf8)
      let batch = reader.read(body, .lines, now: Reading.now)
      let file = try Reading(body, feed: .native)
      #expect(batch.events == file.events && batch.rejects == file.rejects, "\(text.prefix(100))")
    }
  }
}
