import Foundation
import Journal
import Ledger
import ServiceTime
import Settings
import Testing

@testable import Daemon

/// The log records of alerts: whom they are for, and what the message catalogue shows of them.
@Suite struct AnnouncerTests {
  private static func announcer() throws -> Announcer {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    return Announcer(rulebook: try RuleLoader.compile(draft.policy, draft.calendars))
  }

  private static func line(_ event: String, texts: [String: String] = [:]) -> PendingLine {
    let due = (Instant(rfc3339: "2026-09-16T17:30:00+08:00") ?? .earliest).microseconds
    let ended = event == "alert.resolved" ? ["resolved_at": due + 60_000_000] : [:]
    return PendingLine(
      id: 1, event: event,
      subject: AlertID(
        caseID: "K1", commitment: "opening", round: 1, level: "red", revision: 1),
      texts: ["priority": "error", "calendar": "cn"].merging(texts) { $1 },
      numbers: ["due_at": due, "level_at": due, "recorded_at": due + 1_000_000].merging(ended) { $1 })
  }

  /// A line about a share, which has no case.
  private static func share(_ event: String, texts: [String: String]) -> PendingLine {
    var share = line(event, texts: texts)
    share.subject = AlertID(
      caseID: "", commitment: "online_tax", round: 202_609, level: "missed", revision: 1)
    share.numbers["population"] = 10
    share.numbers["counted"] = 8
    return share
  }

  /// What a line says of its addressee, in both languages and for programs.
  @Test(
    arguments: [
      ("town", "469005101203", "w1", "for town 469005101", "通知镇街：469005101", "469005101"),
      ("town", "469005", "w1", "for town 469005", "通知镇街：469005", "469005"),
      ("city", "469005101", nil, "for city 469005", "通知市县：469005", "469005"),
      ("community", "469005101203", nil, "for community 469005101203", "通知社区：469005101203", "469005101203"),
      ("window", "469005101203", "一窗", "for window 一窗", "通知窗口：一窗", "469005101203"),
      ("window", nil, nil, "for window", "通知窗口", nil),
      ("community", nil, "w1", "for community", "通知社区", nil),
    ] as [(String, String?, String?, String, String, String?)])
  func whomALevelIsFor(
    _ notify: String, _ region: String?, _ window: String?, _ words: String, _ wordsZh: String, _ place: String?
  ) throws {
    var texts = ["notify": notify]
    texts["region"] = region
    texts["service_window"] = window
    let record = try AnnouncerTests.announcer().record(
      AnnouncerTests.line("alert.raised", texts: texts), at: .earliest)
    #expect(
      record.message
        == "Case K1: Business opening overran its limit, due 2026-09-16T17:30:00+08:00 (level red, \(words)).")
    #expect(record["message_zh"] == .text("办件K1：企业开办超期，应于2026-09-16T17:30:00+08:00前办结（red，\(wordsZh)）。"))
    #expect(record["notify"] == .text(notify))
    #expect(record["notify_region"] == place.map { .text($0) })
    #expect(record["region"] == region.map { .text($0) })
  }

  @Test func aLevelForNobodySaysNothingOfIt() throws {
    let record = try AnnouncerTests.announcer().record(
      AnnouncerTests.line("alert.raised", texts: ["region": "469005101"]), at: .earliest)
    #expect(record.message.hasSuffix("(level red)."))
    #expect(record["notify"] == nil && record["notify_region"] == nil)
  }

  /// Each line to paste begins with a command of the program, and holds no number of a case, which may be any text.
  @Test(arguments: ["deploy/catalog/bizclock.catalog", "deploy/catalog/bizclock.zh_CN.catalog"])
  func theCatalogueNamesCommandsThatExist(file: String) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let catalogue = try String(contentsOf: root.appending(path: file), encoding: .utf8)
    let commands = try ProgramCommands.read()
    let lines = catalogue.split(separator: "\n").filter { $0.hasPrefix("    bizclock ") }
    #expect(lines.count > 5)
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      let names = words.dropFirst().prefix { $0.allSatisfy { $0.isLowercase } }
      #expect(commands[names.joined(separator: " ")] != nil, "\(line)")
      #expect(!line.contains("CASE_ID") && !line.contains("ALERT_ID"), "\(line)")
    }
  }

  /// A field that the catalogue shows and a record lacks is shown as its name between @ signs.
  @Test(arguments: ["deploy/catalog/bizclock.catalog", "deploy/catalog/bizclock.zh_CN.catalog"])
  func theCatalogueShowsFieldsThatRecordsHave(file: String) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let catalogue = try String(contentsOf: root.appending(path: file), encoding: .utf8)
    let announcer = try AnnouncerTests.announcer()
    for event in Journal.LogEvent.allCases {
      let entry = try #require(
        catalogue.components(separatedBy: "\n-- ").first { $0.hasPrefix(event.messageID) }, "\(event)")
      let shown = entry.matches(of: /@BIZCLOCK_([A-Z0-9_]+)@/).map { $0.1.lowercased() }
      let fields: [String]
      switch event {
      case .alertRaised, .alertResolved, .alertWithdrawn, .alertAmended:
        let change = event == .alertWithdrawn || event == .alertAmended ? ["reason": "voided"] : [:]
        fields = announcer.record(AnnouncerTests.line(event.rawValue, texts: change), at: .earliest).fields.map(
          \.key)
        let share = announcer.record(AnnouncerTests.share(event.rawValue, texts: change), at: .earliest).fields
        #expect(Set(shown).isSubset(of: share.map(\.key)), "\(event.rawValue) shows \(shown); a share lacks some")
        #expect(shown.contains("alert_id"))
      case .calendarHorizon:
        let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
        let calendars = try RuleLoader.compile(draft.policy, draft.calendars).calendars
        let now = Instant(rfc3339: "2026-12-20T09:00:00+08:00") ?? .earliest
        fields = HorizonService.warnings(Array(calendars.values), now: now).first?.fields.map(\.key) ?? []
        #expect(!shown.isEmpty)
      case .quarantineGrowing: fields = ["feed", "file", "quarantined"]
      case .databaseLost: fields = ["error"]
      case .logRefused: fields = ["refused"]
      case .configurationLoaded: fields = ["file"]
      case .configurationRefused: fields = ["faults"]
      case .serviceHangs: fields = ["hangs"]
      default: fields = []
      }
      #expect(Set(shown).isSubset(of: fields), "\(event.rawValue) shows \(shown), its records have \(fields)")
    }
  }
}
