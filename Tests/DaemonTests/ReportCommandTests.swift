import Foundation
import FoundationXML
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// `report` in its formats, on data that means harm.
@Suite struct ReportCommandTests {
  /// Channels that a page, a spreadsheet or a terminal would take for something else, as JSON texts.
  private static let channels: [(json: String, text: String)] = [
    (#"<script>alert('x')</script>"#, "<script>alert('x')</script>"),
    (#"=cmd|' /C calc'!A0"#, "=cmd|' /C calc'!A0"), (#"+1+1"#, "+1+1"), (#"-2-3"#, "-2-3"),
    (#"@SUM(A1)"#, "@SUM(A1)"),
    (#"\t=tab"#, "\t=tab"), (#"\r=return"#, "\r=return"), (#"\n=line"#, "\n=line"), (#"＝wide"#, "＝wide"),
    (#"say \"hi\", ok; bye"#, #"say "hi", ok; bye"#), (#"\u001b[31mred\u0007"#, "\u{1b}[31mred\u{7}"),
    (#"\u202egnp.exe"#, "\u{202e}gnp.exe"), (#"\u200f\u05d0\u05d1"#, "\u{200f}\u{5d0}\u{5d1}"),
    ("网上\u{23d66}昇", "网上\u{23d66}昇"), ("&lt;b&gt;", "&lt;b&gt;"), ("a\\r\\nb", "a\r\nb"), ("online", "online"),
  ]

  private func withOffice(_ body: @Sendable (LoadedOffice) async throws -> Void) async throws {
    try await LoadedOffice.with(
      at: "2026-11-20T12:00:00+08:00",
      policy: { text in
        text.replacing(
          "title: { en: Business opening, zh: 企业开办 }",
          with: #"title: { en: "Opening </td><script src=\"//x\">&amp;", zh: "=企业开办\U00023D66\u202E" }"#)
      }
    ) { office in
      var lines: [String] = []
      for (index, channel) in ReportCommandTests.channels.enumerated() {
        for number in 0...index % 3 {
          let id = "K\(index)-\(number)"
          lines.append(
            line(id, "accepted", "2026-11-03T10:00", "\"channel\":\"\(channel.json)\",\"region\":\"469005100\""))
          lines.append(line(id, "completed", number == 1 ? "2026-11-09T10:00" : "2026-11-04T10:0\(number)"))
        }
      }
      lines.append(line("open", "accepted", "2026-11-03T10:00", #""channel":"online","region":"469005100""#))
      try await office.load(lines, at: "2026-11-20T12:00:00+08:00")
      _ = try await office.rows(
        """
        INSERT INTO bizclock.region (code, name, name_en) VALUES ('469005100', '文\u{23d66}<i>"镇"', '=Town "W" & ''co''')
        ON CONFLICT (code) DO UPDATE SET name = excluded.name, name_en = excluded.name_en RETURNING code
        """)
      try await body(office)
    }
  }

  /// What SQL says: by channel the counts, and rates and means in full.
  private func fromSQL(_ office: LoadedOffice) async throws -> [String: [String]] {
    let rows = try await office.rows(
      """
      SELECT channel, finished::text, on_time::text, late::text, on_time_rate::text, mean_counted_days::text,
        p90_counted_days::text, mean_working_hours::text
      FROM dashboard.on_time_monthly WHERE commitment = 'opening' AND month = '2026-11-01'
      """)
    #expect(rows.count == ReportCommandTests.channels.count)
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], Array($0.dropFirst())) })
  }

  private static let measures = [
    "finished", "on_time", "late", "on_time_rate", "mean_counted_days", "p90_counted_days", "mean_working_hours",
  ]

  private func same(_ told: [String], _ wanted: [String]) -> Bool {
    told.count == wanted.count
      && zip(told, wanted).allSatisfy { a, b in Double(a).map { abs($0 - (Double(b) ?? .nan)) < 1e-9 } ?? false }
  }

  /// A text whose control and direction characters were escaped.
  private static func unescaped(_ text: String) -> String {
    text.replacing(/\\u\{([0-9a-f]+)\}/) { match in
      UInt32(match.1, radix: 16).flatMap(Unicode.Scalar.init).map(String.init) ?? ""
    }
  }

  // MARK: - CSV

  @Test func csv() async throws {
    try await withOffice { office in
      let text = try office.run(["report", "--from", "2026-11-01", "--by", "channel,town", "--format", "csv"])
      #expect(text.unicodeScalars.first == "\u{feff}")
      #expect(text.unicodeScalars.filter { $0 == "\u{feff}" }.count == 1)
      let records = try CommaText.records(text)
      let heading = try #require(records.first)
      #expect(heading[0] == "row")
      #expect(records.allSatisfy { $0.count == heading.count })
      let rows = records.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(heading, $0)) }
      let expected = try await fromSQL(office)
      var found: [String: [String]] = [:]
      for row in rows where row["row"] == "group" && row["commitment"] == "opening" {
        let channel = row["channel"] ?? ""
        // No text begins like a formula; an apostrophe stands before what did.
        let first = channel.unicodeScalars.first ?? " "
        #expect(!"=+-@\t\r\n＝".unicodeScalars.contains(first), "\(channel)")
        let bare = ReportCommandTests.unescaped(channel.hasPrefix("'") ? String(channel.dropFirst()) : channel)
        #expect(!channel.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{202e}" || $0 == "\u{200f}" })
        found[bare] = ReportCommandTests.measures.map { row[$0] ?? "" }
        #expect(row["town"] == "469005100")
        #expect(row["title_zh"] == "'=企业开办\u{23d66}\\u{202e}")
        #expect(row["as_of"] == "2026-11-20T12:00:00+08:00")
        #expect(row["from"] == "2026-11-01")
        #expect(row["to"] == "2026-11-20")
      }
      for (channel, figures) in expected {
        #expect(same(found[channel] ?? [], figures), "\(channel): \(found[channel] ?? [])")
      }
      #expect(found.count == expected.count)
      #expect(rows.contains { $0["town_name"] == "文\u{23d66}<i>\"镇\"" })

      let total = try #require(rows.first { $0["row"] == "total" && $0["commitment"] == "opening" })
      #expect(total["finished"] == "\(expected.values.compactMap { Int($0[0]) }.reduce(0, +))")
      #expect(total["open"] == "1")
      #expect(total["overdue"] == "1")
      // Nothing finished and no notice open: no row at all; nothing finished in the range: empty, not zero.
      let none = try office.run(["report", "--from", "2026-11-15", "--to", "2026-11-16", "--format", "csv"])
      let empty = try CommaText.records(none)
      let row = try #require(empty.dropFirst().first { $0[1] == "opening" && $0[0] == "group" })
      #expect(row[try #require(heading.firstIndex(of: "finished")) - 3] == "0")
      #expect(row[try #require(heading.firstIndex(of: "on_time_rate")) - 3] == "")
      #expect(row[try #require(heading.firstIndex(of: "median_working_hours")) - 3] == "")
    }
  }

  // MARK: - JSON

  @Test func json() async throws {
    try await withOffice { office in
      let text = try office.run([
        "report", "--from", "2026-11-01", "--by", "channel", "--by", "town", "--format", "json",
      ])
      let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      #expect(object["as_of"] as? String == "2026-11-20T12:00:00+08:00")
      #expect(object["policy"] as? Int == 1)
      #expect(object["calendar"] as? Int == 2)
      #expect(object["by"] as? [String] == ["commitment", "version", "channel", "town"])
      let rows = try #require(object["rows"] as? [[String: Any]]).filter {
        $0["commitment"] as? String == "opening" && $0["finished"] as? Int != 0
      }
      let expected = try await fromSQL(office)
      #expect(rows.count == expected.count)
      for row in rows {
        let channel = row["channel"] as? String ?? ""
        let told = ReportCommandTests.measures.map { "\(row[$0] ?? "")" }
        #expect(same(told, expected[channel] ?? []), "\(channel): \(told)")
        #expect(row["town_name_en"] as? String == "=Town \"W\" & 'co'")
        #expect(row["premature"] as? Int == 0)
      }
      let totals = try #require(object["totals"] as? [[String: Any]])
      #expect(totals.map { $0["commitment"] as? String } == ["opening", "one_day"])
    }
  }

  // MARK: - HTML

  @Test(arguments: ["en", "zh"])
  func html(_ language: String) async throws {
    try await withOffice { office in
      let text = try office.run([
        "report", "--from", "2026-11-01", "--by", "channel,town", "--format", "html", "--lang", language,
      ])
      let page = try PageText(text)
      #expect(
        page.elements.subtracting([
          "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "h1", "h2",
          "small",
          "dl", "div", "dt", "dd", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "br", "span", "i", "p",
        ]) == [])
      #expect(
        page.attributes.subtracting([
          "lang", "charset", "http-equiv", "content", "name", "class", "scope", "colspan", "rowspan", "style",
        ]) == [])
      // Nothing is fetched, and nothing in it can drive a reader.
      for word in ["url(", "@import", "http:", "https:", "javascript"] { #expect(!text.contains(word), "\(word)") }
      #expect(
        !text.unicodeScalars.contains {
          ($0.value < 0x20 && $0 != "\n") || ["\u{202e}", "\u{200f}", "\u{7f}"].contains($0)
        })
      #expect(page.language == (language == "en" ? "en" : "zh-CN"))
      let cells = page.texts["td"] ?? []
      for (_, channel) in ReportCommandTests.channels where channel != "online" {
        let visible = channel.unicodeScalars.map { scalar in
          [.control, .format].contains(scalar.properties.generalCategory)
            ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }.joined()
        #expect(cells.contains(visible), "\(visible)")
      }
      #expect(cells.contains { $0.hasPrefix(language == "en" ? "=Town \"W\" & 'co'" : "文\u{23d66}<i>\"镇\"") })
      let titles = page.texts["h2"] ?? []
      #expect(
        titles.contains {
          $0.contains("Opening </td><script src=\"//x\">&amp;") && $0.contains("=企业开办\u{23d66}\\u{202e}")
        })
      #expect((page.texts["dd"] ?? []).contains("2026-11-20T12:00:00+08:00"))
      #expect(text.contains("@page") && text.contains("table-header-group") && text.contains("break-inside: avoid"))
    }
  }

  // MARK: - Table

  @Test func table() async throws {
    try await withOffice { office in
      let text = try office.run(["report", "--by", "channel", "--to", "2026-11-20"])
      #expect(
        !text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202e}" || $0 == "\u{200f}" })
      #expect(text.contains("stopped  from 2026-11-01 to 2026-11-20, both included"))
      #expect(text.contains("as of  2026-11-20T12:00:00+08:00"))
      #expect(text.contains("rules  policy 1, calendar 2"))
      #expect(text.contains("\\u{1b}[31mred\\u{7}"))
      let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
      // 2 cases on time, 1 late, after 1, 1 and 4 counted days; 1 is open and overdue.
      #expect(
        lines.contains { $0.hasPrefix("total 33 22 11 0 66.7 % 66.7 % 60.0 % 2.0 1 4 ") && $0.hasSuffix(" 1 1") },
        "\(text)")
      let zh = try office.run(["report", "--lang", "zh"])
      #expect(zh.contains("按时办结情况报告"))
      #expect(zh.contains("承诺政策第1版，工作日历第2版"))
    }
  }

  @Test func asOfAndWrongUse() async throws {
    try await withOffice { office in
      let before = try office.run(["report", "--as-of", "2026-11-20T11:00:00+08:00", "--format", "json"])
      #expect(before.contains(#""rows":[],"totals":[]"#))
      let then = try office.run(["report", "--as-of", "2026-11-20T12:00:00+08:00", "--format", "json"])
      #expect(then.contains(#""finished":33,"on_time":22,"late":11"#))
      #expect(then.contains(#""open":1,"overdue":1"#))
      for (arguments, said) in [
        (["--by", "colour"], "--by colour is unknown"),
        (["--from", "yesterday"], "--from yesterday is not a date"),
        (["--from", "2026-11-20", "--to", "2026-11-19"], "is after --to"),
        (["--as-of", "2026-11-20T13:00:00+08:00"], "is still to come"), (["--format", "pdf"], "pdf"),
      ] {
        #expect(try office.run(["report"] + arguments, status: 64).contains(said), "\(arguments)")
      }
    }
  }

  /// Dates that are left out are those of the moment for which the report stands, and so the same when it is asked for
  /// again.
  @Test func datesLeftOut() async throws {
    try await LoadedOffice.with(at: "2026-11-30T17:00:00+08:00") { office in
      try await office.load(
        [line("K1", "accepted", "2026-11-26T10:00"), line("K1", "completed", "2026-11-27T10:00")],
        at: "2026-11-30T17:00:00+08:00")
      for now in ["2026-11-30T17:05:00+08:00", "2026-12-01T08:00:00+08:00"] {
        office.clock.advance(to: try #require(Instant(rfc3339: now)))
        let told = try office.run(["report", "--format", "json"])
        #expect(told.contains(#""from":"2026-11-01","to":"2026-11-30""#))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(told.utf8)) as? [String: Any])
        let moment = try #require(object["as_of"] as? String)
        #expect(try office.run(["report", "--format", "json", "--as-of", moment]) == told)
        let compared = try office.run(
          ["report", "--format", "json", "--compare-as-of", "2026-11-30T08:00:00+08:00"])
        #expect(compared.contains(#""from":"2026-11-01","to":"2026-11-30""#))
        #expect(
          try office.run(
            ["report", "--format", "json", "--compare-as-of", "2026-11-30T08:00:00+08:00", "--as-of", moment])
            == compared)
      }
      // Of today, though nothing was recorded today.
      let today = try office.run(["report", "--format", "json", "--from", "2026-12-01"])
      #expect(today.contains(#""from":"2026-12-01","to":"2026-12-01""#))
      #expect(
        try office.run(["report", "--from", "2026-12-02"], status: 64).contains("is after today, 2026-12-01"))
    }
  }
}

/// A page read by a parser of XML.
private final class PageText: NSObject, XMLParserDelegate {
  private(set) var elements: Set<String> = []
  private(set) var attributes: Set<String> = []
  /// The text of each element of a name, with that of what is in it.
  private(set) var texts: [String: [String]] = [:]
  private(set) var language: String?
  private var open: [(name: String, text: String)] = []

  struct Malformed: Error, CustomStringConvertible { var description: String }

  init(_ page: String) throws {
    super.init()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = self
    guard parser.parse() else {
      throw Malformed(description: "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "")")
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes given: [String: String]
  ) {
    elements.insert(name)
    attributes.formUnion(given.keys)
    if name == "html" { language = given["lang"] }
    open.append((name, ""))
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    for index in open.indices { open[index].text += string }
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    guard let last = open.popLast() else { return }
    texts[last.name, default: []].append(last.text)
  }
}
