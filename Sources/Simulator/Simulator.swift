import ServiceTime

/// Realistic cases of a service office, one after another, for the demo, the tests and the benchmarks.
///
/// Nothing but the arguments decides what comes: the same arguments give the same events on every machine. Cases
/// come in order of their first event; the events of a case in order of occurred_at. No event is later than the
/// last date: what is not finished by then stays open.
///
/// ```swift
/// var simulator = Simulator(seed: 7, cases: 2_000, from: first, to: last, calendar: calendar)
/// while let events = simulator.nextCase() { … }
/// ```
public struct Simulator: Sendable {
  private let seed: UInt64
  private let scenario: Scenario
  private let office: Office
  /// The instant after the last date.
  private let end: Instant
  /// Tells the cases of one simulation from those of another with other arguments.
  private let mark: String
  private var schedule: CaseSchedule
  private var number = 0

  /// A simulation of `cases` cases that start on the dates `from` … `to` (both included).
  ///
  /// - Parameters:
  ///   - seed: any number; another gives other cases.
  ///   - from: the first date on which cases start, in the calendar's zone.
  ///   - to: the last date of any event; `scenario.lastStart` may end the starts earlier.
  ///   - calendar: the days and hours that the office works.
  ///   - scenario: what is simulated and how often.
  public init(
    seed: UInt64, cases: Int, from: CivilDate, to: CivilDate, calendar: WorkCalendar, scenario: Scenario = .usual
  ) {
    self.seed = seed
    self.scenario = scenario
    office = Office(calendar: calendar, promises: scenario.promises)
    end = calendar.midnight(to + 1)
    mark = Simulator.mark(
      of: [seed, UInt64(bitPattern: Int64(cases))] + [from, to].map { UInt64(bitPattern: $0.dayNumber64) })
    schedule = CaseSchedule(
      office: office, from: from, to: min(scenario.lastStart ?? to, to), cases: cases,
      random: RandomStream(seed: seed, stream: 0))
  }

  /// The events of the next case by occurred_at, never none; nil after the last case.
  public mutating func nextCase() -> [Event]? {
    guard let submission = schedule.next() else { return nil }
    number += 1
    var random = RandomStream(seed: seed, stream: UInt64(number))
    let isDeregistration = random.chance(scenario.deregistrations)
    let type = entityType(isDeregistration: isDeregistration, &random)
    let place = Place(&random)
    let isAssisted = type == .enterprise && !isDeregistration && random.chance(scenario.assisted)
    let subject = CaseFile.Subject(
      process: isDeregistration ? "deregistration" : "opening", applicant: Applicant(type, in: place, &random),
      place: place, tags: isAssisted ? ["assisted"] : nil)
    let file = CaseFile(
      caseID: caseID(submission, isDeregistration: isDeregistration), source: scenario.source, number: number,
      subject: subject, random: random)
    if isDeregistration {
      var story = DeregistrationStory(file: file, office: office, scenario: scenario)
      story.tell(from: submission)
      return story.file.close(before: end)
    }
    var story = OpeningStory(file: file, office: office, scenario: scenario)
    story.tell(from: submission)
    return story.file.close(before: end)
  }

  private func entityType(isDeregistration: Bool, _ random: inout RandomStream) -> EntityType {
    let weights = isDeregistration ? [48, 46, 6] : [42, 54, 4]
    return [.enterprise, .individual, .cooperative][random.weighted(weights)]
  }

  /// `KB20260105-7F3A2-000012`: opening (开办) or deregistration (注销), date, simulation, number.
  private func caseID(_ submission: Submission, isDeregistration: Bool) -> Identifier {
    let (year, month, day) = office.calendar.date(of: submission.at).fields
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24)
    bytes.append(contentsOf: (isDeregistration ? "ZX" : "KB").utf8)
    DecimalDigits.append(year, width: 4, to: &bytes)
    DecimalDigits.append(month, width: 2, to: &bytes)
    DecimalDigits.append(day, width: 2, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    bytes.append(contentsOf: mark.utf8)
    bytes.append(UInt8(ascii: "-"))
    DecimalDigits.append(number, width: 6, to: &bytes)
    return Identifier(String(decoding: bytes, as: UTF8.self))
  }

  private static func mark(of arguments: [UInt64]) -> String {
    var mixed = arguments.reduce(UInt64(0)) { RandomStream.mixed(($0 ^ $1) &+ 0x9e37_79b9_7f4a_7c15) }
    let digits = Array("23456789ABCDEFGHJKLMNPQRTUWXY".utf8)
    var bytes: [UInt8] = []
    for _ in 0..<5 {
      bytes.append(digits[Int(mixed % UInt64(digits.count))])
      mixed /= UInt64(digits.count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
