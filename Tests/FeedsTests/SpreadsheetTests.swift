import ServiceTime
import Testing

@testable import Feeds

/// What spreadsheet programs of Chinese offices write, encoding by encoding and habit by habit: read rightly, or
/// refused with a message that names the column and the remedy.
@Suite struct SpreadsheetTests {
  static let feed: FeedDescription = {
    var feed = FeedDescription(name: "office", source: "office", format: .csv, timeZone: .shanghai)
    feed.mapping = [
      .caseID: .init(column: "办件编号"), .occurredAt: .init(column: "受理时间"), .type: .init(column: "环节"),
      .entityName: .init(column: "企业名称"),
    ]
    return feed
  }()

  static let header = "办件编号,受理时间,环节,企业名称,备注"
  static let row = "KB001,2026/3/5 9:05,accepted,文昌,"

  // MARK: Encodings

  /// Text as a program saves it.
  enum Form: String, CaseIterable, Sendable {
    case utf8, utf8Marked, gb18030, gb18030Marked, utf16LittleMarked, utf16BigMarked, utf16Little, utf16Big

    var mark: [UInt8] {
      switch self {
      case .utf8Marked: [0xEF, 0xBB, 0xBF]
      case .gb18030Marked: [0x84, 0x31, 0x95, 0x33]
      case .utf16LittleMarked: [0xFF, 0xFE]
      case .utf16BigMarked: [0xFE, 0xFF]
      default: []
      }
    }

    func encode(_ text: String) -> [UInt8] {
      switch self {
      case .utf8, .utf8Marked: Array(text.utf8)
      case .gb18030, .gb18030Marked: GB18030Tests.bytes(text)
      case .utf16Little, .utf16LittleMarked: text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
      case .utf16Big, .utf16BigMarked: text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
      }
    }
  }

  /// The same table in each encoding, with each delimiter and line end, in any chunks: the same events, the rejects with
  /// the bytes as they came.
  @Test(arguments: Form.allCases) func everyEncoding(_ form: Form) throws {
    for delimiter in [",", ";", "\t"] {
      for lineEnd in ["\r\n", "\n", "\r"] {
        let rows = [
          ["办件编号", "受理时间", "环节", "企业名称"], ["KB001", "2026/3/5 9:05", "accepted", "文昌𣵦店"],
          ["KB002", "昨天", "accepted", "海口"],
          ["KB003", "2026/3/5 9:06", "completed", "\"一\"\"上\"\"\(delimiter)二\""],
        ].map { $0.joined(separator: delimiter) }
        let input = form.mark + form.encode(rows.joined(separator: lineEnd) + lineEnd)
        let whole = try Reading(input, feed: SpreadsheetTests.feed)
        #expect(whole.events.map(\.caseID) == ["KB001", "KB003"], "\(form) \(delimiter) \(lineEnd.utf8)")
        #expect(whole.events.map(\.entityName) == ["文昌𣵦店", "一\"上\"\(delimiter)二"])
        #expect(whole.rejects.map(\.code) == [.badTime])
        let reject = try #require(whole.rejects.first)
        #expect(reject.raw == form.encode(rows[2]))
        #expect(reject.position.line == 3)
        let before = form.mark.count + form.encode(rows[0] + lineEnd + rows[1] + lineEnd).count
        #expect(reject.position.byteOffset == before)
        #expect(whole.bytes == input.count - form.mark.count)
        for chunk in [1, 2, 3, 5, 64] {
          #expect(try Reading(input, feed: SpreadsheetTests.feed, chunk: chunk) == whole, "\(form) \(chunk)")
        }
        // What the quarantine keeps can be read again, and shown.
        var mended = SpreadsheetTests.feed
        mended.mapping[.occurredAt] = .init(column: "受理时间", values: ["昨天": "2026/3/4 8:00"])
        let kept = try #require(reject.header)
        let again = try Reading(RejectedBytes.file(header: kept, row: reject.raw), feed: mended)
        #expect(again.events.map(\.caseID) == ["KB002"])
        #expect(again.events.map(\.entityName) == ["海口"])
        let shown = RejectedBytes(reject.raw, header: kept, feed: SpreadsheetTests.feed)
        #expect(shown.characters?.map(\.text).joined() == rows[2])
        #expect(shown.headerText == rows[0])
        let place = try #require(shown.place(of: "occurred_at"))
        #expect(Array(reject.raw[place]) == form.encode("昨天"))
      }
    }
  }

  /// An explicit encoding is taken at its word; a mark overrules it.
  @Test(arguments: [
    (FeedDescription.Encoding.utf16LittleEndian, Form.utf16Little, 1),
    (.utf16BigEndian, .utf16Big, 1), (.utf16LittleEndian, .utf16BigMarked, 1), (.utf8, .utf16LittleMarked, 1),
    (.gb18030, .utf8Marked, 1), (.utf8, .gb18030Marked, 1), (.gb18030, .gb18030, 1), (.utf8, .gb18030, 0),
    (.gb18030, .utf8, 0), (.utf16LittleEndian, .utf8, 0), (.utf8, .utf16Little, 0),
  ])
  func namedEncodings(_ encoding: FeedDescription.Encoding, _ form: Form, _ events: Int) throws {
    var feed = SpreadsheetTests.feed
    feed.encoding = encoding
    let input = form.mark + form.encode("\(SpreadsheetTests.header)\n\(SpreadsheetTests.row)\n")
    let reading = try Reading(input, feed: feed)
    #expect(reading.events.count == events)
    #expect(reading.rejects.isEmpty == (events > 0))
    #expect(reading.bytes == input.count - (events > 0 ? form.mark.count : 0))
  }

  /// What decides between UTF-8 and GB18030 is the first line that only one of them explains.
  @Test func oneCharacterDoesNotDecide() throws {
    var feed = FeedDescription.csv
    feed.timeZone = .shanghai
    let rows = Array("case_id,type,occurred_at\n".utf8)
    func row(_ id: [UInt8]) -> [UInt8] { id + Array(",a,2026-09-18T02:00:00Z\n".utf8) }
    // 目 is a letter of Latin in UTF-8 too.
    let eye: [UInt8] = [0xC4, 0xBF]
    let gb = try Reading(rows + row(eye) + row([0xCA, 0xDC, 0xC0, 0xED]), feed: feed)
    #expect(gb.events.map(\.caseID) == ["目", "受理"])
    let utf8 = try Reading(rows + row(eye) + row(Array("受理".utf8)), feed: feed)
    #expect(utf8.events.map(\.caseID) == ["\u{13F}", "受理"])
    #expect(try Reading(rows + row(eye), feed: feed).events.map(\.caseID) == ["\u{13F}"])
    // Far behind the beginning too.
    let many = Array(repeating: row(Array("c".utf8)), count: 4_000).flatMap { $0 }
    #expect(many.count > FeedLimits.headBytes)
    let late = try Reading(rows + many + row([0xCA, 0xDC, 0xC0, 0xED]), feed: feed)
    #expect(late.events.last?.caseID == "受理")
  }

  /// An encoding that changes in the middle costs the lines that are not the file's.
  @Test func encodingsThatChange() throws {
    let (header, row) = (SpreadsheetTests.header, SpreadsheetTests.row)
    for (first, second) in [(Form.gb18030, Form.utf8), (.utf8, .gb18030)] {
      let input =
        first.encode("\(header)\n\(row)\n") + second.encode("KB002,2026/3/5 9:06,accepted,海口受理,\n")
        + first.encode("KB003,2026/3/5 9:07,accepted,三亚,\n")
      let reading = try Reading(input, feed: SpreadsheetTests.feed)
      #expect(reading.events.map(\.caseID) == ["KB001", "KB003"])
      #expect(reading.rejects.map(\.code) == [.badEncoding])
      #expect(reading.rejects.map(\.raw) == [second.encode("KB002,2026/3/5 9:06,accepted,海口受理,")])
      #expect(reading.losses(of: input) == [])
    }
  }

  /// Bytes that only look like UTF-16 are not taken for it.
  @Test(arguments: [
    "case_id,ty\u{0}pe\nc,a\n", "a,\u{0},b\nc,d\u{0},e\n", "a,b\n\u{0}\u{0}\u{0}\n", "\u{0}a\u{0}b",
  ])
  func isNotUTF16(_ text: String) {
    let bytes = Array(text.utf8)
    #expect(bytes.withUnsafeBufferPointer { EncodingGuess.utf16($0) } == nil)
  }

  @Test func surrogatesAndOddBytes() throws {
    let form = Form.utf16LittleMarked
    let head = form.mark + form.encode("办件编号,受理时间,环节\nKB001,2026/3/5 9:05,")
    // Half a pair within a row, and an odd byte at the end.
    let bad = head + [0x3D, 0xD8] + form.encode("\nKB002,2026/3/5 9:06,受理\nKB003,2026/3/5 9:07,")
    for (tail, last) in [
      ([UInt8](), RejectCode.missingField), ([0x41], .badEncoding), ([0x3D, 0xD8], .badEncoding),
    ] {
      for chunk in [1, 3, 4_096] {
        let reading = try Reading(bad + tail, feed: SpreadsheetTests.feed, chunk: chunk)
        #expect(reading.events.map(\.caseID) == ["KB002"])
        #expect(reading.rejects.map(\.code) == [.badEncoding, last])
        #expect(reading.rejects.first?.message.hasPrefix("The row is not valid UTF-16 at ") == true)
        #expect(reading.bytes == bad.count + tail.count - 2)
        for reject in reading.rejects {
          let at = reject.position.byteOffset
          #expect(Array((bad + tail)[at..<at + reject.rawLength]) == reject.raw)
        }
        let shown = RejectedBytes(
          reading.rejects[0].raw, header: reading.rejects[0].header, feed: SpreadsheetTests.feed)
        #expect(shown.firstBad == reading.rejects[0].raw.count - 2)
        #expect(reading.rejects[0].position.column == reading.rejects[0].raw.count - 1)
      }
    }
  }

  /// Wherever the input is cut, and however little there is room for, the text is the same and turns back.
  @Test func cutsChangeNothing() throws {
    let text = "a𣵦,一\n\u{7FF}"
    for form in [Form.utf16Little, .utf16Big] {
      let order: UTF16Order = form == .utf16Little ? .little : .big
      for tail in [[UInt8](), [0x41], form.encode("a") + [0xD8, 0xD8]] {
        let input = form.encode(text) + tail
        var expected: [UInt8]?
        for split in 0...input.count {
          for room in 1...4 {
            var parts = [input[..<split], input[split...]].filter { !$0.isEmpty }
            let source: BatchReader.Source = { space throws(FeedReadError) in
              guard var part = parts.first else { return 0 }
              let count = min(space.count, part.count)
              space.copyBytes(from: part.prefix(count))
              part = part.dropFirst(count)
              if part.isEmpty { parts.removeFirst() } else { parts[0] = part }
              return count
            }
            let transcoder = UTF16Transcoder(order: order, head: UnsafeBufferPointer(start: nil, count: 0))
            var out: [UInt8] = []
            let space = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
            defer { space.deallocate() }
            while true {
              let count = try transcoder.read(space, from: source)
              if count == 0 { break }
              out += space[..<count]
            }
            #expect(out == expected ?? out, "\(split) \(room)")
            expected = out
            out.withUnsafeBufferPointer { bytes in
              #expect(OriginalText.utf16(order).bytes(of: bytes) == input)
              #expect(OriginalText.utf16(order).length(of: bytes) == input.count)
            }
          }
        }
        if tail.isEmpty { #expect(expected == Array(text.utf8)) }
      }
    }
  }

  // MARK: Cells

  struct Cell: Sendable, CustomTestStringConvertible {
    var row: String
    var caseID: Identifier?
    var at: String?
    var code: RejectCode?
    var message: String?
    var testDescription: String { row }

    /// A row that is read.
    init(_ row: String, _ caseID: Identifier = "KB001", at: String = "2026-03-05T01:05:00Z") {
      self.row = row
      self.caseID = caseID
      self.at = at
    }

    /// A row that is refused with a message that holds this.
    init(_ row: String, refused code: RejectCode, _ message: String) {
      self.row = row
      self.code = code
      self.message = message
    }
  }

  static let cells: [Cell] = [
    // Times.
    Cell("KB001,2026/3/5 9:05,accepted,,"), Cell("KB001,2026/03/05 09:05:00,accepted,,"),
    Cell("KB001,2026-3-5 9:05,accepted,,"), Cell("KB001,2026-03-05 09:05:00.000,accepted,,"),
    Cell("KB001,2026年3月5日 9:05,accepted,,"), Cell("KB001,2026年3月5日9:05:00,accepted,,"),
    Cell("KB001,20260305090500,accepted,,"), Cell("KB001,20260305T090500,accepted,,"),
    Cell("KB001,2026-03-05T09:05:00+08:00,accepted,,"), Cell("KB001,２０２６／３／５　９：０５,accepted,,"),
    Cell("KB001,2026/3/5 9：05,accepted,,"), Cell("KB001,2026/3/5\u{A0}9:05,accepted,,"),
    Cell("KB001,\u{200E}2026/3/5 9:05,accepted,,"),
    Cell("KB001,2026/3/5 0:00,accepted,,", at: "2026-03-04T16:00:00Z"),
    Cell("KB001,'2026/3/5 9:05,accepted,,"), Cell("KB001,=\"2026/3/5 9:05\",accepted,,"),
    Cell(
      "KB001,46086.37847,accepted,,", refused: .badTime, "the number by which a spreadsheet keeps 2026-03-05 09:05"),
    Cell("KB001,46086,accepted,,", refused: .badTime, "the number by which a spreadsheet keeps 2026-03-05 00:00"),
    Cell("KB001,2026/3/5,accepted,,", refused: .badTime, "a date without a time of day"),
    Cell("KB001,2026-03-05,accepted,,", refused: .badTime, "a date without a time of day"),
    Cell("KB001,20260305,accepted,,", refused: .badTime, "a date without a time of day"),
    Cell("KB001,2026年3月5日,accepted,,", refused: .badTime, "a date without a time of day"),
    Cell("KB001,2026/3/5 上午 9:05,accepted,,", refused: .badTime, "a time of twelve hours"),
    Cell("KB001,3/5/2026 9:05 AM,accepted,,", refused: .badTime, "a time of twelve hours"),
    Cell("KB001,3/5/26 9:05,accepted,,", refused: .badTime, "occurred_at (column \"受理时间\") is \"3/5/26 9:05\""),
    Cell("KB001,##########,accepted,,", refused: .badTime, "too narrow for its value"),
    Cell("KB001,#VALUE!,accepted,,", refused: .badTime, "The column \"受理时间\" has \"#VALUE!\""),
    Cell("KB001,2026，3，5 9:05,accepted,,", refused: .badTime, "give a time from 1970 to 2099"),
    // Identifiers.
    Cell("'KB001,2026/3/5 9:05,accepted,,"), Cell("\tKB001,2026/3/5 9:05,accepted,,"),
    Cell("=\"00123\",2026/3/5 9:05,accepted,,", "00123"),
    Cell("\"=\"\"00123\"\"\",2026/3/5 9:05,accepted,,", "00123"),
    Cell("００123,2026/3/5 9:05,accepted,,", "00123"), Cell("\u{3000}KB001\u{A0},2026/3/5 9:05,accepted,,"),
    Cell("\u{200B}KB001\u{FEFF},2026/3/5 9:05,accepted,,"),
    Cell("469005202603050001,2026/3/5 9:05,accepted,,", "469005202603050001"),
    Cell(
      "1.23457E+17,2026/3/5 9:05,accepted,,", refused: .corruptNumber, "a number that a spreadsheet has rounded"),
    Cell("4.69005e+17,2026/3/5 9:05,accepted,,", refused: .corruptNumber, "case_id (column \"办件编号\")"),
    Cell("'４.69005E+17,2026/3/5 9:05,accepted,,", refused: .corruptNumber, "formatted as text"),
    Cell("#N/A,2026/3/5 9:05,accepted,,", refused: .badField, "the error of a spreadsheet's formula"),
    Cell("#NAME?,2026/3/5 9:05,accepted,,", refused: .badField, "The column \"办件编号\" has \"#NAME?\""),
    Cell("#1号,2026/3/5 9:05,accepted,,", "#1号"),
    // Formulas stay text: nothing is reckoned.
    Cell("=1+1,2026/3/5 9:05,accepted,,", "=1+1"), Cell("\"=A1&\"\"x\"\"\",2026/3/5 9:05,accepted,,", "=A1&\"x\""),
    Cell("=\"a,b\",2026/3/5 9:05,accepted,,", refused: .badCSV, "a quote stands inside a cell without quotes"),
    Cell("=\"a\"&\"b\",2026/3/5 9:05,accepted,,", refused: .badCSV, "text stands after a closing quote"),
    // Rows.
    Cell("KB001,2026/3/5 9:05,accepted,\"两行\n的名称\","), Cell("KB001,2026/3/5 9:05,accepted,文昌"),
    Cell("KB001,2026/3/5 9:05,accepted", refused: .badCSV, "The row has 3 cells, the header has 5"),
    Cell("KB001,2026/3/5 9:05,accepted,,,", refused: .badCSV, "The row has 6 cells, the header has 5"),
  ]

  @Test(arguments: cells) func cellsAsTheyAreSaved(_ cell: Cell) throws {
    let input = "\(SpreadsheetTests.header)\r\n\(cell.row)\r\nKB999,2026/3/5 9:05,accepted,,\r\n"
    for form in [Form.utf8Marked, .gb18030, .utf16LittleMarked] {
      // Marks that nobody sees have no place in old tables, but GB18030 holds all of Unicode.
      let reading = try Reading(form.mark + form.encode(input), feed: SpreadsheetTests.feed)
      #expect(reading.events.last?.caseID == "KB999")
      if let code = cell.code {
        let reject = try #require(reading.rejects.first)
        #expect(reading.rejects.count == 1 && reading.events.count == 1)
        #expect(reject.code == code)
        #expect(reject.message.contains(cell.message ?? "?"), "\(reject.message)")
        #expect(reject.position.line == 2)
        #expect(reject.raw == form.encode(cell.row))
      } else {
        #expect(reading.rejects == [])
        #expect(reading.events.first?.caseID == cell.caseID)
        #expect(reading.events.first?.occurredAt == cell.at.flatMap { Instant(rfc3339: $0) })
      }
    }
  }

  // MARK: Layout

  /// Files whose one row is read: what stands around header and rows says nothing.
  @Test(arguments: [
    "sep=;\n办件编号;受理时间;环节\nKB001;2026/3/5 9:05;accepted\n",
    "\"sep=,\"\r\n办件编号,受理时间,环节\r\nKB001,2026/3/5 9:05,accepted\r\n",
    "SEP=\t\n办件编号\t受理时间\t环节\nKB001\t2026/3/5 9:05\taccepted\n",
    "文昌市企业开办办件明细表,,,\n导出时间：2026年3月6日,,,\n\n办件编号,受理时间,环节,\nKB001,2026/3/5 9:05,accepted,\n",
    "文昌市企业开办办件明细表\n办件编号,受理时间,环节\nKB001,2026/3/5 9:05,accepted\n",
    "\"两行的\n标题, 有引号\",,\n办件编号,受理时间,环节\nKB001,2026/3/5 9:05,accepted\n",
    ",办件,,,\n办件编号,受理时间,环节,,\nKB001,2026/3/5 9:05,accepted,,\n,,,,\n,,,,\n",
    "\"办件\n编号\",\" 受理时间 \",\u{3000}环节\nKB001,2026/3/5 9:05,accepted\n",
    "\n\n  \n办件编号,受理时间,环节\n\nKB001,2026/3/5 9:05,accepted\n\n\n",
    "办件编号,受理时间,环节,,\r\nKB001,2026/3/5 9:05,accepted\r\n",
    "办件编号,受理时间,环节\rKB001,2026/3/5 9:05,accepted",
  ])
  func whatStandsAround(_ text: String) throws {
    for form in Form.allCases {
      let input = form.mark + form.encode(text)
      let whole = try Reading(input, feed: SpreadsheetTests.feed)
      #expect(whole.rejects.map(\.message) == [], "\(form)")
      #expect(whole.events.map(\.caseID) == ["KB001"], "\(form)")
      #expect(whole.bytes == input.count - form.mark.count)
      for chunk in [1, 2, 7] { #expect(try Reading(input, feed: SpreadsheetTests.feed, chunk: chunk) == whole) }
    }
  }

  /// A title does not hide that the header is not known, and rows refused for that can be read again once it is.
  @Test func titlesAboveAnUnknownHeader() throws {
    let input = "企业开办办件明细表,,\n编号,何时,何事\nKB001,2026/3/5 9:05,accepted\n"
    let reading = try Reading(input, feed: SpreadsheetTests.feed)
    #expect(reading.events == [])
    #expect(reading.rejects.map(\.position.line) == [2, 3])
    #expect(reading.rejects.map(\.raw) == [Array("编号,何时,何事".utf8), Array("KB001,2026/3/5 9:05,accepted".utf8)])
    var mended = FeedDescription.csv
    mended.timeZone = .shanghai
    mended.mapping = [
      .caseID: .init(column: "编号"), .occurredAt: .init(column: "何时"), .type: .init(column: "何事"),
    ]
    let reject = try #require(reading.rejects.last)
    let file = RejectedBytes.file(header: reject.header ?? [], row: reject.raw)
    #expect(try Reading(file, feed: mended).events.map(\.caseID) == ["KB001"])
  }

  /// Rows that stand above a header without a known name are never passed over.
  @Test func noRowIsTakenForATitle() throws {
    for input in ["甲,乙,丙\n1,2,3\n\"4\"x,5,6\n办件编号,环节,受理时间\n7,8,9\n", "甲,乙,丙\n1,2,3\n办件编号,x,\n7,8,9\n4,5,6\n"] {
      let reading = try Reading(input, feed: SpreadsheetTests.feed)
      #expect(reading.events == [])
      #expect(reading.rejects.count == 5)
      #expect(reading.losses(of: Array(input.utf8)) == [])
    }
  }

  /// A last row that is cut off is not taken for one whose last cells are empty.
  @Test func aRowCutOff() throws {
    let input = "办件编号,受理时间,环节,备注\nKB001,2026/3/5 9:05,accepted\nKB002,2026/3/5 9:05,accep"
    let reading = try Reading(input, feed: SpreadsheetTests.feed)
    #expect(reading.events.map(\.caseID) == ["KB001"])
    #expect(reading.rejects.map(\.code) == [.badCSV])
  }
}
