import Testing

@testable import Journal

/// The bytes that the journal gets.
@Suite struct JournalFormatTests {
  static func bytes(_ record: LogRecord, identifier: String = "bizclock") -> [UInt8] {
    var bytes: [UInt8] = []
    JournalFormat(identifier: identifier).append(record, to: &bytes)
    return bytes
  }

  static func bytes(field key: String, _ value: LogValue) -> [UInt8] {
    let record = LogRecord(time: 0, priority: .info, message: "m", fields: [:])
    var with = record
    with.set(key, value)
    return Array(bytes(with).dropFirst(bytes(record).count))
  }

  @Test func aRecordIsItsFields() {
    let record = LogRecord(
      time: 1_789_696_800_000_001, priority: .error, event: .alertRaised, message: "办件 C-1 超期。",
      fields: [
        "alert_id": "C-1/opening/1/red/1", "round": 1, "rate": 0.5, "provisional": false, "region": nil,
        "nan": .double(.nan), "service_window": "一窗=甲",
      ])
    #expect(
      String(decoding: JournalFormatTests.bytes(record, identifier: "desk"), as: UTF8.self) == """
        MESSAGE=办件 C-1 超期。
        PRIORITY=3
        SYSLOG_IDENTIFIER=desk
        MESSAGE_ID=8898c7e926d6484888f380454cd97534
        BIZCLOCK_EVENT=alert.raised
        BIZCLOCK_TIME=2026-09-18T02:00:00.000001Z
        BIZCLOCK_ALERT_ID=C-1/opening/1/red/1
        BIZCLOCK_ROUND=1
        BIZCLOCK_RATE=0.5
        BIZCLOCK_PROVISIONAL=false
        BIZCLOCK_SERVICE_WINDOW=一窗=甲

        """)
    let plain = LogRecord(time: 0, priority: .debug, message: "")
    #expect(
      String(decoding: JournalFormatTests.bytes(plain), as: UTF8.self)
        == "MESSAGE=\nPRIORITY=7\nSYSLOG_IDENTIFIER=bizclock\nBIZCLOCK_TIME=1970-01-01T00:00:00.000000Z\n")
  }

  /// Such a value says its length before it, so that no part of it can be read as another field.
  @Test(arguments: [
    "a\nPRIORITY=0", "\n", "tab\there", "\u{0}", "\u{1b}[31mred", "\u{7f}", "一\n二",
    String(repeating: "x\n", count: 200),
  ])
  func aValueWithControlCharactersIsCounted(value: String) {
    let count = value.utf8.count
    let length: [UInt8] = [UInt8(count & 0xFF), UInt8(count >> 8), 0, 0, 0, 0, 0, 0]
    #expect(
      JournalFormatTests.bytes(field: "x", .text(value))
        == Array("BIZCLOCK_X\n".utf8) + length + Array(value.utf8) + [0x0A])
    let message = JournalFormatTests.bytes(LogRecord(time: 0, priority: .info, message: value))
    let start = Array("MESSAGE\n".utf8) + length + Array(value.utf8) + Array("\nPRIORITY=6\n".utf8)
    #expect(message.starts(with: start))
  }

  @Test(arguments: [
    ("case_id", "BIZCLOCK_CASE_ID"), ("http.path", "BIZCLOCK_HTTP_PATH"), ("a-b c", "BIZCLOCK_A_B_C"),
    ("_x9", "BIZCLOCK__X9"), ("é", "BIZCLOCK___"), ("a=b\nMESSAGE", "BIZCLOCK_A_B_MESSAGE"), ("", "BIZCLOCK_"),
    (String(repeating: "n", count: 80), "BIZCLOCK_" + String(repeating: "N", count: 55)),
    (String(repeating: "n", count: 55), "BIZCLOCK_" + String(repeating: "N", count: 55)),
  ])
  func namesAreThoseTheJournalTakes(key: String, name: String) {
    #expect(JournalFormatTests.bytes(field: key, "v") == Array("\(name)=v\n".utf8))
    #expect(name.utf8.count <= 64)
  }

  /// These never change: filters and catalogues of operators name them.
  @Test func messageIDsAreFixed() {
    let table: [(LogEvent, String)] = [
      (.alertRaised, "8898c7e926d6484888f380454cd97534"), (.alertResolved, "dd0557d8a2514cdaa0b8563794e955b6"),
      (.alertWithdrawn, "ae7315b32dde448789648d23e35c54ac"), (.alertAmended, "3591322a237f48b29b3f1a7aa62051eb"),
      (.alertSummary, "20da8acd403b4bc2a17f1fc51050f1e4"), (.alertUnrecorded, "7a30eabb33a44d02bc88a3089f3ca3dd"),
      (.feedStalled, "6987e031b9f247939808c6d0e8322445"), (.feedResumed, "8df0ffd6771a481f8d89a2e61ad6fe99"),
      (.quarantineGrowing, "5514d3dcb4fe41aeb3f5cd6be1fe9f7e"),
      (.calendarHorizon, "ff5032443b9344f589a1577b69ab9eb7"), (.policyDiffers, "b0335bdc8fcb4ac0aadf5527f3c8ad84"),
      (.leaderElected, "8033b995a8ef4d18b8237306ddd57dbd"), (.leaderDeposed, "0daebabc54ac490085411ee9814cd240"),
      (.databaseLost, "054b8a6f635d42968bf17722d24691b2"), (.databaseBack, "d41cfaad68cd4b1ba7533e88e1e313fe"),
      (.logRefused, "3ff4646d77e048b884382153d17b331e"), (.configurationLoaded, "17acd22fd9614a82ae7ada5f19ae46d4"),
      (.configurationRefused, "e77df6c4c11746daa1d546c1f8f87f81"),
      (.serviceHangs, "67969395a3e34baf905c0a3a1929fec3"),
      (.ready, "9f1d93e27fc5406bbc6d783c8487a1d6"),
      (.stopping, "eb81b574e02c4beeb7f258edb5adc7df"),
    ]
    for (event, id) in table { #expect(event.messageID == id) }
    #expect(Set(table.map(\.0)) == Set(LogEvent.allCases))
    #expect(Set(table.map(\.1)).count == table.count)
  }
}
