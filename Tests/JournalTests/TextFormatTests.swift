import Testing

@testable import Journal

@Suite struct TextFormatTests {
  static func line(_ record: LogRecord, coloured: Bool = false) -> String {
    var line: [UInt8] = []
    TextFormat(isColoured: coloured, omitted: TextSink.minorKeys).append(record, to: &line)
    return String(decoding: line, as: UTF8.self)
  }

  @Test func aLineForAPerson() {
    let record = LogRecord(
      time: 1_789_696_800_123_456, priority: .warning, event: .feedStalled, message: "Feed \"north\" is silent.",
      fields: [
        "case_id": "C-1", "region": nil, "recorded_at": "x", "seconds": 90, "share": 0.5, "last": "a b",
        "path": "C:\\x", "empty": "", "dry": false,
      ])
    #expect(
      TextFormatTests.line(record)
        == #"2026-09-18T02:00:00.123Z warning   Feed "north" is silent. event=feed.stalled "#
        + #"case_id=C-1 seconds=90 share=0.5 last="a b" path="C:\\x" empty="" dry=false"#)
  }

  @Test func dataCannotDriveTheTerminal() {
    let attack = "\u{1b}[2J\u{9b}31m\r\n\u{7f}\u{202e}\u{2028}\u{8}é中👍"
    let record = LogRecord(time: 0, priority: .info, message: attack, fields: ["k\u{1b}": .text(attack)])
    let shown = #"\u{1b}[2J\u{9b}31m\u{d}\u{a}\u{7f}\u{202e}\u{2028}\u{8}é中👍"#
    #expect(TextFormatTests.line(record) == "1970-01-01T00:00:00.000Z info      \(shown) k\\u{1b}=\(shown)")
    for text in JSONLineFormatTests.hostile {
      let line = TextFormatTests.line(
        LogRecord(time: 0, priority: .info, message: text, fields: ["k": .text(text)]))
      #expect(line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
  }

  @Test func onlyThePriorityIsColoured() {
    let record = LogRecord(time: 0, priority: .error, message: "m")
    #expect(
      TextFormatTests.line(record, coloured: true) == "1970-01-01T00:00:00.000Z \u{1b}[31merror\u{1b}[0m     m")
    let plain = LogRecord(time: 0, priority: .info, message: "m")
    #expect(TextFormatTests.line(plain, coloured: true) == TextFormatTests.line(plain))
  }
}
