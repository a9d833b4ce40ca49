/// One commitment applied to one case, by round: what is true of it as of an instant.
public struct Clock: Sendable, Equatable {
  /// Whether a clock runs.
  public enum State: String, Sendable {
    case running, paused, stopped, cancelled
  }

  /// The commitment's id.
  public var commitment: String
  /// 1, 2, …: after a cancel or a rejection a new start is a new round.
  public var round: Int
  /// The first date of the version that judges it.
  public var versionFrom: CivilDate
  /// The id of the calendar that counts it.
  public var calendar: String
  /// t0.
  public var startedAt: Instant
  /// The event that started it.
  public var startedBy: EventKey
  /// Due; nil while unknown and for cancelled clocks.
  public var dueAt: Instant?
  /// The day due falls on, before grace.
  public var dueDay: CivilDate?
  /// Whether due rests on a day the calendar is not published for.
  public var provisional: Bool
  /// Running, paused, stopped or cancelled.
  public var state: State
  /// When it stopped or was cancelled.
  public var stoppedAt: Instant?
  /// The local date on which it stopped or was cancelled.
  public var stoppedDay: CivilDate?
  /// Type of the event that stopped or cancelled it.
  public var outcome: String?
  /// Of a stopped clock.
  public var verdict: Verdict?
  /// Of a cancelled clock: whether it was already past due.
  public var breached: Bool
  /// At the end, or, of an open clock, at `markAt`.
  public var measures: Measures
  /// Of a late clock; of an open one that is past due, at `markAt`.
  public var overrun: Overrun?
  /// Of a clock that is on time: whether it stopped on a date before the due day.
  public var early: Bool
  /// The instant for which `measures` stand: the end, or the last at which the clock's way changed.
  public var markAt: Instant
  /// The local date of `markAt`, or the date from which days are counted where that is later.
  public var markDay: CivilDate
  /// Pauses by events, as they were told.
  public var pauses: [ClockPause]
  /// Counted days or office days that extensions added.
  public var extendedDays: Int
  /// Levels reached, by instant.
  public var reached: [LevelReach]
  /// Levels to be reached if nothing else happens, by instant.
  public var pending: [LevelReach]

  /// Whether it is running or paused.
  public var isOpen: Bool { state == .running || state == .paused }
}

/// The identity of an event within its case.
public struct EventKey: Hashable, Sendable {
  /// The system it comes from.
  public var source: Identifier
  /// Its id.
  public var eventID: Identifier
  /// The key of an event.
  public init(source: Identifier, eventID: Identifier) {
    self.source = source
    self.eventID = eventID
  }
}

/// A pause of a clock by events.
public struct ClockPause: Sendable, Equatable {
  /// The type of the event that began it; `reopened` for the time between a stop and a reopening.
  public var kind: String
  /// Its beginning.
  public var from: Instant
  /// Its end; nil while it lasts.
  public var to: Instant?

  /// A pause as it was told; arguments as the properties.
  public init(kind: String, from: Instant, to: Instant?) {
    self.kind = kind
    self.from = from
    self.to = to
  }
}

/// A clock's arrival at a level.
public struct LevelReach: Sendable, Equatable {
  /// The level's name.
  public var level: String
  /// Its priority in the log.
  public var priority: Level.Priority
  /// 1, 2, …: reached again, of a later instant.
  public var revision: Int
  /// x: the first instant at which the clock was open, its due time known and the level's instant passed.
  public var at: Instant
  /// Due as it was then.
  public var dueAt: Instant

  /// An arrival; arguments as the properties.
  public init(level: String, priority: Level.Priority, revision: Int, at: Instant, dueAt: Instant) {
    self.level = level
    self.priority = priority
    self.revision = revision
    self.at = at
    self.dueAt = dueAt
  }
}

/// What is known of a case, from its events.
public struct CaseAttributes: Sendable, Equatable {
  /// The latest process named.
  public var process: String?
  /// The latest region.
  public var region: String?
  /// The latest grid.
  public var grid: String?
  /// The first service window.
  public var serviceWindow: String?
  /// The first channel.
  public var channel: String?
  /// The latest name.
  public var entityName: String?
  /// The latest entity type.
  public var entityType: String?
  /// The latest credit code.
  public var uscc: String?
  /// The latest tags.
  public var tags: [String]?

  /// Attributes of a case of which nothing is known.
  public init() {}

  /// Takes what all events of a case say, in event order, while nothing is known yet.
  mutating func takeAll(_ events: [Event]) {
    for event in events {
      if serviceWindow == nil { serviceWindow = event.serviceWindow }
      if channel == nil { channel = event.channel }
    }
    for event in events.reversed() {
      if process == nil { process = event.process }
      if region == nil { region = event.region }
      if grid == nil { grid = event.grid }
      if entityName == nil { entityName = event.entityName }
      if entityType == nil { entityType = event.entityType }
      if uscc == nil { uscc = event.uscc }
      if tags == nil { tags = event.tags }
    }
  }

  /// Whether an event says anything by which other commitments or calendars may apply.
  func decideOtherwise(with event: Event) -> Bool {
    func isOther(_ new: String?, _ old: String?) -> Bool { new != nil && !new.sameBytes(old) }
    return isOther(event.process, process) || isOther(event.region, region)
      || isOther(event.entityType, entityType) || channel == nil && event.channel != nil || event.tags != nil
  }

  /// Takes what an event says: the latest value; of channel and service window the first.
  mutating func take(_ event: Event) {
    if let value = event.process { process = value }
    if let value = event.region { region = value }
    if let value = event.grid { grid = value }
    if serviceWindow == nil { serviceWindow = event.serviceWindow }
    if channel == nil { channel = event.channel }
    if let value = event.entityName { entityName = value }
    if let value = event.entityType { entityType = value }
    if let value = event.uscc { uscc = value }
    if let value = event.tags { tags = value }
  }
}

extension CaseScope {
  /// Whether every named attribute matches; an unknown one does not.
  public func matches(_ a: CaseAttributes) -> Bool {
    func one(_ allowed: [String], _ value: String?) -> Bool {
      guard !allowed.isEmpty else { return true }
      guard let value else { return false }
      return allowed.contains { $0.sameBytes(value) }
    }
    if !regionPrefixes.isEmpty {
      guard let region = a.region, regionPrefixes.contains(where: { region.hasPrefix($0) }) else { return false }
    }
    if !tags.isEmpty {
      guard let has = a.tags, tags.contains(where: { tag in has.contains { $0.sameBytes(tag) } }) else {
        return false
      }
    }
    return one(entityTypes, a.entityType) && one(channels, a.channel)
  }
}
