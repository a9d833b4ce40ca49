import ServiceTime
import TestSupport
import Testing

@testable import Feeds

/// The decoder against the plain one, on tables mutated at random from fixed seeds, in every encoding, in chunks.
@Suite struct PlainCSVTests {
  static let fragments: [String] = [
    "\n", "\r\n", "\r", "\"", "\"\"", ",", ";", "\t", " ", "'", "=\"00123\"", "=\"", "=", "文昌", "𣵦", "４", "\u{A0}",
    "\u{3000}",
    "\u{FEFF}", "4.69005E+17", "2026/9/1 8:05", "2026年9月1日 8:05", "c-9", "accepted", ",,,", "\"a\nb\"", "\0",
    "\u{200B}",
  ]

  static func outcomes(_ reading: Reading, _ form: SpreadsheetTests.Form) -> [String] {
    let events = reading.events.map { "\($0.caseID.text)|\($0.type.name)|\($0.entityName ?? "")" }
    return events + reading.rejects.map { "refused " + text($0.raw, form) }
  }

  private static func text(_ raw: [UInt8], _ form: SpreadsheetTests.Form) -> String {
    switch form {
    case .utf16LittleMarked:
      String(
        decoding: stride(from: 0, to: raw.count - 1, by: 2).map { UInt16(raw[$0]) | UInt16(raw[$0 + 1]) << 8 },
        as: UTF16.self)
    default: String(decoding: raw, as: UTF8.self)
    }
  }

  @Test func mutatedTables() throws {
    var feed = FeedDescription.csv
    feed.timeZone = PlainCSV.zone
    var accepted = 0
    var refused = 0
    for seed in UInt64(1)...400 {
      var random = SeededGenerator(seed: seed)
      let delimiter: Character = [",", ";", "\t"][Int(seed % 3)]
      let header = ["case_id", "type", "occurred_at", "entity_name"].joined(separator: String(delimiter)) + "\n"
      let rows = [
        ["'c-1", "accepted", "2026/9/1 8:05", "\"文 \"\"昌\"\"\n店\""],
        ["\"c-2\"", "completed", "2026-09-02T10:00:00Z", ""],
        ["=\"0012\"", "accepted", "20260901080500", "甲"], ["c-4", "x", "2026/9/1 8:05", "=\"乙\""],
      ].map { $0.joined(separator: String(delimiter)) }.joined(separator: seed % 2 == 0 ? "\n" : "\r\n")
      var body = Array((rows + "\n").unicodeScalars)
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        let at = Int.random(in: 0...body.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where at < body.count: body.remove(at: at)
        case 1 where at < body.count: body.removeSubrange(at..<min(body.count, at + 6))
        case 2 where at < body.count: body.insert(contentsOf: body[at..<min(body.count, at + 9)], at: at)
        default:
          body.insert(
            contentsOf: (PlainCSVTests.fragments.randomElement(using: &random) ?? "").unicodeScalars, at: at)
        }
      }
      feed.delimiter = delimiter == "," ? .comma : delimiter == ";" ? .semicolon : .tab
      let text = header + String(String.UnicodeScalarView(body))
      let plain = PlainCSV(Array(text.unicodeScalars), delimiter: delimiter).outcomes.sorted()
      for form in [SpreadsheetTests.Form.utf8, .utf8Marked, .utf16LittleMarked] {
        let input = form.mark + form.encode(text)
        let whole = try Reading(input, feed: feed)
        #expect(
          PlainCSVTests.outcomes(whole, form).sorted() == plain, "seed \(seed) \(form): \(text.debugDescription)")
        #expect(whole.bytes == input.count - form.mark.count)
        let chunk = 1 + Int(seed % 11)
        #expect(try Reading(input, feed: feed, chunk: chunk) == whole, "seed \(seed) \(form)")
      }
      accepted += plain.count { !$0.hasPrefix("refused") }
      refused += plain.count { $0.hasPrefix("refused") }
    }
    #expect(accepted > 700 && refused > 150)
  }

  /// A chunk may end at any byte.
  @Test func everyBoundary() throws {
    let rows =
      "\u{FEFF}case_id,type,occurred_at,entity_name\r\n=\"01\",a,2026-09-01T00:00:00Z,\"文\"\"昌\r\n𣵦\"\r\n'2,b,x,\r\n"
    for form in [SpreadsheetTests.Form.utf8, .utf16Big, .gb18030] {
      let input = form.encode(rows)
      let whole = try Reading(input, feed: .csv)
      #expect(whole.events.count == 1 && whole.rejects.count == 1)
      for split in 0...input.count {
        var parts = [Array(input[..<split]), Array(input[split...])].filter { !$0.isEmpty }
        let reader = BatchReader(feed: .csv) { room throws(FeedReadError) in
          guard !parts.isEmpty else { return 0 }
          let part = parts.removeFirst()
          room.copyBytes(from: part)
          return part.count
        }
        var events: [Event] = []
        var rejects: [Reject] = []
        while let batch = try reader.next(now: Reading.now) {
          events += batch.events
          rejects += batch.rejects
        }
        #expect(events == whole.events && rejects == whole.rejects, "\(form) \(split)")
      }
    }
  }
}
