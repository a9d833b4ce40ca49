import ServiceTime
import Testing

@testable import Feeds

/// What a survey says of a file, and that the settings it suggests understand it.
@Suite struct SurveyTests {
  static func survey(_ text: String, _ change: (inout FeedDescription) -> Void = { _ in }) throws -> FeedSurvey {
    try survey(Array(text.utf8), change)
  }

  static func survey(_ bytes: [UInt8], _ change: (inout FeedDescription) -> Void = { _ in }) throws -> FeedSurvey {
    var feed = FeedDescription(
      name: "office", source: "office", format: .csv, knownProcesses: ["opening", "deregistration"])
    change(&feed)
    var surveyor = FeedSurveyor(feed: feed, rows: 3)
    return try surveyor.read(bytes: bytes, now: Reading.now)
  }

  static let table = """
    办件编号,受理时间,环节,企业名称,备注
    KB1,2026/9/1 8:05,受理,甲,
    KB1,2026/9/1 9:05,刻章,甲,x
    KB1,2026/9/2 9:05,办结,甲,
    KB2,昨天,受理,乙,
    """

  @Test func whatWasFound() throws {
    let survey = try SurveyTests.survey(GB18030Tests.bytes(SurveyTests.table)) { feed in
      feed.timeZone = .shanghai
      feed.mapping = [
        .caseID: .init(column: "办件编号"), .occurredAt: .init(column: "受理时间"),
        .type: .init(column: "环节", values: ["受理": "accepted"], otherwise: "step_completed"),
        .uscc: .init(column: "信用代码"),
      ]
      feed.keep = ["备注", "电话"]
      feed.milestones = []
    }
    #expect(survey.encoding == "GB18030" && !survey.hasMark && survey.delimiter == "," && survey.titleLines == 0)
    #expect(survey.events == 3 && survey.refused == 1 && survey.blank == 1)
    #expect(survey.rows.map(\.line) == [2, 3, 4])
    #expect(survey.rows.map(\.event.type) == ["accepted", "step_completed", "step_completed"])
    #expect(survey.rejects.map(\.code) == [.badTime] && survey.rejectCounts.map(\.count) == [1])
    #expect(survey.columns.map(\.name) == ["办件编号", "受理时间", "环节", "企业名称", "备注"])
    #expect(survey.columns.map(\.fields) == [["case_id"], ["occurred_at"], ["type"], [], []])
    #expect(survey.columns.map(\.isUnmapped) == [false, false, false, true, false])
    #expect(survey.columns.map(\.filled) == [4, 4, 4, 4, 1])
    #expect(survey.columns[2].values.map(\.text) == ["受理", "刻章", "办结"])
    #expect(survey.columns[2].values.map(\.count) == [2, 1, 1])
    #expect(
      survey.lacks == [
        FeedSurvey.Lack(field: "uscc", column: "信用代码"), FeedSurvey.Lack(field: "keep", column: "电话"),
      ])
    #expect(survey.unmappedValues.map(\.text) == ["刻章", "办结"])
    #expect(survey.unmappedValues.map(\.becomes) == ["step_completed", "step_completed"])
    #expect(survey.remarks.map { $0.prefix(26) } == ["No event names its process"])
  }

  @Test(arguments: [
    ("\u{FEFF}case_id;type\n", "UTF-8", true, ";"), ("case_id,type\n", "ASCII", false, ","),
    ("a\n\ncase_id\ttype\n", "ASCII", false, "tab"),
  ])
  func howItIsWritten(_ text: String, _ encoding: String, _ hasMark: Bool, _ delimiter: String) throws {
    let survey = try SurveyTests.survey(text)
    #expect(survey.encoding == encoding && survey.hasMark == hasMark && survey.delimiter == delimiter)
    #expect(survey.columns.map(\.name) == ["case_id", "type"])
    #expect(survey.lacks.map(\.field) == ["occurred_at"])
    #expect(survey.titleLines == (text.hasPrefix("a") ? 1 : 0))
  }

  @Test func otherKindsOfFiles() throws {
    let survey = try SurveyTests.survey("PK\u{3}\u{4}[Content_Types].xml")
    #expect(survey.encoding == "an Excel workbook (.xlsx)" && survey.refused == 1 && survey.lacks == [])
    #expect(survey.suggestion == nil)
    let marked = try SurveyTests.survey(
      SpreadsheetTests.Form.utf16LittleMarked.mark + SpreadsheetTests.Form.utf16Little.encode(SurveyTests.table))
    #expect(marked.encoding == "UTF-16 (little-endian)" && marked.hasMark)
  }

  @Test func roundedColumns() throws {
    let rows = (1...4).map { "46900520260\($0)12001,accepted,2026-09-18T02:00:00Z" }
    let survey = try SurveyTests.survey("case_id,type,occurred_at\n" + rows.joined(separator: "\n"))
    #expect(
      survey.remarks.contains { $0.hasPrefix("All 4 numbers of more than 15 digits in the column \"case_id\"") }
        == false)
    let long = (1...4).map { "4690052026091\($0)9000,accepted,2026-09-18T02:00:00Z" }
    let found = try SurveyTests.survey("case_id,type,occurred_at\n" + long.joined(separator: "\n"))
    #expect(
      found.remarks.contains { $0.hasPrefix("All 4 numbers of more than 15 digits in the column \"case_id\"") })
  }

  // MARK: Suggestions

  /// One row an event.
  @Test func suggestsAMapping() throws {
    let survey = try SurveyTests.survey(SurveyTests.table)
    #expect(survey.events == 0 && survey.refused == 5)
    let suggestion = try #require(survey.suggestion)
    #expect(
      suggestion.yaml == """
            time_zone: Asia/Shanghai
            mapping:
              case_id: 办件编号
              entity_name: 企业名称
              events:
                - { type: accepted, occurred_at: 受理时间 }
            defaults: { process: opening }
        """)
    let events = try SurveyTests.survey(SurveyTests.table.replacing("受理时间", with: "时间"))
    #expect(
      events.suggestion?.yaml == """
            time_zone: Asia/Shanghai
            mapping:
              case_id: 办件编号
              entity_name: 企业名称
              occurred_at: 时间
              type: { column: 环节, values: { 办结: completed, 受理: accepted }, otherwise: step_completed }
              step: { column: 环节, values: { 刻章: seal } }
            defaults: { process: opening }
        """)
  }

  /// One row a case, with the names that offices use and what they put around them.
  @Test func suggestsEvents() throws {
    let text = """
      文昌市企业开办办件明细表
      序号,受理编号*,事项名称,统一社会信用代码,企业名称（全称）,申请时间,受理时间,补正时间,办结时间,受理窗口,区划代码,申报渠道,主体类型
      1,KB1,企业开办,914403001922038216,甲,2026/9/1 8:05,2026/9/1 9:05,,,03,469005,网上,企业
      2,KB2,注销登记,91440300715267 26XG,乙,2026/9/1 8:05,2026/9/1 9:05,,2026/9/2 9:05,03,469005,窗口,个体工商户
      """
    let survey = try SurveyTests.survey(text)
    #expect(survey.titleLines == 1)
    #expect(
      survey.suggestion?.yaml == """
            time_zone: Asia/Shanghai
            mapping:
              case_id: "受理编号*"
              process: { column: 事项名称, values: { 企业开办: opening, 注销登记: deregistration } }
              region: 区划代码
              service_window: 受理窗口
              channel: { column: 申报渠道, values: { 窗口: window, 网上: online } }
              entity_name: "企业名称（全称）"
              entity_type: { column: 主体类型, values: { 个体工商户: individual, 企业: enterprise } }
              uscc: 统一社会信用代码
              events:
                - { type: submitted, occurred_at: 申请时间 }
                - { type: accepted, occurred_at: 受理时间 }
                - { type: correction_requested, occurred_at: 补正时间 }
                - { type: completed, occurred_at: 办结时间 }
        """)
  }

  @Test func hasNothingToSuggest() throws {
    let good = "case_id,type,occurred_at,process\nc,accepted,2026-09-18T02:00:00Z,opening\n"
    #expect(try SurveyTests.survey(good).suggestion == nil)
    #expect(try SurveyTests.survey("甲,乙,丙\n1,2,3\n").suggestion == nil)
    let none = try SurveyTests.survey("办件编号,乙\n1,2\n").suggestion
    #expect(none?.missing.count == 2)
    #expect(
      none?.yaml.contains("# type: the column that says what happened was not found among the columns") == true)
  }

  @Test(arguments: [
    ("办件编号", "办件编号"), ("case_id", "case_id"), ("a b", "\"a b\""), ("yes", "\"yes\""), ("", "\"\""),
    ("1a", "\"1a\""),
    ("a:b", "\"a:b\""), ("\"", "\"\\\"\""), ("a\u{202E}", "\"a\\u202e\""), ("受理（全）", "\"受理（全）\""), ("#x", "\"#x\""),
  ])
  func quotesForYAML(_ text: String, _ written: String) { #expect(FeedSuggestion.quoted(text) == written) }

  @Test func ndjson() throws {
    let text = """
      {"办件编号":"KB1","time":"2026-09-01 08:05","环节":"受理","x":{"a":1}}
      {"办件编号":"KB2","time":"2026-09-01 08:06","环节":"办结","x":null}
      """
    let survey = try SurveyTests.survey(text) { $0.format = .ndjson }
    #expect(survey.encoding == "UTF-8" && survey.delimiter == nil)
    #expect(survey.columns.map(\.name) == ["办件编号", "time", "环节", "x"])
    #expect(survey.columns.map(\.filled) == [2, 2, 2, 1])
    #expect(
      survey.suggestion?.yaml.contains("type: { column: 环节, values: { 办结: completed, 受理: accepted } }") == true)
  }
}
