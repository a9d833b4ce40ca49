/// A promise (承诺): which events start, stop, pause and cancel its clock, its limit, its levels.
public struct Commitment: Sendable, Equatable {
  /// Name by which clocks refer to it.
  public var id: String
  /// The process whose cases it applies to.
  public var process: String
  /// Titles by language (`en`, `zh`).
  public var title: [String: String]
  /// Only cases that match every named attribute; an unknown attribute does not match.
  public var appliesTo: CaseScope
  /// Not cases that match every named attribute; an unknown attribute does not match, so does not exclude.
  public var excludes: CaseScope
  /// Events that start a clock.
  public var start: [EventMatcher]
  /// Events that stop it.
  public var stop: [EventMatcher]
  /// Events that cancel it.
  public var cancel: [EventMatcher]
  /// Kinds of pause, each a pausing and a resuming event.
  public var pause: [PauseKind]
  /// The calendar's id; a layer of it may apply by region.
  public var calendar: String
  /// Dated versions, ascending by `from`.
  public var versions: [CommitmentVersion]
  /// Named levels, in the policy's order.
  public var levels: [Level]
  /// Types of the clock's own stop after which `reopened` lets it run on; nil is the default
  /// (`completed` and `rejected`, for versions without a floor).
  public var reopen: [String]?

  /// A commitment; arguments as the properties.
  public init(
    id: String, process: String, title: [String: String] = [:], appliesTo: CaseScope = CaseScope(),
    excludes: CaseScope = CaseScope(), start: [EventMatcher], stop: [EventMatcher],
    cancel: [EventMatcher] = [], pause: [PauseKind] = [], calendar: String,
    versions: [CommitmentVersion], levels: [Level] = [], reopen: [String]? = nil
  ) {
    self.id = id
    self.process = process
    self.title = title
    self.appliesTo = appliesTo
    self.excludes = excludes
    self.start = start
    self.stop = stop
    self.cancel = cancel
    self.pause = pause
    self.calendar = calendar
    self.versions = versions.sorted { $0.from < $1.from }
    self.levels = levels
    self.reopen = reopen
  }

  /// The version in force on a date, if any.
  public func version(on date: CivilDate) -> CommitmentVersion? { versions.last { $0.from <= date } }
}

/// Attributes of a case that a commitment or a share names; empty lists name nothing.
public struct CaseScope: Sendable, Equatable {
  /// Prefixes of region codes; one must match.
  public var regionPrefixes: [String]
  /// Entity types; one must match.
  public var entityTypes: [String]
  /// Channels; one must match.
  public var channels: [String]
  /// Tags; the case must have one.
  public var tags: [String]

  /// A scope; without arguments it names nothing.
  public init(
    regionPrefixes: [String] = [], entityTypes: [String] = [], channels: [String] = [], tags: [String] = []
  ) {
    self.regionPrefixes = regionPrefixes
    self.entityTypes = entityTypes
    self.channels = channels
    self.tags = tags
  }

  /// Whether the scope names nothing.
  public var isEmpty: Bool {
    regionPrefixes.isEmpty && entityTypes.isEmpty && channels.isEmpty && tags.isEmpty
  }
}

/// Matches events by type, or by type and step.
public struct EventMatcher: Sendable, Hashable, CustomStringConvertible {
  /// The type.
  public var type: EventType
  /// The step; nil matches whatever the step.
  public var step: String?

  /// A matcher for a type, or a type and step.
  public init(type: EventType, step: String? = nil) {
    self.type = type
    self.step = step
  }

  /// A matcher from `type` or `type:step`.
  public init(_ text: String) {
    if let colon = text.firstIndex(of: ":") {
      self.init(type: EventType(String(text[..<colon])), step: String(text[text.index(after: colon)...]))
    } else {
      self.init(type: EventType(text))
    }
  }

  /// Whether an event matches.
  public func matches(_ event: Event) -> Bool {
    guard type.rank == event.rank, type.isKnown || type == event.type else { return false }
    return step == nil || step.sameBytes(event.step)
  }

  /// `type` or `type:step`.
  public var description: String { step.map { "\(type):\($0)" } ?? type.name }
}

/// A kind of pause: what begins it and what ends it.
public struct PauseKind: Sendable, Hashable {
  /// The event that pauses the clock.
  public var begin: EventMatcher
  /// The event that lets it run on.
  public var end: EventMatcher
  /// A kind of pause.
  public init(begin: EventMatcher, end: EventMatcher) {
    self.begin = begin
    self.end = end
  }
}

/// How long a promise allows.
public enum Limit: Sendable, Hashable {
  /// Worked days; 0 is the start date itself, or the next worked day.
  case workingDays(Int)
  /// Calendar days, at least 1.
  case calendarDays(Int)
  /// Office time in microseconds, more than 0.
  case workingHours(Int64)

  /// The unit's name in policies: `working_days`, `calendar_days`, `working_hours`.
  public var unit: String {
    switch self {
    case .workingDays: "working_days"
    case .calendarDays: "calendar_days"
    case .workingHours: "working_hours"
    }
  }
}

extension Limit: CustomStringConvertible {
  /// As policies write it: `2 working_days`, `7 calendar_days`, `1h30m working_hours`.
  public var description: String {
    switch self {
    case .workingDays(let days): "\(days) working_days"
    case .calendarDays(let days): "\(days) calendar_days"
    case .workingHours(let time):
      time % 3_600_000_000 == 0
        ? "\(time / 3_600_000_000) working_hours"
        : "\(time / 3_600_000_000)h\(Digits.pad(time / 60_000_000 % 60, 2))m"
          + (time % 60_000_000 == 0 ? "" : "\(Digits.pad(time / 1_000_000 % 60, 2))s") + " working_hours"
    }
  }
}

/// A named instant relative to the due time.
public struct Level: Sendable, Equatable {
  /// Where the level lies.
  public enum Position: Sendable, Hashable {
    /// At the due time.
    case due
    /// `-k` days before: end(D(N−k)), in the limit's own unit.
    case daysBefore(Int)
    /// `+k` days: the end of the k-th counted day after the due day.
    case daysAfter(Int)
    /// Office time in microseconds: the instant at which the limit plus it has run; negative before due.
    case officeTime(Int64)
    /// Plain time from due in microseconds; negative before.
    case plain(Int64)
    /// The share of the office time from the start to due, in hundredths of a percent (9,000 is 90 %).
    case share(Int64)
  }
  /// How loudly the log says it, with syslog's numbers.
  public enum Priority: String, Sendable, CaseIterable {
    case emergency, alert, critical, error, warning, notice, info, debug
  }
  /// Whom it is for, by their height in the service grid.
  public enum Addressee: String, Sendable, CaseIterable {
    /// The service window that has the case.
    case window
    /// The community or village (社区、村).
    case community
    /// The town or street (乡镇、街道).
    case town
    /// The city or county (市、县、区).
    case city

    /// How many digits the region codes of this height have (GB/T 2260, GB/T 10114); nil for the window, which is
    /// where the case is.
    public var regionDigits: Int? {
      switch self {
      case .window: nil
      case .community: 12
      case .town: 9
      case .city: 6
      }
    }

    /// The region at this height that a case's region lies in; as much as is known of it where that is higher.
    public func region(of code: String) -> String { regionDigits.map { String(code.prefix($0)) } ?? code }
  }
  /// Name, unique within the commitment: `yellow`, `red`, `escalated`, …
  public var name: String
  /// Where it lies.
  public var position: Position
  /// How loudly the log says it.
  public var priority: Priority
  /// Whom it is for; nil says nothing of that.
  public var notify: Addressee?

  /// A level.
  public init(name: String, position: Position, priority: Priority = .warning, notify: Addressee? = nil) {
    self.name = name
    self.position = position
    self.priority = priority
    self.notify = notify
  }
}

/// A commitment to a share: of the events of a population, at least a target part counts.
public struct ShareCommitment: Sendable, Equatable {
  /// Its name.
  public var id: String
  /// The process of the cases.
  public var process: String
  /// Titles by language.
  public var title: [String: String]
  /// The events that make up the population.
  public var population: [EventMatcher]
  /// Which of them count; each event by its own channel.
  public var counted: CaseScope
  /// The least share.
  public var target: ShareTarget
  /// Over what time.
  public var period: Period

  /// A share commitment; arguments as the properties.
  public init(
    id: String, process: String, title: [String: String] = [:], population: [EventMatcher],
    counted: CaseScope, target: ShareTarget, period: Period
  ) {
    self.id = id
    self.process = process
    self.title = title
    self.population = population
    self.counted = counted
    self.target = target
    self.period = period
  }
}

/// All promises in force: commitments, shares and the tags that reports tell apart.
public struct Policy: Sendable, Equatable {
  /// Promises of time, in the policy's order.
  public var commitments: [Commitment]
  /// Promises of a share.
  public var shares: [ShareCommitment]
  /// Tags that reports tell apart; a case is reported under the first it has.
  public var reportTags: [String]
  /// The regions by whose names reports call them, each code once.
  public var regions: [Region]

  /// A policy.
  public init(
    commitments: [Commitment], shares: [ShareCommitment] = [], reportTags: [String] = [], regions: [Region] = []
  ) {
    self.commitments = commitments
    self.shares = shares
    self.reportTags = reportTags
    self.regions = regions
  }

  /// The names of all processes of the policy.
  public var processes: Set<String> { Set(commitments.map(\.process)).union(shares.map(\.process)) }
}
