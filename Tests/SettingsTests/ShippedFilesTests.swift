import Foundation
import ServiceTime
import Testing

@testable import Settings

/// The files that the product ships say what the contract says.
@Suite struct ShippedFilesTests {
  static let pauses = [
    PauseKind(begin: EventMatcher("correction_requested"), end: EventMatcher("correction_received")),
    PauseKind(begin: EventMatcher("suspended"), end: EventMatcher("resumed")),
  ]
  static let hour: Int64 = 3_600_000_000

  static func draft() throws -> PolicyDraft { try PolicyDraft.parse(PolicyDocuments.shipped()) }

  static func commitment(_ id: String) throws -> Commitment {
    try #require(try draft().policy.commitments.first { $0.id == id })
  }

  @Test func configuration() throws {
    let configuration = try Configuration.parse(
      Reading.text("deploy/bizclock.yaml"), file: "/etc/bizclock/bizclock.yaml")
    #expect(
      configuration
        == Configuration(
          file: "/etc/bizclock/bizclock.yaml", database: .private, stateDirectory: "/var/lib/bizclock",
          http: HTTPSettings(listen: ListenAddress(host: "127.0.0.1", port: 8347), tokens: nil), feeds: [],
          alerts: AlertSettings(retrospectiveAfter: 24 * ShippedFilesTests.hour, showIndividualNames: false),
          policy: "/etc/bizclock/policy.yaml"))
  }

  /// The feeds stand there as comments, for an operator to take the # away.
  @Test func configurationWithItsExamples() throws {
    let text = try Reading.text("deploy/bizclock.yaml").split(separator: "\n", omittingEmptySubsequences: false)
    let feeds = try #require(text.firstIndex { $0.hasPrefix("# feeds:") })
    let end = try #require(text[feeds...].firstIndex { !$0.hasPrefix("#") })
    let opened =
      text[..<feeds].filter { $0 != "feeds: []" } + text[feeds..<end].map { $0.dropFirst(2) } + text[end...]
    let configuration = try Configuration.parse(
      opened.joined(separator: "\n").replacing("  # tokens:", with: "  tokens:"),
      file: "/etc/bizclock/bizclock.yaml")
    #expect(configuration.http.tokens == "/var/lib/bizclock/tokens")
    #expect(
      configuration.feeds == [
        FeedSettings(
          name: "e-registration", source: "hn-ereg", directory: "/var/spool/bizclock/e-registration",
          silence: .officeTime(4 * ShippedFilesTests.hour)),
        FeedSettings(
          name: "exchange", source: "hn-exchange", kind: .exchange, timeZone: "Asia/Shanghai",
          database: .conninfo("service=exchange"), schema: "public", openIfEqual: true,
          exchange: ExchangeSettings(
            poll: 30_000_000, overlap: 600_000_000, compareAt: 9_000_000_000,
            tasks: ["11469005MB1A00001": ExchangeSettings.Task(process: "opening")],
            steps: [
              "营业执照": ExchangeSettings.Step(step: "licence", start: "step_started", end: "step_completed"),
              "补正": ExchangeSettings.Step(start: "correction_requested", end: "correction_received"),
            ], results: ["1": "completed", "2": "rejected", "3": "withdrawn"])),
        FeedSettings(
          name: "office-csv", source: "office", directory: "/var/spool/bizclock/office", format: .csv,
          timeZone: "Asia/Shanghai", encoding: .auto,
          mapping: [
            "case_id": FieldMapping(column: "办件编号"), "occurred_at": FieldMapping(column: "时间"),
            "type": FieldMapping(
              column: "环节", values: ["受理": "accepted", "办结": "completed"], otherwise: "step_completed"),
            "step": FieldMapping(column: "环节", values: ["营业执照": "licence", "公章": "seal", "税务发票": "tax"]),
          ], defaults: ["process": "opening"]),
        FeedSettings(
          name: "office-cases", source: "office", directory: "/var/spool/bizclock/office-cases", format: .csv,
          timeZone: "Asia/Shanghai", mapping: ["case_id": FieldMapping(column: "办件编号")],
          events: [
            RowEvent(type: "submitted", occurredAt: "申请时间"), RowEvent(type: "accepted", occurredAt: "受理时间"),
            RowEvent(type: "completed", occurredAt: "办结时间"),
          ], defaults: ["process": "opening"]),
        FeedSettings(
          name: "hall", source: "hall", kind: .http, silence: .officeTime(4 * ShippedFilesTests.hour)),
      ])
  }

  @Test func policyAsAWhole() throws {
    let draft = try ShippedFilesTests.draft()
    #expect(draft.policy.commitments.map(\.id) == ["opening", "dereg_notice", "one_day"])
    #expect(draft.policy.shares.map(\.id) == ["online_tax"])
    #expect(draft.policy.reportTags == ["assisted"])
    #expect(draft.policy.processes == ["opening", "deregistration"])
    #expect(draft.remarks == [])
    #expect(draft.calendars.map(\.id) == ["cn"])
  }

  @Test func opening() throws {
    let opening = try ShippedFilesTests.commitment("opening")
    #expect(
      opening
        == Commitment(
          id: "opening", process: "opening", title: ["en": "Business opening", "zh": "企业开办"],
          start: [EventMatcher("accepted")], stop: [EventMatcher("completed"), EventMatcher("rejected")],
          cancel: [EventMatcher("withdrawn")], pause: ShippedFilesTests.pauses, calendar: "cn",
          versions: [
            CommitmentVersion(from: Reading.date("2018-01-01"), limit: .workingDays(5), dayEnd: .close),
            CommitmentVersion(
              from: Reading.date("2019-01-01"), limit: .workingDays(2), legalLimit: .workingDays(5), dayEnd: .close),
          ],
          levels: [
            Level(name: "yellow", position: .daysBefore(1), priority: .warning),
            Level(name: "red", position: .due, priority: .error),
            Level(name: "escalated", position: .daysAfter(3), priority: .critical),
          ]))
  }

  @Test func deregistrationNotice() throws {
    func version(_ from: String, _ days: Int) -> CommitmentVersion {
      CommitmentVersion(
        from: Reading.date(from), limit: .calendarDays(days), floor: .calendarDays(days), dayEnd: .midnight,
        rollForward: false, startRule: .asIs, closures: .pause, grace: 8 * ShippedFilesTests.hour)
    }
    let notice = try ShippedFilesTests.commitment("dereg_notice")
    #expect(
      notice
        == Commitment(
          id: "dereg_notice", process: "deregistration",
          title: ["en": "Deregistration notice", "zh": "商事主体注销公示"],
          excludes: CaseScope(entityTypes: ["individual"]), start: [EventMatcher("notice_published")],
          stop: [EventMatcher("notice_ended"), EventMatcher("completed")],
          cancel: [EventMatcher("withdrawn"), EventMatcher("rejected"), EventMatcher("objection_raised")],
          calendar: "cn", versions: [version("2014-03-01", 45), version("2019-01-01", 7)],
          levels: [
            Level(name: "yellow", position: .daysBefore(1), priority: .warning),
            Level(name: "red", position: .due, priority: .error),
          ]))
  }

  @Test func oneDay() throws {
    let oneDay = try ShippedFilesTests.commitment("one_day")
    #expect(
      oneDay
        == Commitment(
          id: "one_day", process: "opening", title: ["en": "Licence in one day", "zh": "一日办结"],
          start: [EventMatcher("accepted")],
          stop: [
            EventMatcher(type: "step_completed", step: "licence"), EventMatcher("completed"),
            EventMatcher("rejected"),
          ],
          cancel: [EventMatcher("withdrawn")], pause: ShippedFilesTests.pauses, calendar: "cn",
          versions: [CommitmentVersion(from: Reading.date("2019-01-01"), limit: .workingDays(1), dayEnd: .close)],
          levels: [
            Level(name: "yellow", position: .share(9_000), priority: .warning),
            Level(name: "red", position: .due, priority: .error),
          ]))
  }

  @Test func onlineTax() throws {
    let share = try #require(try ShippedFilesTests.draft().policy.shares.first)
    #expect(
      share
        == ShareCommitment(
          id: "online_tax", process: "opening", title: ["en": "Online tax handling", "zh": "网上办税使用率"],
          population: [EventMatcher(type: "step_completed", step: "tax")], counted: CaseScope(channels: ["online"]),
          target: ShareTarget(millionths: 900_000), period: .month))
  }

  @Test func calendar() throws {
    let calendar = try #require(try ShippedFilesTests.draft().calendars.first)
    #expect(calendar.base == nil)
    #expect(calendar.timeZone == "Asia/Shanghai")
    #expect(calendar.week == [.monday, .tuesday, .wednesday, .thursday, .friday])
    #expect(
      calendar.hours == [OfficeHours(open: 30_600, close: 43_200), OfficeHours(open: 52_200, close: 63_000)])
    #expect(calendar.publishedFrom == nil)
    #expect(calendar.publishedUntil == Reading.date("2026-12-28"))
    #expect(calendar.fixedHolidays == nil)
    #expect(calendar.regions == [])
    #expect(calendar.closures == [])
    #expect(Set(calendar.days.map { $0.date.fields.year }) == Set(2006...2026))
    #expect(calendar.days.allSatisfy { !$0.name.isEmpty && $0.hours == nil })
    // Worked instead are days off by the week, but for the Monday after the holiday that was made longer in 2020.
    let onWeekdays = calendar.days.filter {
      $0.kind == .makeupWorkday && $0.date.weekday != .saturday && $0.date.weekday != .sunday
    }
    #expect(onWeekdays.map(\.date) == [Reading.date("2020-02-03")])
  }

  static let handedOver = Reading.repository.deletingLastPathComponent()
    .appending(path: "shared/data/cn-statutory-days.csv")

  @Test(
    "the calendar has the statutory days handed over beside the repository, row for row",
    .enabled(
      if: FileManager.default.fileExists(atPath: handedOver.path),
      "the statutory days are not beside the repository"))
  func statutoryDays() throws {
    func rows(_ text: String) -> [Substring] {
      text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }
    }
    let theirs = rows(try String(contentsOf: ShippedFilesTests.handedOver, encoding: .utf8))
    #expect(rows(try Reading.text("deploy/calendars/cn.csv")) == theirs)
    let days = try #require(try ShippedFilesTests.draft().calendars.first).days
    #expect(days.map { "\($0.date),\($0.kind.rawValue),\($0.name)" } == theirs.dropFirst().map(String.init))
  }

  /// The layer that stands in the policy as a comment.
  @Test func policyWithItsExamples() throws {
    let text = try Reading.text("deploy/policy.yaml").split(separator: "\n", omittingEmptySubsequences: false)
    let layer = try #require(text.firstIndex { $0.hasPrefix("  # - id: wenchang") })
    let end = try #require(text[layer...].firstIndex { !$0.hasPrefix("  # ") })
    let opened = text[..<layer] + text[layer..<end].map { "  " + $0.dropFirst(4) } + text[end...]
    let draft = try Reading.draft(
      opened.joined(separator: "\n"), files: ["cn.csv": Reading.text("deploy/calendars/cn.csv")])
    #expect(
      draft.calendars.last
        == CalendarDefinition(
          id: "wenchang", base: "cn", regions: ["469005"],
          closures: [
            Closure(
              from: try #require(Instant(rfc3339: "2024-09-05T18:00:00+08:00")),
              to: Instant(rfc3339: "2024-09-08T08:00:00+08:00"), name: "台风停工")
          ]))
  }

  @Test func examplesOfAPermitDesk() throws {
    let folder = Reading.repository.appending(path: "deploy/examples/wabo").path
    let configuration = try Configuration.load(folder + "/bizclock.yaml", environment: [:])
    #expect(configuration.policy == folder + "/policy.yaml")
    #expect(configuration.stateDirectory == folder + "/state")
    let feed = try #require(configuration.feeds.first)
    #expect(configuration.feeds.count == 1)
    #expect(feed.directory == folder + "/spool")
    #expect(feed.delimiter == UInt8(ascii: ","))
    #expect(feed.encoding == .utf8)
    #expect(feed.mapping["channel"]?.values["e-mail"] == "email")
    let draft = try PolicyDraft.parse(PolicyDocuments.read(folder + "/policy.yaml"))
    #expect(draft.policy.commitments.map(\.id) == ["receipt_letter", "stop_indication"])
    #expect(
      draft.policy.commitments.map { $0.versions[0].limit } == [.workingDays(2), .workingHours(16 * 3_600_000_000)])
    #expect(
      draft.policy.commitments[1].levels.map(\.position) == [
        .officeTime(-4 * ShippedFilesTests.hour), .due, .officeTime(8 * ShippedFilesTests.hour),
      ])
    #expect(draft.calendars.first?.days.count == 25)
    #expect(draft.calendars.first?.fixedHolidays?.count == 3)
  }
}
