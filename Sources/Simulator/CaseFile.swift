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

  /// Closes the file: the events before an instant, by occurred_at; those of one instant are numbered as they
  /// were told.
  mutating func close(before end: Instant) -> [Event] {
    sort()
    while let last = events.last, last.occurredAt >= end { events.removeLast() }
    // What comes after the end never comes, so nothing need void it.
    let told = events
    if told.contains(where: { $0.type == .voided }) {
      events.removeAll { event in event.voids != nil && !told.contains { $0.eventID == event.voids } }
    }
    for index in events.indices.dropFirst() where events[index].occurredAt == events[index - 1].occurredAt {
      let last = events[index - 1].sequence ?? 1
      events[index - 1].sequence = last
      events[index].sequence = last + 1
    }
    return events
  }

  /// Sorts by occurred_at and, within an instant, by telling; moves events rather than copying them.
  private mutating func sort() {
    var order = Array(events.indices)
    order.sort { (events[$0].occurredAt, $0) < (events[$1].occurredAt, $1) }
    for place in order.indices {
      // Where the event that belongs here has been moved to by the swaps so far.
      var from = order[place]
      while from < place { from = order[from] }
      if from != place { events.swapAt(place, from) }
    }
  }

  private func event(_ type: ServiceTime.EventType, at instant: Instant) -> Event {
    Event(
      caseID: caseID, source: source, eventID: Identifier(eventID(events.count + 1)), type: type,
      occurredAt: instant)
  }

  /// `000012-07`: short enough to need no memory of its own.
  private func eventID(_ count: Int) -> String {
    String(unsafeUninitializedCapacity: 15) { bytes in
      var at = DecimalDigits.write(number, width: 6, to: bytes, at: 0)
      bytes[at] = UInt8(ascii: "-")
      at = DecimalDigits.write(count, width: 2, to: bytes, at: at + 1)
      return at
    }
  }
}
