import TestSupport
import Testing

@testable import ServiceTime

/// Reading and writing instants.
@Suite struct InstantTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2026-09-18T10:00:00+08:00", 1_789_696_800_000_000),
      ("2026-09-18t02:00:00z", 1_789_696_800_000_000), ("2026-09-18 02:00:00Z", 1_789_696_800_000_000),
      ("2026-09-18T02:00Z", 1_789_696_800_000_000), ("2026-09-18T10:00:00+0800", 1_789_696_800_000_000),
      ("2026-09-17T19:30:00-06:30", 1_789_696_800_000_000), ("2026-09-18T02:00:00.5Z", 1_789_696_800_500_000),
      ("2026-09-18T02:00:00,123456Z", 1_789_696_800_123_456),
      ("2026-09-18T02:00:00.1234569Z", 1_789_696_800_123_456), ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
      ("2016-12-31T23:59:60.9Z", 1_483_228_800_000_000), ("2099-12-31T00:00:00Z", 4_102_358_400_000_000),
    ] as [(String, Int64)])
  func reads(_ text: String, _ microseconds: Int64) {
    #expect(Instant(rfc3339: text)?.microseconds == microseconds)
  }

  @Test(arguments: [
    "", "2026-09-18", "2026-09-18T10:00:00", "2026-09-18T24:00:00Z", "2026-09-18T10:60:00Z", "2026-09-18T10:00:61Z",
    "2026-02-30T10:00:00Z", "2026-09-18T10:00:00.Z", "2026-09-18T10:00:00+24:00", "2026-09-18T10:00:00+08:60",
    "2026-09-18T10:00:00+8", "2026-09-18T10:00:00Zz", "2026-09-18  10:00:00Z", "1969-12-31T23:59:59Z",
    "2099-12-31T00:00:00.000001Z", "2099-12-31T00:00:00-00:01", "2026-09-18T1a:00:00Z", "2026-09-18T10:00:0Z",
  ])
  func refuses(_ text: String) {
    #expect(Instant(rfc3339: text) == nil)
  }

  @Test func writesWhatItReads() throws {
    var random = SeededGenerator(seed: 3339)
    let zones = [
      TimeZoneTable.utc, ShippedPolicy.shanghai, try ZoneFileTests.table("Australia/Lord_Howe"),
      try ZoneFileTests.table("America/St_Johns"),
    ]
    for _ in 0..<2_000 {
      var instant = Instant(microseconds: Int64.random(in: 0...Instant.latest.microseconds, using: &random))
      if random.chance(50) { instant.microseconds -= instant.microseconds % 1_000_000 }
      let text = instant.rfc3339(in: random.pick(zones))
      #expect(Instant(rfc3339: text) == instant, "\(text)")
    }
    #expect(Instant(seconds: 0).description == "1970-01-01T00:00:00Z")
    #expect(
      ShippedPolicy.instant("2026-09-18T10:00:00.250Z").rfc3339(in: ShippedPolicy.shanghai)
        == "2026-09-18T18:00:00.25+08:00")
  }

  /// The usual form is read eight bytes at a time. With another mark between date and time a text is read byte by byte:
  /// both give the same, whatever single byte is another.
  @Test func usualFormAsAnyOther() throws {
    #expect(Instant.latest.description == "2099-12-31T00:00:00Z")
    for text in ["2026-09-18T10:45:59+08:30", "2024-02-29T23:59:59+00:00", "1970-01-31T00:00:00+00:00"] {
      for (at, byte) in (0..<25).flatMap({ at in (UInt8.min...UInt8.max).map { (at, $0) } }) where at != 10 {
        var usual = Array(text.utf8)
        usual[at] = byte
        var other = usual
        other[10] = UInt8(ascii: "t")
        let (a, b) = (
          usual.withUnsafeBufferPointer { Instant.parse(rfc3339: $0) },
          other.withUnsafeBufferPointer { Instant.parse(rfc3339: $0) }
        )
        guard a == b else {
          Issue.record("\(text), byte \(at) as \(byte): \(String(describing: a)), \(String(describing: b))")
          return
        }
      }
      #expect(Instant(rfc3339: text) != nil)
    }
  }
}
