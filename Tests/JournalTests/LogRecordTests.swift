import Testing

@testable import Journal

@Suite struct LogRecordTests {
  @Test func eventNamesAreThoseOfTheContract() {
    let names = """
      alert.raised alert.resolved alert.withdrawn alert.amended alert.summary alert.unrecorded feed.stalled \
      feed.resumed quarantine.growing calendar.horizon policy.differs leader.elected leader.deposed database.lost \
      database.back log.refused configuration.loaded configuration.refused service.hangs ready stopping
      """
    #expect(LogEvent.allCases.map(\.rawValue) == names.split(separator: " ").map(String.init))
  }

  @Test func prioritiesAreThoseOfSyslog() {
    let names = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"]
    #expect(LogPriority.allCases.map(\.name) == names)
    #expect(LogPriority.allCases.map(\.rawValue) == Array(0...7))
    #expect(names.map { LogPriority(name: $0) } == LogPriority.allCases)
    #expect(LogPriority(name: "fatal") == nil)
    #expect(LogPriority.error < .info)
  }

  @Test func fieldsKeepTheirOrderAndOccurOnce() {
    var record = LogRecord(time: 0, priority: .info, message: "m", fields: ["z": 1, "a": "x", "z": 2.5])
    record.set("m", nil)
    record.set("a", true)
    #expect(record.fields.map(\.key) == ["z", "a", "m"])
    #expect(record.fields.map(\.value) == [.double(2.5), .bool(true), .null])
    #expect(record["a"] == .bool(true))
    #expect(record["b"] == nil)
  }

  @Test func reservedKeysAreMoved() {
    let record = LogRecord(
      time: 0, priority: .info, message: "m", fields: ["time": 1, "priority": 2, "event": 3, "message": 4])
    #expect(record.fields.map(\.key) == ["field_time", "field_priority", "field_event", "field_message"])
  }

  @Test func optionalsBecomeNull() {
    #expect(LogValue(nil as String?) == .null)
    #expect(LogValue(nil as Int64?) == .null)
    #expect(LogValue(UInt64.max as UInt64?) == .integer(.max))
    #expect(LogValue(7 as Int?) == .integer(7))
    #expect(LogValue("é" as String?) == .text("é"))
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000000Z"),
      (-1, "1969-12-31T23:59:59.999999Z"),
      (1_789_696_800_123_456, "2026-09-18T02:00:00.123456Z"),
      (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
      (4_102_444_799_999_999, "2099-12-31T23:59:59.999999Z"),
      (Int64.max, "9999-12-31T23:59:59.999999Z"),
      (Int64.min, "0000-01-01T00:00:00.000000Z"),
    ] as [(Int64, String)])
  func timestamps(time: Int64, text: String) {
    var line: [UInt8] = []
    UTCTimestamp.append(time, .microseconds, to: &line)
    #expect(String(decoding: line, as: UTF8.self) == text)
    line = []
    UTCTimestamp.append(time, .milliseconds, to: &line)
    #expect(String(decoding: line, as: UTF8.self) == text.dropLast(4) + "Z")
  }
}
