import Foundation
import Testing

@testable import Journal

/// What systemd-journald itself makes of records, read back by journalctl.
@Suite(.enabled(if: RealJournal.obstacle == nil, "no systemd-journald can be started here"))
struct RealJournalTests {
  @Test func recordsAreReadBackAsTheyWere() throws {
    let journal = try RealJournal()
    let sink = JournalSink(path: journal.path)
    try #require(sink.isReachable)
    let large = String(repeating: "办件超期，", count: 40_000)
    let awkward = "一窗\nPRIORITY=0\u{1b}[31m"
    var record = LogRecord(
      time: 1_789_696_800_000_001, priority: .error, event: .alertRaised,
      message: "办件 C-1：企业开办超期，应于2026-09-17前办结（red）。",
      fields: [
        "alert_id": "C-1/opening/1/red/1", "case_id": "C-1", "round": 1, "service_window": .text(awkward),
        "notify_region": "469005101", "http.path": "/v1", "region": nil,
      ])
    #expect(sink.write(record))
    record.set("case_id", "C-2")
    record.set("grid", .text(large))
    record.set("notify_region", "469005102")
    #expect(sink.write(record))

    let entries = try journal.entries("BIZCLOCK_EVENT=alert.raised")
    try #require(entries.count == 2)
    let expected = [
      "MESSAGE": record.message, "PRIORITY": "3", "SYSLOG_IDENTIFIER": "bizclock",
      "MESSAGE_ID": LogEvent.alertRaised.messageID, "BIZCLOCK_EVENT": "alert.raised",
      "BIZCLOCK_TIME": "2026-09-18T02:00:00.000001Z", "BIZCLOCK_ALERT_ID": "C-1/opening/1/red/1",
      "BIZCLOCK_ROUND": "1", "BIZCLOCK_HTTP_PATH": "/v1", "_PID": "\(getpid())", "_TRANSPORT": "journal",
    ]
    for entry in entries {
      for (name, value) in expected { #expect(entry[name] as? String == value, "\(name)") }
      // journalctl gives text with control characters as its bytes.
      #expect((entry["BIZCLOCK_SERVICE_WINDOW"] as? [Int])?.map(UInt8.init) == Array(awkward.utf8))
      #expect(entry["BIZCLOCK_REGION"] == nil)
    }
    #expect(entries.map { $0["BIZCLOCK_CASE_ID"] as? String } == ["C-1", "C-2"])
    #expect(entries[0]["BIZCLOCK_GRID"] == nil)
    let isWhole = entries[1]["BIZCLOCK_GRID"] as? String == large
    #expect(isWhole)
    #expect(
      Set(entries[0].keys.filter { $0.hasPrefix("BIZCLOCK_") }) == [
        "BIZCLOCK_EVENT", "BIZCLOCK_TIME", "BIZCLOCK_ALERT_ID", "BIZCLOCK_CASE_ID", "BIZCLOCK_ROUND",
        "BIZCLOCK_SERVICE_WINDOW", "BIZCLOCK_NOTIFY_REGION", "BIZCLOCK_HTTP_PATH",
      ])
    // Whoever looks after a town filters by it.
    let town = try journal.entries("BIZCLOCK_NOTIFY_REGION=469005102")
    #expect(town.map { $0["BIZCLOCK_CASE_ID"] as? String } == ["C-2"])
  }

  /// journald reads at its own speed; a burst waits for it, and loses nothing.
  @Test func aBurstArrivesWholeAndOnce() throws {
    let journal = try RealJournal()
    let sink = JournalSink(path: journal.path, patience: 30_000)
    #expect(sink.write(contentsOf: (0..<5000).map { SinkTests.record($0) }) == 5000)
    #expect(sink.dropped == 0)
    let numbers = try journal.entries("BIZCLOCK_EVENT=alert.raised").compactMap { entry in
      (entry["BIZCLOCK_N"] as? String).flatMap { Int($0) }
    }
    #expect(numbers == Array(0..<5000))
  }
}
