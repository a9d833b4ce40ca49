import ServiceTime
import Testing

@testable import Feeds

/// The spellings of time.
@Suite struct OccurrenceTimeTests {
  static func read(_ text: String, _ zone: TimeZoneTable?) -> OccurrenceTime.Reading {
    Array(text.utf8).withUnsafeBufferPointer { OccurrenceTime.read($0, zone: zone) }
  }

  static func at(_ text: String) -> OccurrenceTime.Reading {
    Instant(rfc3339: text).map { .instant($0) } ?? .unreadable
  }

  /// With an offset it is the same in any feed.
  @Test(arguments: [
    ("2026-09-18T10:00:00+08:00", "2026-09-18T02:00:00Z"), ("2026-09-18t10:00:00z", "2026-09-18T10:00:00Z"),
    ("2026-09-18 10:00:00-05:30", "2026-09-18T15:30:00Z"), ("2026-09-18T10:00+0800", "2026-09-18T02:00:00Z"),
    ("2026-09-18T10:00:00.1234567Z", "2026-09-18T10:00:00.123456Z"),
    ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"), ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ("2099-12-31T00:00:00Z", "2099-12-31T00:00:00Z"), ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
  ])
  func withOffset(_ text: String, _ instant: String) throws {
    for zone in [nil, TimeZoneTable.shanghai, .amsterdam] {
      #expect(OccurrenceTimeTests.read(text, zone) == OccurrenceTimeTests.at(instant))
    }
  }

  /// Without an offset it needs the feed's zone.
  @Test(arguments: [
    ("20260918080500", "2026-09-18T00:05:00Z"), ("20260918T080500", "2026-09-18T00:05:00Z"),
    ("20260918t080500", "2026-09-18T00:05:00Z"), ("2026-09-18 08:05:00", "2026-09-18T00:05:00Z"),
    ("2026-09-18 08:05", "2026-09-18T00:05:00Z"), ("2026-09-18T08:05:00", "2026-09-18T00:05:00Z"),
    ("2026-09-18 08:05:00.25", "2026-09-18T00:05:00.25Z"), ("2026/9/18 8:05", "2026-09-18T00:05:00Z"),
    ("2026/09/18 08:05:09", "2026-09-18T00:05:09Z"), ("2026/9/8  08:05", "2026-09-08T00:05:00Z"),
    ("2026/12/31 23:59:60", "2026-12-31T16:00:00Z"), ("2026-9-18 8:05", "2026-09-18T00:05:00Z"),
    ("2026-9-8 8:05:09", "2026-09-08T00:05:09Z"), ("2026年9月18日 8:05", "2026-09-18T00:05:00Z"),
    ("2026年9月18日8:05:09", "2026-09-18T00:05:09Z"),
  ])
  func withoutOffset(_ text: String, _ instant: String) throws {
    #expect(OccurrenceTimeTests.read(text, .shanghai) == OccurrenceTimeTests.at(instant))
    #expect(OccurrenceTimeTests.read(text, nil) == .lacksOffset)
  }

  @Test(arguments: [
    "", "2026", "2026-09-18", "20260918", "2026/9/18", "10:00", "2026-09-18T10", "2026-02-29T10:00:00Z",
    "2026-13-01T10:00:00Z", "2026-00-01T10:00:00Z", "2026-09-31T10:00:00Z", "2026-09-18T24:00:00Z",
    "2026-09-18T10:60:00Z", "2026-09-18T10:00:61Z", "2026-09-18T10:00:00.Z", "2026-09-18T10:00:00+24:00",
    "2026-09-18T10:00:00+08", "2026-09-18T10:00:00Zz", " 2026-09-18T10:00:00Z", "1969-12-31T23:59:59Z",
    "2099-12-31T00:00:01Z", "2026091808050", "202609180805000", "20260918X080500", "20261318080500",
    "2026/13/1 8:05", "2026/9/18 8:5", "2026/9/18 8:05:1", "2026/9/188:05", "26/9/18 8:05", "2026-9/18 8:05",
    "2026年9月18 8:05", "2026年9/18日 8:05",
    "2026/9/18 8:05 ", "4.62E+04", "46283.33", "２０２６-09-18T10:00:00Z",
  ])
  func unreadable(_ text: String) {
    for zone in [nil, TimeZoneTable.shanghai] { #expect(OccurrenceTimeTests.read(text, zone) == .unreadable) }
  }

  /// A local time that does not exist moves forward; one that exists twice is the first.
  @Test(arguments: [
    ("2026-03-29 01:59:59", "2026-03-29T00:59:59Z"), ("2026-03-29 02:00:00", "2026-03-29T01:00:00Z"),
    ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z"), ("2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
    ("20260329T023000", "2026-03-29T01:30:00Z"), ("2026/3/29 2:30", "2026-03-29T01:30:00Z"),
    ("2026-10-25 01:59:59", "2026-10-24T23:59:59Z"), ("2026-10-25 02:00:00", "2026-10-25T00:00:00Z"),
    ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z"), ("2026-10-25 02:59:59", "2026-10-25T00:59:59Z"),
    ("2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
  ])
  func gapAndOverlap(_ text: String, _ instant: String) throws {
    #expect(OccurrenceTimeTests.read(text, .amsterdam) == OccurrenceTimeTests.at(instant))
  }

  @Test func theRangeHoldsInLocalTimeToo() {
    #expect(OccurrenceTimeTests.read("1970-01-01 07:59:59", .shanghai) == .unreadable)
    #expect(OccurrenceTimeTests.read("1970-01-01 08:00:00", .shanghai) == .instant(.earliest))
    #expect(OccurrenceTimeTests.read("2099-12-31 08:00:00", .shanghai) == .instant(.latest))
    #expect(OccurrenceTimeTests.read("2099-12-31 08:00:01", .shanghai) == .unreadable)
  }

  @Test func fiveMinutesAheadAreAllowed() throws {
    var feed = FeedDescription.native
    feed.timeZone = .shanghai
    for (text, isRead) in [
      ("2026-09-18T12:05:00Z", true), ("2026-09-18T12:05:00.000001Z", false), ("2026-09-18 20:05:00", true),
      ("2026-09-18 20:05:01", false),
    ] {
      let reading = try Reading(NDJSONRejectTests.event("\"occurred_at\":\"\(text)\""), feed: feed)
      #expect(reading.events.count == (isRead ? 1 : 0), "\(text)")
      #expect(reading.rejects.first.map(\.code) == (isRead ? nil : .futureTime))
    }
  }
}
