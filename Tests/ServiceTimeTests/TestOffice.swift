import Synchronization

@testable import ServiceTime

/// An office with one promise, for cases worked out by hand: Shanghai, Monday to Friday, 08:30–12:00 and 14:30–17:30,
/// no holidays. September 2026 begins on a Tuesday; the 7th, 14th and 21st are Mondays.
///
/// Times are written `09-18 10:00`, `2027-01-04 17:30` or in RFC 3339, by the office's own clock.
struct TestOffice: Sendable {
  /// The calendar.
  var calendar = CalendarDefinition(
    id: "office", timeZone: "Asia/Shanghai", week: [.monday, .tuesday, .wednesday, .thursday, .friday],
    hours: [OfficeHours(open: 30_600, close: 43_200), OfficeHours(open: 52_200, close: 63_000)],
    fixedHolidays: [])
  /// Layers over it.
  var layers: [CalendarDefinition] = []
  /// Its zone.
  var zone = ShippedPolicy.shanghai
  /// The promise; its versions are `versions`.
  var commitment = Commitment(
    id: "promise", process: "opening", start: [EventMatcher("accepted")],
    stop: [EventMatcher("completed"), EventMatcher("rejected"), EventMatcher("notice_ended")],
    cancel: [EventMatcher("withdrawn")], pause: ShippedPolicy.pauses, calendar: "office", versions: [])

  /// An office that promises so much from 2000 on.
  init(
    _ limit: Limit = .workingDays(2), floor: Limit? = nil, dayEnd: CommitmentVersion.DayEnd = .close,
    rollForward: Bool = false, startRule: CommitmentVersion.StartRule = .asIs,
    closures: CommitmentVersion.ClosureRule = .pause, grace: Int64 = 0, levels: [Level] = []
  ) {
    commitment.levels = levels
    commitment.versions = [
      CommitmentVersion(
        from: CivilDate(year: 2000, month: 1, day: 1), limit: limit, floor: floor, dayEnd: dayEnd,
        rollForward: rollForward, startRule: startRule, closures: closures, grace: grace)
    ]
  }

  // MARK: - Times

  /// The instant of a time as the office writes it.
  func at(_ text: String) -> Instant {
    if let instant = Instant(rfc3339: text) { return instant }
    var text = text
    if text.utf8.count < 16 || !text.hasPrefix("20") { text = "2026-" + text }
    let local = Array(text.utf8).withUnsafeBufferPointer { LocalTime.parse(isoPrefix: $0)?.0 }
    return zone.instant(local ?? LocalTime(microseconds: 0))
  }

  /// An instant as the office writes it.
  func text(_ instant: Instant?) -> String? {
    guard let instant else { return nil }
    let local = zone.local(instant)
    var text = local.description
    if text.hasPrefix("2026-") { text.removeFirst(5) }
    if text.hasSuffix(":00") { text.removeLast(3) }
    return text.replacing("T", with: " ")
  }

  /// The same office with a closure.
  func closed(_ from: String, _ to: String?) -> TestOffice {
    var office = self
    office.calendar.closures.append(Closure(from: at(from), to: to.map(at), name: "typhoon"))
    return office
  }

  /// The same office with days that differ from the week.
  func with(holidays: [String] = [], makeup: [String] = []) -> TestOffice {
    var office = self
    for (texts, kind) in [(holidays, DayOverride.Kind.holiday), (makeup, .makeupWorkday)] {
      for text in texts {
        office.calendar.days.append(
          DayOverride(date: ShippedPolicy.date("2026-" + text), kind: kind, name: text))
      }
    }
    return office
  }

  // MARK: - Reckoning

  /// The calendar made ready; the same definition is compiled once, for a table of a century takes its time.
  func compiled() throws -> WorkCalendar {
    try CompiledCalendars.shared.calendar(calendar, zone)
  }

  /// A clock without events.
  func reckon(
    _ start: String, pauses: [(String, String?)] = [], extendedDays: Int = 0, stoppedAt: String? = nil
  ) throws -> Reckoner {
    let version = try require(commitment.versions.first)
    return Reckoner(
      version: version, calendar: try compiled(), start: at(start),
      pauses: pauses.map { PauseSpan(from: at($0.0), to: $0.1.map(at)) }, extendedDays: extendedDays,
      stoppedAt: stoppedAt.map(at))
  }

  /// The clocks of a case told as a story, one event a line; see `Event.init(story:at:)`.
  func clocks(_ story: String, asOf now: String = "12-31 00:00") throws -> [Clock] {
    CaseFold(events: events(story), rulebook: try rulebook()).clocks(asOf: at(now))
  }

  /// The only clock of a story.
  func clock(_ story: String, asOf now: String = "12-31 00:00") throws -> Clock {
    try require(try clocks(story, asOf: now).first)
  }

  /// The events of a story.
  func events(_ story: String) -> [Event] {
    story.split(separator: "\n").enumerated().compactMap { Event(story: $1, number: $0 + 1, office: self) }
  }

  /// The rules of the office.
  func rulebook() throws -> Rulebook {
    try CompiledCalendars.shared.rulebook(commitment, [calendar] + layers, zone)
  }

  /// The levels that a clock reached: `yellow/1 09-08 17:30`.
  func reached(_ clock: Clock) -> [String] {
    clock.reached.map { "\($0.level)/\($0.revision) \(text($0.at) ?? "")" }
  }
}

/// What is missing where a test needs it.
struct Missing: Error {}

/// The value, or an error: `#require` for code that is not in a test itself.
func require<T>(_ value: T?) throws -> T {
  guard let value else { throw Missing() }
  return value
}
