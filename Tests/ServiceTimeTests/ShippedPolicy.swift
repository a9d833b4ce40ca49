import Foundation

@testable import ServiceTime

/// The policy and calendar that the product ships, written out here so that the domain is tested by itself.
enum ShippedPolicy {
  static let shanghai = TimeZoneTable.fixed(name: "Asia/Shanghai", offset: 28_800)

  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static let calendar: CalendarDefinition = {
    var days: [DayOverride] = []
    let text =
      (try? String(contentsOf: repository.appending(path: "deploy/calendars/cn.csv"), encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard fields.count >= 3, let date = CivilDate(fields[0]), let kind = DayOverride.Kind(rawValue: fields[1])
      else { continue }
      days.append(DayOverride(date: date, kind: kind, name: fields[2]))
    }
    return CalendarDefinition(
      id: "cn", timeZone: "Asia/Shanghai", week: [.monday, .tuesday, .wednesday, .thursday, .friday],
      hours: [
        OfficeHours(open: 30_600, close: 43_200), OfficeHours(open: 52_200, close: 63_000),
      ], days: days, publishedUntil: CivilDate(year: 2026, month: 12, day: 28))
  }()

  static func date(_ text: String) -> CivilDate { CivilDate(text) ?? CivilDate(dayNumber: 0) }
  static func instant(_ text: String) -> Instant { Instant(rfc3339: text) ?? Instant(microseconds: -1) }

  static let pauses = [
    PauseKind(begin: EventMatcher("correction_requested"), end: EventMatcher("correction_received")),
    PauseKind(begin: EventMatcher("suspended"), end: EventMatcher("resumed")),
  ]

  static let opening = Commitment(
    id: "opening", process: "opening", start: [EventMatcher("accepted")],
    stop: [EventMatcher("completed"), EventMatcher("rejected")], cancel: [EventMatcher("withdrawn")],
    pause: pauses, calendar: "cn",
    versions: [
      CommitmentVersion(from: date("2018-01-01"), limit: .workingDays(5)),
      CommitmentVersion(from: date("2019-01-01"), limit: .workingDays(2), legalLimit: .workingDays(5)),
    ],
    levels: [
      Level(name: "yellow", position: .daysBefore(1)), Level(name: "red", position: .due, priority: .error),
      Level(name: "escalated", position: .daysAfter(3), priority: .critical),
    ])

  static let deregNotice = Commitment(
    id: "dereg_notice", process: "deregistration", excludes: CaseScope(entityTypes: ["individual"]),
    start: [EventMatcher("notice_published")], stop: [EventMatcher("notice_ended"), EventMatcher("completed")],
    cancel: [EventMatcher("withdrawn"), EventMatcher("rejected"), EventMatcher("objection_raised")],
    calendar: "cn",
    versions: [
      CommitmentVersion(
        from: date("2014-03-01"), limit: .calendarDays(45), floor: .calendarDays(45), dayEnd: .midnight,
        grace: 8 * 3_600_000_000),
      CommitmentVersion(
        from: date("2019-01-01"), limit: .calendarDays(7), floor: .calendarDays(7), dayEnd: .midnight,
        grace: 8 * 3_600_000_000),
    ],
    levels: [
      Level(name: "yellow", position: .daysBefore(1)), Level(name: "red", position: .due, priority: .error),
    ])

  static let oneDay = Commitment(
    id: "one_day", process: "opening", start: [EventMatcher("accepted")],
    stop: [EventMatcher("step_completed:licence"), EventMatcher("completed"), EventMatcher("rejected")],
    cancel: [EventMatcher("withdrawn")], pause: pauses, calendar: "cn",
    versions: [CommitmentVersion(from: date("2019-01-01"), limit: .workingDays(1))],
    levels: [
      Level(name: "yellow", position: .share(9_000)), Level(name: "red", position: .due, priority: .error),
    ])

  static let policy = Policy(commitments: [opening, deregNotice, oneDay], reportTags: ["assisted"])

  static func rulebook(_ policy: Policy = policy, _ calendars: [CalendarDefinition] = [calendar]) throws -> Rulebook
  {
    try Rulebook(policy: policy, calendars: calendars, zones: ["Asia/Shanghai": shanghai])
  }
}

extension Event {
  /// An event of the vectors, which are all well-formed.
  init(vector: [String: Any]) {
    func text(_ key: String) -> String? { vector[key] as? String }
    self.init(
      caseID: Identifier(text("case_id") ?? ""), source: "vectors", eventID: Identifier(text("event_id") ?? ""),
      type: EventType(text("type") ?? ""), occurredAt: ShippedPolicy.instant(text("occurred_at") ?? ""))
    sequence = (vector["sequence"] as? NSNumber)?.int64Value
    process = text("process")
    step = text("step")
    region = text("region")
    channel = text("channel")
    entityType = text("entity_type")
    voids = text("voids").map { Identifier($0) }
    extendDays = (vector["extend_days"] as? NSNumber)?.int32Value
  }
}
