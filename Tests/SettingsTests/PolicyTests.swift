import Foundation
import ServiceTime
import Testing

@testable import Settings

/// What a policy can say.
@Suite struct PolicyTests {
  static let hour: Int64 = 3_600_000_000

  @Test(arguments: [
    ("2 working_days", Limit.workingDays(2)), ("working_days 2", .workingDays(2)),
    ("0 working_days", .workingDays(0)),
    ("7 calendar_days", .calendarDays(7)), ("3660 calendar_days", .calendarDays(3_660)),
    ("16 working_hours", .workingHours(16 * hour)), ("1h30m working_hours", .workingHours(hour * 3 / 2)),
    ("90s working_hours", .workingHours(90_000_000)),
  ])
  func limits(_ text: String, _ limit: Limit) throws {
    let version = try #require(
      try SmallPolicy(version: "{ from: 2019-01-01, limit: \(text) }").commitment()?.versions.first)
    #expect(version == CommitmentVersion(from: Reading.date("2019-01-01"), limit: limit))
    // What the limit calls itself reads as the same.
    #expect(try Limit(policyText: limit.description) == limit)
  }

  @Test func everyRuleOfAVersion() throws {
    let rules = """
      { from: "2020-02-29", limit: 7 calendar_days, legal_limit: 20 calendar_days, floor: 7 calendar_days, \
      day_end: midnight, roll_forward: true, start_rule: next_working_day, closures: count, grace: 8h30m, basis: "令 1" }
      """
    let version = try #require(try SmallPolicy(version: rules).commitment()?.versions.first)
    #expect(
      version
        == CommitmentVersion(
          from: Reading.date("2020-02-29"), limit: .calendarDays(7), legalLimit: .calendarDays(20),
          floor: .calendarDays(7), dayEnd: .midnight, rollForward: true, startRule: .nextWorkingDay,
          closures: .count,
          grace: 8 * PolicyTests.hour + PolicyTests.hour / 2, basis: "令 1"))
  }

  @Test(arguments: [
    ("2 working_days", "due", Level.Position.due), ("2 working_days", "-2 working_days", .daysBefore(2)),
    ("2 working_days", "+3 working_days", .daysAfter(3)), ("2 working_days", "working_days -1", .daysBefore(1)),
    ("7 calendar_days", "-7 calendar_days", .daysBefore(7)), ("2 working_days", "-4h", .plain(-4 * hour)),
    ("2 working_days", "+1h30m", .plain(hour * 3 / 2)), ("2 working_days", "90%", .share(9_000)),
    ("2 working_days", "92.5%", .share(9_250)), ("2 working_days", "92.05%", .share(9_205)),
    ("2 working_days", "0%", .share(0)), ("2 working_days", "100%", .share(10_000)),
    ("16 working_hours", "-4 working_hours", .officeTime(-4 * hour)),
    ("16 working_hours", "+0h30m working_hours", .officeTime(hour / 2)),
  ])
  func levels(_ limit: String, _ text: String, _ position: Level.Position) throws {
    let policy = SmallPolicy(
      more: "levels: { yellow: { at: \(text) }, red: { at: due, priority: emergency } }",
      version: "{ from: 2019-01-01, limit: \(limit) }")
    #expect(
      try policy.commitment()?.levels == [
        Level(name: "yellow", position: position, priority: .warning),
        Level(name: "red", position: .due, priority: .emergency),
      ])
  }

  @Test(arguments: [
    ("window", Level.Addressee.window), ("community", .community), ("town", .town), ("city", .city),
  ])
  func whomALevelIsFor(_ text: String, _ addressee: Level.Addressee) throws {
    let policy = SmallPolicy(
      more: "levels: { red: { at: due, priority: error, notify: \(text) }, late: { at: +1h } }",
      version: "{ from: 2019-01-01, limit: 2 working_days }")
    #expect(
      try policy.commitment()?.levels == [
        Level(name: "red", position: .due, priority: .error, notify: addressee),
        Level(name: "late", position: .plain(PolicyTests.hour)),
      ])
    #expect(try policy.commitment()?.levels.last?.notify == nil)
  }

  @Test func scopesPausesAndReopening() throws {
    let more = """
      cancel: withdrawn
          applies_to: { region: "46", entity_type: [enterprise, cooperative], channel: online, tags: [assisted] }
          excludes: { region: ["469005", "4"] }
          pause: [["correction_requested:tax", correction_received]]
          reopen: completed
      """
    let commitment = try #require(try SmallPolicy(more: more).commitment())
    #expect(commitment.cancel == [EventMatcher("withdrawn")])
    #expect(
      commitment.appliesTo
        == CaseScope(
          regionPrefixes: ["46"], entityTypes: ["enterprise", "cooperative"], channels: ["online"],
          tags: ["assisted"]
        ))
    #expect(commitment.excludes == CaseScope(regionPrefixes: ["469005", "4"]))
    #expect(
      commitment.pause == [
        PauseKind(
          begin: EventMatcher(type: "correction_requested", step: "tax"), end: EventMatcher("correction_received"))
      ])
    #expect(commitment.reopen == ["completed"])
  }

  @Test(arguments: [
    ("0.9", 900_000), ("0", 0), ("1", 1_000_000), ("90%", 900_000), ("92.55%", 925_500), (".5", 500_000),
    ("1.", 1_000_000), ("0.333333", 333_333), ("0.9000000000", 900_000), ("00.000001", 1),
  ])
  func targets(_ text: String, _ millionths: Int64) throws {
    #expect(try ShareReader.target(text) == ShareTarget(millionths: millionths))
  }

  @Test(arguments: [
    "-0.1", "1.1", "101%", "x", "1e-1", "0x1p-1", "inf", "nan", "", ".", "0.3333333", "0.9.0", "+1", "1.000001",
    "99999999999999999999",
  ])
  func wrongTargets(_ text: String) { #expect(throws: Complaint.self) { try ShareReader.target(text) } }

  @Test func whatIsProbablyNotMeantIsRemarked() throws {
    let policy = SmallPolicy(
      start: "[acepted]", stop: "[现场核查]", more: "applies_to: { entity_type: [individuals] }")
    #expect(
      try Reading.draft(policy.text).remarks.map(\.description) == [
        "policy.yaml:6: commitments[opening].start[1]: \"acepted\" is not a life-cycle type; was \"accepted\" meant?",
        "policy.yaml:10: commitments[opening].applies_to.entity_type: \"individuals\" is none of enterprise, "
          + "individual, cooperative",
      ])
  }

  /// A feed's types may hold colons: in a mapping no colon parts them.
  @Test func typesWithColons() throws {
    let policy = SmallPolicy(
      start: "[{ type: \"NOTICE:BEGIN\" }, { type: a, step: \"b:c\" }]",
      stop: "[NOTICE:END, \"step_completed:tax\", { type: d, step: e }]",
      more: "pause: [[{ type: \"P:1\" }, { type: \"P:2\" }]]")
    let commitment = try #require(try policy.commitment())
    func event(_ type: String, _ step: String? = nil) -> EventMatcher {
      EventMatcher(type: EventType(type), step: step)
    }
    #expect(commitment.start == [event("NOTICE:BEGIN"), event("a", "b:c")])
    #expect(commitment.stop == [event("NOTICE", "END"), event("step_completed", "tax"), event("d", "e")])
    #expect(commitment.pause == [PauseKind(begin: event("P:1"), end: event("P:2"))])
    #expect(
      try Reading.draft(policy.text).remarks.map(\.description) == [
        "policy.yaml:7: commitments[opening].stop[1]: \"NOTICE:END\" is the step END of the type NOTICE; if the colon is "
          + "part of the type, write { type: \"NOTICE:END\" }, else { type: \"NOTICE\", step: \"END\" }"
      ])
  }

  @Test func calendarsAlone() throws {
    let text = "calendars: [\(SmallPolicy().calendar)]"
    let documents = PolicyDocuments(policyText: text)
    #expect(try PolicyDraft.parse(documents, scope: .calendars).calendars.map(\.id) == ["cn"])
    #expect(
      Reading.lines { () throws(SettingsError) in _ = try PolicyDraft.parse(documents) } == [
        "policy.yaml:1: has no commitments; add for example `commitments: []`"
      ])
  }

  @Test func documentsAreReadFromBesideThePolicy() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bizclock-policy-\(UUID().uuidString)")
    let calendars = folder.appending(path: "calendars")
    try FileManager.default.createDirectory(at: calendars, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "policy.yaml").path
    let calendar =
      "{ id: cn, time_zone: Asia/Shanghai, week: mon-fri, hours: \"09:00-17:00\", days: [a.csv, b.csv, c.csv, d.csv] }"
    try Data(SmallPolicy(calendar: calendar).text.utf8).write(to: URL(filePath: path))
    let days = "date,kind,name\n2026-01-0"
    try Data("\(days)1,holiday,a".utf8).write(to: folder.appending(path: "a.csv"))
    try Data("\(days)2,holiday,b".utf8).write(to: calendars.appending(path: "a.csv"))
    try Data("\(days)3,holiday,b".utf8).write(to: calendars.appending(path: "b.csv"))
    try Data(Array(days.utf8) + [0xFF, 0xAA]).write(to: folder.appending(path: "c.csv"))
    let documents = try PolicyDocuments.read(path)
    #expect(documents.policyName == path)
    #expect(documents.files == ["a.csv": "\(days)1,holiday,a", "b.csv": "\(days)3,holiday,b"])
    #expect(
      Reading.lines { () throws(SettingsError) in _ = try PolicyDraft.parse(documents) } == [
        "\(path):2: calendars[cn].days[3]: the days file c.csv is not UTF-8 (line 2); save the file as UTF-8",
        "\(path):2: calendars[cn].days[4]: the days file d.csv is not there; put it beside the policy file or take it "
          + "out of days",
      ])
    #expect(
      Reading.lines { () throws(SettingsError) in _ = try PolicyDocuments.read(path + "x") } == [
        "\(path)x: cannot be read: No such file or directory"
      ])
    try Data([0x0A, 0xFF]).write(to: URL(filePath: path))
    #expect(
      Reading.lines { () throws(SettingsError) in _ = try PolicyDocuments.read(path) } == [
        "\(path): is not UTF-8 (line 2); save the file as UTF-8"
      ])
  }

  @Test(arguments: [
    ("cn.csv", true), ("日历.csv", true), ("a/b.csv", true), ("../cn.csv", false), ("/etc/passwd", false),
    ("", false),
    (".cn", false), ("a//b", false), ("a b", false), ("a\u{0}", false), ("a/.b", false),
  ])
  func namesOfDaysFiles(_ name: String, _ isRead: Bool) { #expect(Field.isFileName(name) == isRead) }
}
