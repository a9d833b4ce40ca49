import ServiceTime
import Testing

@testable import Feeds

/// Inputs made to do harm: refused with their code, in bounded memory, and good lines beside them get in.
@Suite struct HostileInputTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: @Sendable () -> [UInt8]
    /// The codes of what is refused, in order.
    var codes: [RejectCode]
    /// Whether the bad line is read in the end: it is odd, and does no harm.
    var testDescription: String { name }

    init(_ name: String, _ codes: [RejectCode], _ bytes: @escaping @Sendable () -> [UInt8]) {
      self.name = name
      self.codes = codes
      self.bytes = bytes
    }

    init(_ name: String, _ text: String, _ codes: RejectCode...) {
      self.init(name, codes) { Array(text.utf8) }
    }
  }

  static let time = "2026-09-18T10:00:00+08:00"

  /// A line of JSON with one member more.
  private static func json(_ member: String) -> String {
    #"{"case_id":"x","type":"accepted","occurred_at":"\#(time)",\#(member)}"#
  }

  private static func text(_ string: String, count: Int) -> [UInt8] {
    Array(repeatElement(Array(string.utf8), count: count).joined())
  }

  /// Each stands on a line between two good ones.
  static let lines: [Case] = [
    Case("an object cut off", #"{"case_id":"x","type":"acc"#, .badJSON),
    Case("a string cut off", #"{"case_id":"x"#, .badJSON),
    Case("an escape cut off", #"{"case_id":"\u12"}"#, .badJSON),
    Case("a character cut off", [.badEncoding]) { Array(#"{"case_id":""#.utf8) + [0xE6, 0x96] },
    Case("two objects on a line", #"{"case_id":"x"}{"case_id":"y"}"#, .badJSON),
    Case("an array", "[1,2,3]", .badJSON), Case("a string alone", #""case_id""#, .badJSON),
    Case("a number", "1e999", .badJSON),
    Case("nothing but a brace", "{", .badJSON), Case("no quotes", "{case_id:x}", .badJSON),
    Case("single quotes", "{'case_id':'x'}", .badJSON), Case("a comma too many", json(#""a":1,"#), .badJSON),
    Case("a comment", "// " + json(#""a":1"#), .badJSON), Case("NaN", json(#""sequence":NaN"#), .badJSON),
    Case("a number with a leading zero", json(#""sequence":01"#), .badJSON),
    Case("GB18030", [.badEncoding]) { Array(#"{"case_id":""#.utf8) + [0xCA, 0xDC] + Array(#""}"#.utf8) },
    Case("an overlong NUL", [.badEncoding]) { Array(#"{"case_id":""#.utf8) + [0xC0, 0x80] + Array(#""}"#.utf8) },
    Case("an overlong slash", [.badEncoding]) {
      Array(#"{"case_id":""#.utf8) + [0xE0, 0x80, 0xAF] + Array(#""}"#.utf8)
    },
    Case("a surrogate in UTF-8", [.badEncoding]) {
      Array(#"{"case_id":""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}"#.utf8)
    },
    Case("past the last character", [.badEncoding]) {
      Array(#"{"case_id":""#.utf8) + [0xF4, 0x90, 0x80, 0x80] + Array(#""}"#.utf8)
    },
    Case("bytes that are never UTF-8", [.badEncoding]) { [0xFE, 0xFF, 0xFF, 0xFE] },
    Case("a raw NUL", [.badJSON]) { Array(#"{"case_id":"a"#.utf8) + [0] + Array(#"b"}"#.utf8) },
    Case("NULs alone", [.badJSON]) { Array(repeating: 0, count: 4_096) },
    Case("an escaped NUL", #"{"case_id":"a\u0000b","type":"accepted","occurred_at":"\#(time)"}"#, .badField),
    Case("a lone high surrogate", json(#""step":"\ud83d""#), .badJSON),
    Case("a lone low surrogate", json(#""step":"\ude00""#), .badJSON),
    Case("surrogates the wrong way round", json(#""step":"\ude00\ud83d""#), .badJSON),
    Case("a control character", json("\"step\":\"a\u{1B}[2J\""), .badJSON),
    Case(
      "arrays nested 33 deep",
      json(#""x":"# + String(repeating: "[", count: 32) + String(repeating: "]", count: 32)), .badJSON),
    Case("arrays nested 100,000 deep", [.badJSON]) { Array(#"{"x":"#.utf8) + text("[", count: 100_000) },
    Case("objects nested 100,000 deep", [.badJSON]) { text(#"{"x":"#, count: 100_000) },
    Case("a key twice", json(#""case_id":"y""#), .badField),
    Case("a key twice, once escaped", json(#""\u0063ase_id":"y""#), .badField),
    Case("a number for an id", #"{"case_id":12,"type":"accepted","occurred_at":"\#(time)"}"#, .badField),
    Case("an object for an id", #"{"case_id":{},"type":"accepted","occurred_at":"\#(time)"}"#, .badField),
    Case(
      "a rounded number", #"{"case_id":"4.69005E+17","type":"accepted","occurred_at":"\#(time)"}"#, .corruptNumber),
    Case("an empty id", #"{"case_id":"","type":"accepted","occurred_at":"\#(time)"}"#, .badField),
    Case("an id of a million characters", [.badField]) {
      Array(#"{"case_id":""#.utf8) + text("x", count: 1_000_000)
        + Array(#"","type":"a","occurred_at":"\#(time)"}"#.utf8)
    },
    Case("a number of a million digits", [.badField]) {
      Array(#"{"case_id":"x","type":"a","occurred_at":"\#(time)","sequence":"#.utf8) + text("9", count: 1_000_000)
        + [0x7D]
    },
    Case("a kept number of a million digits", [.badField]) {
      Array(#"{"case_id":"x","type":"a","occurred_at":"\#(time)","note":"#.utf8) + text("9", count: 1_000_000) + [
        0x7D
      ]
    },
    Case("a kept exponent without end", json(#""note":1e9999"#), .badField),
    Case("100,000 tags", [.badField]) {
      Array(#"{"case_id":"x","type":"a","occurred_at":"\#(time)","tags":["#.utf8) + text(#""a","#, count: 100_000)
        + Array(#""a"]}"#.utf8)
    },
    Case("a time in the year 10000", json(#""x":1"#).replacing(time, with: "10000-01-01T00:00:00Z"), .badTime),
    Case("a time before 1970", json(#""x":1"#).replacing(time, with: "1969-12-31T23:59:59Z"), .badTime),
    Case("a time to come", json(#""x":1"#).replacing(time, with: "2026-09-18T13:00:00Z"), .futureTime),
    Case("a process nobody knows", json(#""process":"'; DROP TABLE event; --""#), .unknownProcess),
    Case("2 MiB on a line", [.tooLarge]) {
      Array(#"{"case_id":""#.utf8) + text("x", count: 2 << 20) + Array(#""}"#.utf8)
    },
    Case("64 MiB on a line", [.tooLarge]) { Array(repeating: UInt8(ascii: "["), count: 64 << 20) },
    Case("2 MiB of blanks on a line", [.tooLarge]) { Array(repeating: UInt8(ascii: " "), count: 2 << 20) },
    Case("HTML", "<html><script>alert(1)</script>", .badJSON),
    // Odd, and harmless.
    Case("200,000 keys", []) {
      Array(#"{"case_id":"x","type":"a","occurred_at":"\#(time)""#.utf8) + text(#","":0"#, count: 200_000) + [0x7D]
    },
    Case("a terminal's escape", json(#""entity_name":"\u001b]0;x\u0007\u001b[31m""#)),
    Case("text turned around", json(#""entity_name":"a\u202eb""#)),
    Case("a formula", json(#""entity_name":"=cmd|' /C calc'!A0""#)),
    Case("a carriage return", json(#""entity_name":"a""#) + "\r"),
  ]

  @Test(arguments: lines) func betweenGoodLines(_ hostile: Case) throws {
    var feed = FeedDescription.native
    feed.keep = ["note"]
    feed.knownProcesses = ["opening"]
    let good = Array(#"{"case_id":"good","type":"accepted","occurred_at":"\#(HostileInputTests.time)"}"#.utf8)
    try check(hostile, good + [0x0A], [0x0A] + good + [0x0A], feed)
  }

  /// Each stands on a line below a header and a good row, and above another.
  static let rows: [Case] = [
    Case("a row cut off", "x,accepted", .badCSV), Case("a quote left open", "\"x,accepted,\(time),,", .badCSV),
    Case("a stray quote", "x\"y,accepted,\(time),,", .badCSV),
    Case("text behind a quote", "\"x\"y,accepted,\(time),,", .badCSV),
    Case("quotes alone", String(repeating: "\"", count: 9_999), .badCSV),
    Case("a cell too many", "x,accepted,\(time),,,", .badCSV),
    Case("10⁶ columns", [.badCSV]) { text(",", count: 999_999) + [0x78] },
    Case("10⁶ empty columns", [.badCSV]) { text(",", count: 999_999) },
    Case("10⁶ quoted columns", [.tooLarge]) { text("\"\",", count: 999_999) + [0x78] },
    Case("a NUL", "x,acc\u{0}epted,\(time),,", .badField),
    Case("NULs alone", String(repeating: "\u{0}", count: 4_096), .badCSV),
    Case("a NUL in a column that is dropped", "x,accepted,\(time),,\u{0}", .badField),
    Case("UTF-8 cut off", [.badEncoding]) { Array("x,accepted,\(time),".utf8) + [0xE6, 0x96, 0x2C] },
    Case("neither UTF-8 nor GB18030", [.badEncoding]) { Array("x,accepted,\(time),".utf8) + [0xFF, 0x2C] },
    Case("GB18030 in UTF-8", [.badEncoding]) {
      Array("x,accepted,\(time),".utf8) + [0xCA, 0xDC, 0xC0, 0xED, 0x2C]
    },
    Case("UTF-16 in UTF-8", [.badCSV]) { Array("x,accepted,".utf8).flatMap { [$0, 0] } },
    Case("a byte order mark in the middle of a cell's text", "x,acc\u{FEFF}epted,\(time),,"),
    Case("an overlong comma", [.badEncoding]) { Array("x,accepted,\(time),".utf8) + [0xC0, 0xAC, 0x2C] },
    Case("a rounded number", "4.69005E+17,accepted,\(time),,", .corruptNumber),
    Case("a formula's error", "#REF!,accepted,\(time),,", .badField),
    Case("an id of a million characters", [.badField]) {
      text("x", count: 1_000_000) + Array(",accepted,\(time),,".utf8)
    },
    Case("2 MiB on a line", [.tooLarge]) { text("x", count: 2 << 20) + Array(",accepted,\(time),,".utf8) },
    Case("2 MiB in quotes", [.tooLarge]) {
      [0x22] + text("x", count: 2 << 20) + Array("\",accepted,\(time),,".utf8)
    },
    Case("a quote that swallows the file", [.badCSV] + Array(repeating: .badCSV, count: 2)) {
      Array("\"x\ny,z\n1,2".utf8)
    },
    Case("a time that is none", "x,accepted,2026-02-30 10:00,,", .badTime),
    Case("a line break in an id", "\"x\ny\",accepted,\(time),,", .badCSV, .badCSV),
    // Odd, and harmless.
    Case("a command for a spreadsheet", "x,accepted,\(time),=cmd|' /C calc'!A0,"),
    Case("a formula that asks a server", "x,accepted,\(time),\"=HYPERLINK(\"\"http://x\"\")\","),
    Case("a terminal's escape", "x,accepted,\(time),\u{1B}]0;x\u{7}\u{1B}[31m,"),
    Case("text turned around", "x,accepted,\(time),a\u{202E}b,"),
    Case("10⁵ blank cells", String(repeating: " ", count: 100_000)),
  ]

  @Test(arguments: rows) func betweenGoodRows(_ hostile: Case) throws {
    let head = "case_id,type,occurred_at,entity_name,备注\n"
    let good = "good,accepted,\(HostileInputTests.time),文昌,\n"
    try check(hostile, Array((head + good).utf8), Array(("\n" + good).utf8), .csv)
  }

  /// The input with a bad line in it, whole and in chunks: its codes, no bytes lost, good lines in, memory bounded.
  private func check(_ hostile: Case, _ before: [UInt8], _ after: [UInt8], _ feed: FeedDescription) throws {
    let bad = hostile.bytes()
    let input = before + bad + after
    for chunk in [4_096, 1 << 20] {
      var at = 0
      let reader = BatchReader(feed: feed, chunkBytes: chunk) { room throws(FeedReadError) in
        let count = min(room.count, input.count - at)
        room.copyBytes(from: input[at..<at + count])
        at += count
        return count
      }
      var codes: [RejectCode] = []
      var good = 0
      var odd = 0
      while let batch = try reader.next(now: Reading.now) {
        codes += batch.rejects.map(\.code)
        good += batch.events.count { $0.caseID == "good" }
        odd += batch.events.count { $0.caseID != "good" }
        for reject in batch.rejects {
          let start = reject.position.byteOffset
          #expect(Array(input[start..<start + reject.raw.count]) == reject.raw)
          #expect(reject.message.utf8.count < 1_000)
          #expect(!reject.message.unicodeScalars.contains { Excerpt.isUnsafe($0) })
        }
      }
      #expect(codes == hostile.codes)
      #expect(good == 2)
      #expect(odd == (hostile.codes.isEmpty && !bad.allSatisfy { $0 == 0x20 } ? 1 : 0))
      #expect(reader.bufferCapacity <= 8 << 20)
    }
  }

  /// Files that are no text at all, or no text of this kind: one record, whole, with what to do.
  @Test(arguments: [
    ("PK\u{3}\u{4}\u{14}\u{0}\u{6}\u{0}[Content_Types].xml", "Excel workbook (.xlsx)"),
    ("PK\u{3}\u{4}\u{14}\u{0}\u{6}\u{0}xl/workbook.xml", "Excel workbook (.xlsx)"),
    ("PK\u{3}\u{4}mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "OpenDocument spreadsheet (.ods)"),
    ("PK\u{3}\u{4}a.csv", "packed (zip)"), ("PK\u{5}\u{6}", "packed (zip)"), ("BZh91AY", "packed (bzip2)"),
    ("%PDF-1.7\n", "PDF document"), ("Rar!\u{1A}\u{7}\u{0}", "packed (rar)"),
  ])
  func foreignFiles(_ head: String, _ words: String) throws {
    for feed in [FeedDescription.native, .csv] {
      for more in [0, 1, 300, 200_000, 3 << 20] {
        let input = Array(head.utf8) + (0..<more).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = try Reading(input, feed: feed)
        #expect(whole.events == [] && whole.rejects.count == 1 && whole.bytes == input.count)
        let reject = try #require(whole.rejects.first)
        #expect(reject.code == .badEncoding)
        #expect(reject.message.contains(words), "\(reject.message)")
        #expect(reject.position == Reject.Position(line: 1, byteOffset: 0))
        #expect(reject.rawLength == input.count)
        let isWhole = input.count <= FeedLimits.lineBytes
        #expect(reject.raw == Array(input.prefix(isWhole ? input.count : FeedLimits.truncatedBytes)))
        guard more < 1_000 else { continue }
        for chunk in [1, 7] { #expect(try Reading(input, feed: feed, chunk: chunk) == whole) }
      }
    }
  }

  @Test(arguments: [
    ([UInt8]([0x1F, 0x8B, 8, 0]), "packed (gzip)"), ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "(.xls)"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "packed (xz)"), ([0x28, 0xB5, 0x2F, 0xFD], "packed (zstd)"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "packed (7z)"), ([0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0], "UTF-32"),
  ]) func foreignBytes(_ bytes: [UInt8], _ words: String) throws {
    for feed in [FeedDescription.native, .csv] {
      let reading = try Reading(bytes, feed: feed)
      #expect(reading.rejects.map(\.code) == [.badEncoding])
      #expect(reading.rejects.first?.message.contains(words) == true)
      #expect(reading.rejects.first?.raw == bytes)
    }
  }

  /// What spreadsheets and portals write under the name .xls or .csv, in any encoding.
  @Test(arguments: [
    "<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\">\n<table>", "\n  <!DOCTYPE HTML>", "<TABLE border=1>",
    "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>", "MIME-Version: 1.0\n",
  ])
  func markup(_ text: String) throws {
    for form in SpreadsheetTests.Form.allCases
    where !form.rawValue.hasPrefix("utf16") || form.rawValue.hasSuffix("Marked") {
      let input = form.mark + form.encode(text + "<td>办件编号</td>")
      let reading = try Reading(input, feed: .csv)
      #expect(reading.rejects.map(\.code) == [.badCSV])
      #expect(reading.rejects.first?.message.contains("whatever its name says") == true)
      #expect(reading.rejects.first?.position.byteOffset == form.mark.count)
      #expect(reading.bytes == input.count - form.mark.count, "\(form)")
    }
  }

  @Test func headersThatAreTooWide() throws {
    let head = "case_id,type,occurred_at"
    for (columns, isRead) in [(FeedLimits.columns, true), (FeedLimits.columns + 1, false)] {
      let filler = String(repeating: ",", count: columns - 3)
      let input = "\(head)\(filler)\nc,accepted,\(HostileInputTests.time)\(filler)\n"
      let reading = try Reading(input, feed: .csv)
      #expect(reading.events.count == (isRead ? 1 : 0))
      guard !isRead else { continue }
      #expect(
        reading.rejects.first?.message
          == "The header has 16385 columns, it may have at most 16384: take out what is not needed.")
      #expect(reading.rejects.map(\.code) == [.badCSV, .badCSV])
    }
  }

  @Test func thereAreManyOfThem() {
    #expect(HostileInputTests.lines.count + HostileInputTests.rows.count >= 60)
  }
}
