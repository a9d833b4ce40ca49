import Journal
import Logging
import Testing

@Suite struct JournalLogHandlerTests {
  struct Refusal: Error, CustomStringConvertible {
    var description: String { "refused by the server (53300)" }
  }

  static func logger(
    _ sink: MemorySink, level: Logger.Level = .trace, provider: Logger.MetadataProvider? = nil
  ) -> Logger {
    Logger(label: "ingest") { label in
      JournalLogHandler(label: label, sink: sink, logLevel: level, metadataProvider: provider, now: { 42 })
    }
  }

  @Test func levelsBecomePriorities() {
    let sink = MemorySink()
    let logger = JournalLogHandlerTests.logger(sink)
    for level in Logger.Level.allCases { logger.log(level: level, "A sentence.") }
    #expect(sink.records.map(\.priority) == [.debug, .debug, .info, .notice, .warning, .error, .critical])
    #expect(sink.records.allSatisfy { $0.time == 42 && $0.message == "A sentence." && $0.event == nil })
  }

  @Test func theLevelIsAThreshold() {
    let sink = MemorySink()
    let logger = JournalLogHandlerTests.logger(sink, level: .warning)
    logger.info("no")
    logger.warning("yes")
    #expect(sink.records.map(\.message) == ["yes"])
  }

  @Test func metadataBecomesFields() {
    let sink = MemorySink()
    var logger = JournalLogHandlerTests.logger(
      sink, provider: Logger.MetadataProvider { ["trace": "t1", "shared": "provider"] })
    logger[metadataKey: "own"] = "o"
    logger[metadataKey: "shared"] = "handler"
    logger.info(
      "m",
      metadata: [
        "count": .stringConvertible(3), "share": .stringConvertible(0.5), "dry": .stringConvertible(true),
        "huge": .stringConvertible(UInt64.max), "list": ["a", "b"], "in": ["x": "1", "a": ["b": "2"]],
        "message": "moved",
      ])
    let record = sink.records.first
    let expected: [(String, LogValue)] = [
      ("logger", "ingest"), ("count", 3), ("dry", true), ("huge", "18446744073709551615"), ("in.a.b", "2"),
      ("in.x", "1"), ("list", "[\"a\", \"b\"]"), ("field_message", "moved"), ("own", "o"), ("shared", "provider"),
      ("share", 0.5), ("trace", "t1"),
    ]
    let sorted = expected.dropFirst(8).sorted { $0.0 < $1.0 }
    #expect(record?.fields.map(\.key) == expected.prefix(8).map(\.0) + sorted.map(\.0))
    for (key, value) in expected { #expect(record?[key] == value) }
  }

  @Test func aKnownEventIsTheEvent() {
    let sink = MemorySink()
    let logger = JournalLogHandlerTests.logger(sink)
    logger.warning("m", metadata: ["event": "feed.stalled", "feed": "north"])
    logger.warning("m", metadata: ["event": "something.else"])
    #expect(sink.records.map(\.event) == [.feedStalled, nil])
    #expect(sink.records[0].fields.map(\.key) == ["logger", "feed"])
    #expect(sink.records[1]["field_event"] == "something.else")
  }

  @Test func anErrorIsNamed() {
    let sink = MemorySink()
    JournalLogHandlerTests.logger(sink).error("m", error: Refusal())
    #expect(sink.records.first?["error"] == "refused by the server (53300)")
    #expect(sink.records.first?["error_type"] == .text(String(reflecting: Refusal.self)))
  }

  @Test func aCopyHasItsOwnMetadata() {
    let sink = MemorySink()
    let logger = JournalLogHandlerTests.logger(sink)
    var copy = logger
    copy[metadataKey: "k"] = "v"
    copy.logLevel = .error
    logger.info("m")
    #expect(sink.records.map { $0["k"] } == [nil])
    #expect(copy[metadataKey: "k"] == "v")
  }
}
