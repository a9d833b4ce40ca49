import Daemon
import Ledger

/// The on-time report as one HTML page to print: no scripts, nothing from elsewhere, everything escaped. It is also
/// well-formed XML, so that any parser can prove that.
struct ReportPage {
  private let report: OnTimeReport
  private let words: ReportWords

  init(_ report: OnTimeReport, _ words: ReportWords) {
    self.report = report
    self.words = words
  }

  var text: String {
    let question = report.question
    let title = "\(words.title) \(question.from) – \(question.to)"
    var out = """
      <!DOCTYPE html>
      <html lang="\(words.language == .zh ? "zh-CN" : "en")">
      <head>
      <meta charset="utf-8"/>
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <title>\(ReportPage.escaped(title))</title>
      <style>\(ReportPage.style(landscape: question.dimensions.count > 1))</style>
      </head>
      <body>
      <header>
      <h1>\(ReportPage.escaped(words.title)) <small lang="\(words.language == .zh ? "en" : "zh-CN")">\
      \(ReportPage.escaped(words.otherTitle))</small></h1>
      <dl class="facts">

      """
    for fact in words.facts(report) {
      out += "<div><dt>\(ReportPage.escaped(fact.name))</dt><dd>\(ReportPage.escaped(fact.value))</dd></div>\n"
    }
    out += "</dl>\n</header>\n<main>\n"
    if report.rows.isEmpty { out += "<p>\(ReportPage.escaped(words.nothing))</p>\n" }
    for commitment in report.commitments { out += section(commitment) }
    out += "</main>\n<footer>\n<dl>\n"
    for definition in words.definitions {
      out +=
        "<div><dt>\(ReportPage.escaped(definition.term))</dt><dd>\(ReportPage.escaped(definition.says))</dd></div>\n"
    }
    return out + "</dl>\n</footer>\n</body>\n</html>\n"
  }

  // MARK: - A commitment

  private func section(_ commitment: String) -> String {
    let rows = report.rows.filter { $0.commitment == commitment }
    let titles = words.titles(commitment, report)
    let main = titles.first ?? commitment
    let beside = titles.dropFirst() + (titles.isEmpty ? [] : [commitment])
    var out = "<section>\n<h2>\(ReportPage.escaped(main))"
    if !beside.isEmpty { out += " <small>\(ReportPage.escaped(beside.joined(separator: " · ")))</small>" }
    out += "</h2>\n"
    let promises = report.promises.filter { promise in
      promise.commitment == commitment && rows.contains { $0.versionFrom == promise.versionFrom }
    }
    if !promises.isEmpty {
      out += "<ul class=\"promises\">"
      for promise in promises { out += "<li>\(ReportPage.escaped(words.promise(promise)))</li>" }
      out += "</ul>\n"
    }
    out += "<table>\n\(head)<tbody>\n"
    for row in rows { out += line(row) }
    return out + "</tbody>\n</table>\n</section>\n"
  }

  private var head: String {
    let language = words.language
    func group(_ name: String, _ span: Int, _ first: Bool = true) -> String {
      "<th scope=\"colgroup\" colspan=\"\(span)\" class=\"first\">\(ReportPage.escaped(name))</th>"
    }
    var top = "<tr><th rowspan=\"2\" scope=\"col\" class=\"text\">\(ReportPage.escaped(words.version))</th>"
    for dimension in report.question.dimensions {
      top += "<th rowspan=\"2\" scope=\"col\" class=\"text\">\(ReportPage.escaped(words.heading(dimension)))</th>"
    }
    top += group(language.of("Clocks", "办结数"), 4) + group(language.of("Rates", "比率"), 3)
    top += group(language.of("Counted days", "计入日"), 3) + group(language.of("Working hours", "工时（小时）"), 3)
    top += group(language.of("Now", "目前"), 2)
    var second = "<tr>"
    for column in ReportColumn.allCases {
      second +=
        "<th scope=\"col\"\(ReportPage.opensGroup(column) ? " class=\"first\"" : "")>"
        + short(column).split(separator: "\n").map { ReportPage.escaped(String($0)) }.joined(separator: "<br/>")
        + "</th>"
    }
    return "<thead>\n\(top)</tr>\n\(second)</tr>\n</thead>\n"
  }

  /// A heading under that of its group.
  private func short(_ column: ReportColumn) -> String {
    let language = words.language
    return switch column {
    case .onTimeRate: language.of("on-time\nrate", "按时\n办结率")
    case .earlyRate: language.of("early\nrate", "提前\n办结率")
    case .compression: language.of("com-\npression", "承诺时限\n压缩率")
    case .meanCountedDays, .meanWorkingHours: language.of("mean", "均值")
    case .p90CountedDays, .p90WorkingHours: "P90"
    case .open: language.of("open", "在办")
    case .overdue: language.of("over-\ndue", "逾期")
    case .onTime: language.of("on\ntime", "按时")
    case .premature: language.of("pre-\nmature", "过早")
    case .finished, .late, .medianCountedDays, .medianWorkingHours: words.heading(column)
    }
  }

  private static func opensGroup(_ column: ReportColumn) -> Bool {
    switch column {
    case .finished, .onTimeRate, .meanCountedDays, .meanWorkingHours, .open: true
    default: false
    }
  }

  private func line(_ row: OnTimeReport.Row) -> String {
    var out = row.isTotal ? "<tr class=\"total\">" : "<tr>"
    let dimensions = report.question.dimensions
    if row.isTotal {
      out +=
        "<th scope=\"row\" class=\"text\" colspan=\"\(dimensions.count + 1)\">\(ReportPage.escaped(words.total))</th>"
    } else {
      out += "<td class=\"text date\">\(row.versionFrom?.description ?? "")</td>"
      for (dimension, value) in zip(dimensions, row.values) { out += cell(value, dimension) }
    }
    for column in ReportColumn.allCases {
      let text = ReportPage.escaped(column.shown(row))
      let first = ReportPage.opensGroup(column) ? " first" : ""
      if column == .onTimeRate, let rate = row.figures.onTimeRate {
        // A bar of borders: browsers leave backgrounds out when they print.
        out +=
          "<td class=\"rate\(first)\">\(text)<span class=\"bar\"><i style=\"width:\(ReportColumn.decimal(rate * 100))%\">"
          + "</i></span></td>"
      } else if (column == .late || column == .overdue), case .count(let count?) = column.figure(row), count > 0 {
        out += "<td class=\"worse\(first)\">\(text)</td>"
      } else {
        out += first.isEmpty ? "<td>\(text)</td>" : "<td class=\"first\">\(text)</td>"
      }
    }
    return out + "</tr>\n"
  }

  private func cell(_ value: String, _ dimension: OnTimeReport.Dimension) -> String {
    if dimension.isRegion, let name = words.regionName(value, report) {
      return "<td class=\"text\">\(ReportPage.escaped(name)) <small>\(ReportPage.escaped(value))</small></td>"
    }
    return "<td class=\"text\">\(ReportPage.escaped(words.value(value, of: dimension, report)))</td>"
  }

  // MARK: - Text

  /// A text that is text and nothing else: markup escaped, and control and direction characters written out.
  static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in Terminal.safe(text).unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  private static func style(landscape: Bool) -> String {
    """

    @page { size: A4 \(landscape ? "landscape" : "portrait"); margin: 14mm 11mm 15mm;
      @bottom-right { content: counter(page) " / " counter(pages); font: 7.5pt sans-serif; color: #555; } }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1.2em; max-width: \(landscape ? "297mm" : "210mm"); background: #fff; color: #000;
      font: 9pt/1.45 "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei",
      "Helvetica Neue", Arial, "SimSun-ExtB", "HanaMinB", "BabelStone Han", sans-serif; }
    h1 { margin: 0 0 .5em; font-size: 16pt; line-height: 1.25; }
    h2 { margin: 0 0 .2em; font-size: 11.5pt; line-height: 1.3; break-after: avoid; overflow-wrap: anywhere; }
    small { font-weight: normal; font-size: .8em; color: #444; }
    dl, ul { margin: 0; padding: 0; list-style: none; }
    dd { margin: 0; overflow-wrap: anywhere; }
    .facts { padding: .5em 0; border-top: 1.5pt solid #000; border-bottom: .5pt solid #000; }
    .facts div { display: flex; }
    .facts dt { flex: 0 0 6em; color: #444; }
    section { margin-top: 1.5em; }
    .promises { margin-bottom: .5em; color: #333; break-after: avoid; }
    table { width: 100%; border-collapse: collapse; font-size: 7.6pt; line-height: 1.3;
      font-variant-numeric: tabular-nums; }
    thead { display: table-header-group; }
    tr { break-inside: avoid; }
    th, td { padding: .28em .25em; text-align: right; vertical-align: top; border-bottom: .4pt solid #bbb; }
    td { white-space: nowrap; unicode-bidi: isolate; }
    thead th { vertical-align: bottom; font-weight: 600; white-space: nowrap; border-bottom: .75pt solid #000; }
    thead tr:first-child th { border-top: .75pt solid #000; }
    thead tr:first-child th[colspan] { text-align: center; border-bottom: .4pt solid #bbb; }
    .text { text-align: left; white-space: normal; overflow-wrap: anywhere; }
    td.text { min-width: 7.5em; }
    td.text small { white-space: nowrap; }
    td.date { min-width: 0; }
    .date { white-space: nowrap; overflow-wrap: normal; }
    .first { padding-left: .8em; }
    .worse { font-weight: 700; }
    .total th, .total td { font-weight: 700; border-top: .75pt solid #000; border-bottom: .75pt solid #000;
      break-before: avoid; }
    .bar { display: block; width: 4.2em; height: 1.3pt; margin: .1em 0 0 auto; border-bottom: .4pt solid #ccc; }
    .bar i { display: block; height: 0; border-bottom: 1.3pt solid #888; }
    footer { margin-top: 1.8em; padding-top: .5em; border-top: .5pt solid #000; font-size: 7.6pt; color: #333; }
    footer div { display: flex; margin-bottom: .2em; break-inside: avoid; }
    footer dt { flex: 0 0 9em; font-weight: 600; }
    @media print { body { padding: 0; max-width: none; } }

    """
  }
}
