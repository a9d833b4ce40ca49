import Foundation
import TestSupport
import Testing

@testable import Daemon

/// What `explain` tells a supervisor of a case, in both languages and for programs.
@Suite struct ExplainTests {
  /// The worked example of a correction, finished a day late; a closure, a holiday, a day worked instead, a case
  /// reopened, one of two rounds, one forgotten, and a person's.
  private static let stories = [
    line(
      "COR", "accepted", "2026-11-03T10:00", #""region":"469005100","service_window":"A03","tags":["assisted"]"#),
    line("COR", "correction_requested", "2026-11-04T10:00"),
    line("COR", "correction_received", "2026-11-06T09:00"),
    line("COR", "completed", "2026-11-11T09:12"),
    line("CLO", "accepted", "2026-08-07T10:00"), line("CLO", "completed", "2026-08-12T17:30"),
    line("HOL", "accepted", "2026-09-30T10:00"), line("HOL", "completed", "2026-10-08T17:00"),
    line("MAK", "accepted", "2026-09-18T10:00"), line("MAK", "completed", "2026-09-21T18:00"),
    line("REO", "accepted", "2026-03-02T10:00"), line("REO", "completed", "2026-03-03T10:00"),
    line("REO", "reopened", "2026-03-05T10:00"), line("REO", "completed", "2026-03-06T10:00"),
    line("TWO", "accepted", "2026-06-01T10:00"), line("TWO", "rejected", "2026-06-02T10:00"),
    line("TWO", "accepted", "2026-06-08T10:00"),
    line("SUS", "accepted", "2026-11-16T10:00"), line("SUS", "suspended", "2026-11-17T10:00", #""step":"hearing""#),
    line("NOT", "notice_published", "2026-09-28T10:00", process: "deregistration"),
    line("NOT", "notice_ended", "2026-10-05T10:00", process: "deregistration"),
    line("NEW", "accepted", "2026-11-23T10:00"), line("NEW", "extended", "2026-11-23T11:00", #""extend_days":30"#),
    line("PER", "accepted", "2026-11-23T09:00", #""entity_type":"individual","entity_name":"王小明""#),
    line("COM", "accepted", "2026-11-23T09:00", #""entity_type":"enterprise","entity_name":"文昌\#u{23d66}公司""#),
    line("WHO", "accepted", "2026-11-23T09:00", #""entity_name":"李四""#),
  ]

  private func withOffice(_ body: @Sendable (LoadedOffice) async throws -> Void) async throws {
    try await LoadedOffice.with(
      at: "2026-11-24T12:00:00+08:00",
      policy: { text in
        text.replacing(
          "    published_until: 2026-12-28\n",
          with: """
                published_until: 2026-12-28
                closures: [{ from: 2026-08-10T12:00:00+08:00, to: 2026-08-11T12:00:00+08:00, name: 台风停工 }]

            """
        ).replacing(
          "legal_limit: 5 working_days, day_end: close }",
          with: "legal_limit: 5 working_days, day_end: close, basis: \"notice 41 of 2018\" }")
      }
    ) { office in
      try await office.load(ExplainTests.stories, at: "2026-11-24T12:00:00+08:00")
      try await body(office)
    }
  }

  /// The lines of the strip of days, blanks made one, from the rule under its heading to the empty line after it.
  private func strip(_ text: String) -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let heading = lines.firstIndex(where: { $0.hasSuffix("on this day") || $0.hasSuffix("当日") }) else {
      return []
    }
    return lines.dropFirst(heading + 2).prefix { !$0.isEmpty }.map(squeezed)
  }

  private func squeezed(_ line: some StringProtocol) -> String {
    line.split(separator: " ").joined(separator: " ")
  }

  private func facts(_ text: String) -> [String] { text.split(separator: "\n").map(squeezed) }

  @Test func aCorrectionAndAnOverrun() async throws {
    try await withOffice { office in
      let text = try office.run(["explain", "COR", "--clock", "opening"])
      #expect(
        strip(text) == [
          "2026-11-03 tue – the start date is not counted (Civil Code art. 201) 10:00 accepted",
          "2026-11-04 wed – suspended: correction of materials 11-04 10:00 to 11-06 09:00 "
            + "(Administrative Licensing Law art. 32) 10:00 correction_requested",
          "2026-11-05 thu – suspended: correction of materials 11-04 10:00 to 11-06 09:00 "
            + "(Administrative Licensing Law art. 32)",
          "2026-11-06 fri – not counted: time starts again after the correction of materials (Civil Code art. 201) "
            + "09:00 correction_received",
          "2026-11-07 sat – rest day", "2026-11-08 sun – rest day",
          "2026-11-09 mon 1 counted 17:30 level yellow reached",
          "2026-11-10 tue 2 counted 17:30 due; 17:30 level red reached",
          "2026-11-11 wed 3 counted, 1 past due 09:12 completed",
        ])
      let told = facts(text)
      for line in [
        "case COR", "window A03", "tags assisted", "as of 2026-11-24 12:00 (Asia/Shanghai)",
        "clock opening, round 1: Business opening",
        "verdict Late: due 2026-11-10 17:30, completed 2026-11-11 09:12, 1 working day over (15 h 42 min).",
        "limit 2 working days (legal limit 5 working days), without rest days and holidays "
          + "(Administrative Licensing Law art. 82)",
        "basis notice 41 of 2018", "due 2026-11-10 17:30: close of counted day 2, 2026-11-10",
        "pause correction of materials, 2026-11-04 10:00 to 2026-11-06 09:00 (Administrative Licensing Law art. 32)",
        "reason none acknowledged yet (Regulation on Optimizing the Business Environment art. 36)",
      ] {
        #expect(told.contains(line), "\(line)")
      }
      #expect(told.contains { $0.hasPrefix("region 469005100") })
      #expect(!text.contains("one_day"))

      // Acknowledged with its reason, as a supervisor does.
      _ = try await office.rows(
        """
        UPDATE bizclock.alert SET acknowledged_at = '2026-11-12 09:00+08', acknowledged_by = 'Li', reason = 'server down'
        WHERE case_id = 'COR' AND commitment = 'opening' AND level = 'red' RETURNING level
        """)
      let after = facts(try office.run(["explain", "COR", "--clock", "opening"]))
      #expect(
        after.contains {
          $0.hasPrefix("red reached 2026-11-10 17:30;")
            && $0.hasSuffix("acknowledged 2026-11-12 09:00 by Li: server down")
        })
      #expect(!after.contains { $0.hasPrefix("reason none") })
    }
  }

  @Test func inChinese() async throws {
    try await withOffice { office in
      #expect(
        try office.run(["explain", "NOT", "--clock", "dereg_notice", "--lang", "zh"])
          .contains("第7个计入日2026-10-05 24:00"))
      let text = try office.run(["explain", "COR", "--clock", "opening", "--lang", "zh"])
      #expect(
        strip(text) == [
          "2026-11-03 周二 – 起算日不计入（民法典第二百零一条） 10:00 受理",
          "2026-11-04 周三 – 暂停：补正材料 11-04 10:00至11-06 09:00（行政许可法第三十二条） 10:00 要求补正",
          "2026-11-05 周四 – 暂停：补正材料 11-04 10:00至11-06 09:00（行政许可法第三十二条）",
          "2026-11-06 周五 – 不计入：补正材料后恢复计时之日（民法典第二百零一条） 09:00 收到补正材料",
          "2026-11-07 周六 – 休息日", "2026-11-08 周日 – 休息日", "2026-11-09 周一 1 计入 17:30 黄牌触发",
          "2026-11-10 周二 2 计入 17:30 到期；17:30 红牌触发", "2026-11-11 周三 3 计入，超期第1日 09:12 办结",
        ])
      for line in [
        "办件 COR", "事项类别 企业开办", "时钟 opening，第1轮：企业开办",
        "判定 超期：应于2026-11-10 17:30前办结，2026-11-11 09:12办结，超出1个工作日（15小时42分钟）。",
        "时限 2个工作日（法定时限5个工作日），不含休息日和法定节假日（行政许可法第八十二条）",
        "到期 2026-11-10 17:30：第2个计入日2026-11-10下班时刻",
        "暂停 补正材料，2026-11-04 10:00至2026-11-06 09:00（行政许可法第三十二条）",
        "原因 尚未登记超期原因（优化营商环境条例第三十六条）",
      ] {
        #expect(facts(text).contains(line), "\(line)")
      }
      // Nothing of the English is left but what the policy, the feed and the zone's name are called.
      let words = text.unicodeScalars.split { !("a"..."z").contains($0) && !("A"..."Z").contains($0) }.map(
        String.init)
      #expect(
        Set(words.map { $0.lowercased() }).subtracting([
          "cor", "a", "assisted", "asia", "shanghai", "opening", "cn", "notice", "of",
        ]).filter { $0.count > 3 && !text.contains("\($0)-") } == [])
    }
  }

  /// A case, its dates, and the sentence of its verdict.
  private struct Story {
    var caseID: String
    var clock = "opening"
    /// The first ones, or the last if so named.
    var days: [String]
    var areLast = false
    var verdict: String
  }

  private static let closure = Story(
    caseID: "CLO",
    days: [
      "2026-08-07 fri – the start date is not counted (Civil Code art. 201) 10:00 accepted",
      "2026-08-08 sat – rest day", "2026-08-09 sun – rest day",
      "2026-08-10 mon – local closure: 台风停工, 2026-08-10 12:00 to 2026-08-11 12:00 12:00 closure begins: 台风停工",
      "2026-08-11 tue 1 counted 12:00 closure ends: 台风停工; 17:30 level yellow reached",
      "2026-08-12 wed 2 counted 17:30 completed; 17:30 due",
    ], verdict: "verdict On time: due 2026-08-12 17:30, completed 2026-08-12 17:30.")

  private static let holiday = Story(
    caseID: "HOL",
    days: [
      "2026-09-30 wed – the start date is not counted (Civil Code art. 201) 10:00 accepted",
      "2026-10-01 thu – statutory holiday: 国庆节 (State Council notice; calendar cn)",
      "2026-10-02 fri – statutory holiday: 国庆节 (State Council notice; calendar cn)",
      "2026-10-03 sat – statutory holiday: 国庆节 (State Council notice; calendar cn)",
      "2026-10-04 sun – statutory holiday: 国庆节 (State Council notice; calendar cn)",
      "2026-10-05 mon – statutory holiday: 国庆节 (State Council notice; calendar cn)",
      "2026-10-06 tue – statutory holiday: 国庆节 (State Council notice; calendar cn)",
      "2026-10-07 wed – statutory holiday: 国庆节 (State Council notice; calendar cn)",
      "2026-10-08 thu 1 counted 17:00 completed", "2026-10-09 fri 2 counted, after the end 17:30 due",
    ], verdict: "verdict On time: due 2026-10-09 17:30, completed 2026-10-08 17:00, before the due day.")

  private static let makeup = Story(
    caseID: "MAK",
    days: [
      "2026-09-18 fri – the start date is not counted (Civil Code art. 201) 10:00 accepted",
      "2026-09-19 sat – rest day",
      "2026-09-20 sun 1 worked instead of a rest day: 国庆节 (State Council notice; calendar cn) 17:30 level yellow "
        + "reached",
      "2026-09-21 mon 2 counted 17:30 due; 17:30 level red reached; 18:00 completed",
    ], verdict: "verdict Late: due 2026-09-21 17:30, completed 2026-09-21 18:00, less than a day over (30 min).")

  private static let reopened = Story(
    caseID: "REO",
    days: [
      "2026-03-02 mon – the start date is not counted (Civil Code art. 201) 10:00 accepted",
      "2026-03-03 tue – suspended: time between stop and reopening 03-03 10:00 to 03-05 10:00 10:00 completed",
      "2026-03-04 wed – suspended: time between stop and reopening 03-03 10:00 to 03-05 10:00",
      "2026-03-05 thu – not counted: time starts again after the time between stop and reopening (Civil Code art. "
        + "201) 10:00 reopened",
      "2026-03-06 fri 1 counted 10:00 completed", "2026-03-07 sat – rest day, after the end",
      "2026-03-08 sun – rest day, after the end",
      "2026-03-09 mon 2 counted, after the end 17:30 due",
    ], verdict: "verdict On time: due 2026-03-09 17:30, completed 2026-03-06 10:00, before the due day.")

  private static let special = Story(
    caseID: "SUS",
    days: [
      "2026-11-16 mon – the start date is not counted (Civil Code art. 201) 10:00 accepted",
      "2026-11-17 tue – suspended: special procedure: hearing, inspection, expert review since 11-17 10:00 "
        + "(Administrative Licensing Law art. 45) 10:00 suspended:hearing",
    ],
    verdict:
      "verdict Paused: special procedure: hearing, inspection, expert review, since 2026-11-17 10:00; due is "
      + "not known until time starts again.")

  private static let premature = Story(
    caseID: "NOT", clock: "dereg_notice",
    days: [
      "2026-09-28 mon – the start date is not counted (Civil Code art. 201) 10:00 notice_published",
      "2026-09-29 tue 1 counted", "2026-09-30 wed 2 counted", "2026-10-01 thu 3 counted",
      "2026-10-02 fri 4 counted",
      "2026-10-03 sat 5 counted", "2026-10-04 sun 6 counted",
      "2026-10-05 mon 7 counted 00:00 level yellow reached; 10:00 notice_ended",
      "2026-10-06 tue 8 counted, after the end 08:00 due",
    ], verdict: "due 2026-10-06 08:00: 24:00 of counted day 7, 2026-10-05, and 8 h of grace")

  private static let provisional = Story(
    caseID: "NEW",
    days: [
      "2027-01-01 fri – holiday by its fixed date (calendar cn; calendar not published)",
      "2027-01-02 sat – rest day (calendar not published)", "2027-01-03 sun – rest day (calendar not published)",
      "2027-01-04 mon 29 counted (calendar not published)", "2027-01-05 tue 30 counted (calendar not published)",
      "2027-01-06 wed 31 counted (calendar not published) 17:30 level yellow to come",
      "2027-01-07 thu 32 counted (calendar not published) 17:30 due; 17:30 level red to come",
    ], areLast: true,
    verdict:
      "due 2027-01-07 17:30: close of counted day 32, 2027-01-07; provisional, the calendar is not published "
      + "beyond 2026-12-28")

  @Test func dayByDay() async throws {
    let stories = [
      ExplainTests.closure, ExplainTests.holiday, ExplainTests.makeup, ExplainTests.reopened, ExplainTests.special,
      ExplainTests.premature, ExplainTests.provisional,
    ]
    try await withOffice { office in
      for story in stories {
        let text = try office.run(["explain", story.caseID, "--clock", story.clock])
        let days = strip(text)
        #expect(Array(story.areLast ? days.suffix(story.days.count) : days.prefix(story.days.count)) == story.days)
        #expect(facts(text).contains(story.verdict), "\(story.verdict)")
      }
    }
  }

  @Test func roundsAndFoldedStretches() async throws {
    try await withOffice { office in
      let both = try office.run(["explain", "TWO", "--clock", "opening"])
      #expect(both.contains("clock opening, round 1"))
      let second = try office.run(["explain", "TWO", "--clock", "opening/2"])
      #expect(!second.contains("clock opening, round 1"))
      // From 8 June to 24 November: what happened, the dates beside that, and one line for the rest.
      #expect(
        strip(second) == [
          "2026-06-08 mon – the start date is not counted (Civil Code art. 201) 10:00 accepted",
          "2026-06-09 tue 1 counted 17:30 level yellow reached",
          "2026-06-10 wed 2 counted 17:30 due; 17:30 level red reached", "2026-06-11 thu 3 counted, 1 past due",
          "2026-06-12 fri 4 counted, 2 past due", "2026-06-13 sat – rest day", "2026-06-14 sun – rest day",
          "2026-06-15 mon 5 counted, 3 past due 17:30 level escalated reached",
          "2026-06-16 tue 6 counted, 4 past due",
          // The dragon boat festival, Friday to Sunday.
          "… 53 days: 37 counted (7–43), 13 rest days, 3 holidays", "2026-08-09 sun – rest day",
          "2026-08-10 mon – local closure: 台风停工, 2026-08-10 12:00 to 2026-08-11 12:00 12:00 closure begins: 台风停工",
          "2026-08-11 tue 44 counted, 42 past due 12:00 closure ends: 台风停工",
          "2026-08-12 wed 45 counted, 43 past due",
          // 72 days of the plain week, 6 of them holidays, and 2 worked instead.
          "… 102 days: 68 counted (46–113), 24 rest days, 10 holidays", "2026-11-23 mon 114 counted, 112 past due",
          "2026-11-24 tue 115 counted, 113 past due",
        ])
      let none = try office.run(["explain", "TWO", "--clock", "opening/3"], status: 66)
      #expect(none.contains("The case has no clock opening/3; it has opening/1, opening/2, one_day/1, one_day/2."))
      #expect(try office.run(["explain", "TWO", "--clock", "opening/x"], status: 64).contains("is not a clock"))
    }
  }

  /// The names of people, and of those who may be people, are told only where the configuration says so.
  @Test func namesOfIndividuals() async throws {
    try await withOffice { office in
      for (caseID, name, told) in [("PER", "王小明", false), ("WHO", "李四", false), ("COM", "文昌\u{23d66}公司", true)] {
        for more in [[], ["--json"], ["--lang", "zh"]] {
          #expect(try office.run(["explain", caseID] + more).contains(name) == told, "\(caseID) \(more)")
        }
      }
      _ = try await office.rows(
        "UPDATE bizclock.setting SET value = 'true' WHERE name = 'show_individual_names' RETURNING name")
      #expect(try office.run(["explain", "PER"]).contains("王小明"))
    }
  }

  /// Another country's calendar rests on other laws: none of ours is cited.
  @Test func anotherCountry() throws {
    let policy = Readme.repository.appending(path: "deploy/examples/wabo/policy.yaml").path
    let run = try ProgramRun([
      "due", "--policy", policy, "--commitment", "receipt_letter", "--start", "2011-04-20T10:00", "--pause",
      "2011-04-27T10:00/2011-04-28T10:00",
    ])
    #expect(run.status == 0, "\(run.errors)")
    let days = facts(run.output)
    #expect(days.contains { $0.hasPrefix("2011-04-22 fri – holiday: ") && $0.hasSuffix(" (calendar nl)") })
    #expect(days.contains("2011-04-20 wed – the start date is not counted"))
    for word in ["Civil Code", "State Council", "Licensing"] { #expect(!run.output.contains(word), "\(word)") }
  }

  private struct Explained: Decodable {
    struct Closure: Decodable { var name: String }
    struct Pause: Decodable {
      var kind: String
      var from: String
      var to: String?
      var rule: String?
    }
    struct Day: Decodable {
      var date: String
      var number: Int?
      var overrun_number: Int?
      var reason: String
      var name: String?
      var makeup: Bool
      var rule: String?
      var pauses: [Pause]
      var closure: Closure?
      var events: [String]
    }
    struct Clock: Decodable {
      var commitment: String
      var round: Int
      var limit_text: String
      var basis: String?
      var verdict: String?
      var due_at: String?
      var overrun_days: Int?
      var summary_en: String
      var summary_zh: String
      var pauses: [Pause]
      var days: [Day]
    }
    struct Event: Decodable {
      var event_id: String
      var type: String
      var happened: Bool
    }
    struct Alert: Decodable {
      var alert_id: String
      var level: String
      var recorded_at: String
    }
    var case_id: String
    var events: [Event]
    var clocks: [Clock]
    var alerts: [Alert]
  }

  @Test func forPrograms() async throws {
    try await withOffice { office in
      func explained(_ caseID: String) throws -> Explained {
        try JSONDecoder().decode(
          Explained.self, from: Data(try office.run(["explain", caseID, "--json", "--clock", "opening"]).utf8))
      }
      let correction = try explained("COR")
      let clock = try #require(correction.clocks.first)
      #expect(correction.clocks.count == 1)
      #expect(clock.due_at == "2026-11-10T17:30:00+08:00")
      #expect(clock.verdict == "late")
      #expect(clock.overrun_days == 1)
      #expect(clock.limit_text == "2 working_days")
      #expect(clock.basis == "notice 41 of 2018")
      #expect(clock.summary_en.hasPrefix("Late: due 2026-11-10 17:30"))
      #expect(clock.summary_zh.hasPrefix("超期：应于2026-11-10 17:30前办结"))
      #expect(
        clock.days.map { "\($0.date.suffix(2)) \($0.reason) \($0.number ?? 0) \($0.rule ?? "-")" } == [
          "03 start 0 civil_code_201", "04 suspended 0 administrative_licensing_law_32",
          "05 suspended 0 administrative_licensing_law_32", "06 time_restarts 0 civil_code_201",
          "07 rest_day 0 administrative_licensing_law_82", "08 rest_day 0 administrative_licensing_law_82",
          "09 counted 1 -", "10 counted 2 -", "11 counted 3 -",
        ])
      #expect(clock.days.last?.overrun_number == 1)
      #expect(clock.days[1].pauses.map(\.kind) == ["correction_requested"])
      #expect(clock.days[1].pauses.first?.to == "2026-11-06T09:00:00+08:00")
      let ids = Dictionary(uniqueKeysWithValues: correction.events.map { ($0.event_id, $0.type) })
      #expect(clock.days.flatMap(\.events).compactMap { ids[$0] } == correction.events.map(\.type))
      #expect(correction.alerts.map(\.alert_id) == ["COR/opening/1/yellow/1", "COR/opening/1/red/1"])

      let closed = try #require(try explained("CLO").clocks.first)
      #expect(closed.days[3].reason == "closure")
      #expect(closed.days[3].closure?.name == "台风停工")
      let makeup = try #require(try explained("MAK").clocks.first)
      #expect(makeup.days.filter(\.makeup).map(\.date) == ["2026-09-20"])
      #expect(makeup.days.filter(\.makeup).map(\.rule) == ["state_council_notice"])
    }
  }
}
