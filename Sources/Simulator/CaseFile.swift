import ServiceTime

/// The file of one case while its story is told: what has been recorded so far, in the order of telling.
struct CaseFile {
  /// Whom and what every event of the case speaks of.
  struct Subject {
    var process: String
    var applicant: Applicant
    var place: Place
    var tags: [String]?
  }

  let caseID: Identifier
  let source: Identifier
  let subject: Subject
  /// Case number within the simulation, from 1; event ids begin with it.
  let number: Int
  var random: RandomStream
  /// Whether the system names process and region on the first event only.
  private let isTerse: Bool
  private(set) var events: [Event] = []

  init(
    caseID: Identifier, source: Identifier, number: Int, subject: Subject, random: RandomStream
  ) {
    self.caseID = caseID
    self.source = source
    self.number = number
    self.subject = subject
    self.random = random
    isTerse = self.random.chance(250)
    events.reserveCapacity(18)
  }

  /// The first event's time; no event of the case is earlier.
  var opened: Instant { events.first?.occurredAt ?? .earliest }

  /// Records the arrival of an application, with all that is known of the applicant.
  mutating func submit(_ submission: Submission, knowsCreditCode: Bool) {
    var event = event(.submitted, at: submission.at)
    event.process = subject.process
    event.region = subject.place.region
    event.grid = subject.place.grid
    event.channel = submission.channel.name
    if submission.channel == .window { event.serviceWindow = subject.place.window }
    event.entityName = subject.applicant.name
    event.entityType = subject.applicant.type.name
    event.tags = subject.tags
    if knowsCreditCode { event.uscc = subject.applicant.creditCode }
    events.append(event)
  }

  /// Records an event and returns its place in the file.
  @discardableResult
  mutating func record(
    _ type: ServiceTime.EventType, at instant: Instant, step: String? = nil, channel: Channel? = nil
  ) -> Int {
    var event = event(type, at: instant)
    if !isTerse {
      event.process = subject.process
      event.region = subject.place.region
    }
    event.step = step
    event.channel = channel?.name
    events.append(event)
    return events.count - 1
  }

  /// Adds the credit code to an event: the licence carries it.
  mutating func addCreditCode(to index: Int) { events[index].uscc = subject.applicant.creditCode }

  /// Records that a window accepted the case.
  mutating func addWindow(to index: Int) { events[index].serviceWindow = subject.place.window }

  /// Records an extension of the limit.
  mutating func extend(by days: Int, at instant: Instant) {
    let index = record(.extended, at: instant)
    events[index].extendDays = Int32(clamping: days)
  }

  /// Records that an event of the file never happened, and returns the void's own place.
  @discardableResult
  mutating func void(_ index: Int, at instant: Instant) -> Int {
    var event = event(.voided, at: max(instant, opened))
    event.voids = events[index].eventID
    events.append(event)
    return events.count - 1
  }

  /// The events before an instant, by occurred_at; those of one instant are numbered as they were told.
  func delivered(before end: Instant) -> [Event] {
    var order = events.indices.filter { events[$0].occurredAt < end }
    order.sort { (events[$0].occurredAt, $0) < (events[$1].occurredAt, $1) }
    var result: [Event] = []
    result.reserveCapacity(order.count)
    for index in order {
      var event = events[index]
      if event.type == .voided, !order.contains(where: { events[$0].eventID == event.voids }) { continue }
      if let last = result.last, last.occurredAt == event.occurredAt {
        if last.sequence == nil { result[result.count - 1].sequence = 1 }
        event.sequence = (last.sequence ?? 1) + 1
      }
      result.append(event)
    }
    return result
  }

  private func event(_ type: ServiceTime.EventType, at instant: Instant) -> Event {
    Event(
      caseID: caseID, source: source, eventID: Identifier(eventID(events.count + 1)), type: type,
      occurredAt: instant)
  }

  private func eventID(_ count: Int) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(15)
    DecimalDigits.append(number, width: 6, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    DecimalDigits.append(count, width: 2, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
