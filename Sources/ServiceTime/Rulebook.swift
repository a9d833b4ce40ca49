/// The policy with its calendars, made ready for the fold.
public final class Rulebook: Sendable {
  /// The policy.
  public let policy: Policy
  /// Calendars by id.
  public let calendars: [String: WorkCalendar]
  /// Layers by the id of the calendar that commitments name, longest region prefix first.
  private let layers: [String: [Layer]]
  /// What judges the cases of each process.
  private let byProcess: [String: ProcessRules]
  /// The calendar of each share of the policy, in its order: by it events belong to dates.
  public let shareCalendars: [WorkCalendar]
  /// The population of each share.
  let populations: [EventSet]

  /// A layer of a calendar, for the regions whose codes begin so.
  typealias Layer = (prefix: String, calendar: WorkCalendar)

  /// What judges the cases of one process.
  final class ProcessRules: Sendable {
    /// Its commitments, in the policy's order.
    let commitments: [CompiledCommitment]
    /// Its shares, by their place in the policy.
    let shares: [Int]
    /// The ranks of the events of their populations.
    let populations: RankSet

    fileprivate init(_ commitments: [CompiledCommitment], _ shares: [Int], _ populations: [EventSet]) {
      self.commitments = commitments
      self.shares = shares
      self.populations = shares.reduce(RankSet()) { $0.union(populations[$1].ranks) }
    }
  }

  /// What makes a rulebook impossible.
  public enum Fault: Error, Equatable, CustomStringConvertible {
    case unknownCalendar(String, named: String)
    case circularCalendar(String)
    case unknownZone(String, calendar: String)
    case incompleteCalendar(String)
    case noCalendar(share: String)

    public var description: String {
      switch self {
      case .unknownCalendar(let by, let named): "\(by) names the calendar \(named), which is not defined"
      case .circularCalendar(let id): "the calendar \(id) is built on itself; name another base"
      case .unknownZone(let zone, let calendar):
        "the calendar \(calendar) names the time zone \(zone), which this system does not have"
      case .incompleteCalendar(let id): "the calendar \(id) needs time_zone, week and hours, or a base with them"
      case .noCalendar(let share): "the share \(share) has no calendar to take days by; define one"
      }
    }
  }

  /// Compiles a policy with its calendars; `zones` holds the table of every zone they name.
  public init(
    policy: Policy, calendars definitions: [CalendarDefinition], zones: [String: TimeZoneTable]
  ) throws(Fault) {
    let byID = Dictionary(definitions.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    var compiled: [String: WorkCalendar] = [:]
    func compile(_ id: String, by: String, under: Set<String>) throws(Fault) -> WorkCalendar {
      if let done = compiled[id] { return done }
      guard let definition = byID[id] else { throw .unknownCalendar(by, named: id) }
      guard !under.contains(id) else { throw .circularCalendar(id) }
      var base: WorkCalendar?
      if let name = definition.base { base = try compile(name, by: id, under: under.union([id])) }
      var zone: TimeZoneTable?
      if let name = definition.timeZone {
        zone = zones[name]
        if zone == nil { throw .unknownZone(name, calendar: id) }
      }
      guard let calendar = WorkCalendar(definition, over: base, zone: zone) else {
        throw .incompleteCalendar(id)
      }
      compiled[id] = calendar
      return calendar
    }
    for definition in definitions { _ = try compile(definition.id, by: definition.id, under: []) }
    var layers: [String: [Layer]] = [:]
    for definition in definitions where !definition.regions.isEmpty {
      guard let calendar = compiled[definition.id] else { continue }
      // A layer counts for every calendar below it, so that a county's layer also serves where the city's is named.
      var below = definition.base
      while let id = below {
        for prefix in definition.regions { layers[id, default: []].append((prefix, calendar)) }
        below = byID[id]?.base
      }
    }
    for key in layers.keys { layers[key]?.sort { $0.prefix.utf8.count > $1.prefix.utf8.count } }
    var commitments: [String: [CompiledCommitment]] = [:]
    for commitment in policy.commitments {
      guard let calendar = compiled[commitment.calendar] else {
        throw .unknownCalendar(commitment.id, named: commitment.calendar)
      }
      commitments[commitment.process, default: []].append(
        CompiledCommitment(commitment, calendar: calendar, layers: layers[commitment.calendar] ?? []))
    }
    self.policy = policy
    self.calendars = compiled
    self.layers = layers
    var shareCalendars: [WorkCalendar] = []
    var shares: [String: [Int]] = [:]
    for (index, share) in policy.shares.enumerated() {
      // A process without a promise of time goes by the office's first calendar.
      let name =
        commitments[share.process]?.first?.commitment.calendar
        ?? policy.commitments.first?.calendar ?? definitions.first?.id
      guard let calendar = name.flatMap({ compiled[$0] }) else { throw .noCalendar(share: share.id) }
      shareCalendars.append(calendar)
      shares[share.process, default: []].append(index)
    }
    self.shareCalendars = shareCalendars
    let populations = policy.shares.map { EventSet($0.population) }
    self.populations = populations
    byProcess = Dictionary(
      uniqueKeysWithValues: Set(commitments.keys).union(shares.keys).map { process in
        (process, ProcessRules(commitments[process] ?? [], shares[process] ?? [], populations))
      })
  }

  /// The calendar that counts a case: the layer with the longest matching region prefix, or the one named.
  public func calendar(_ id: String, region: String?) -> WorkCalendar? {
    if let region, let candidates = layers[id],
      let layer = candidates.first(where: { region.hasPrefix($0.prefix) })
    {
      return layer.calendar
    }
    return calendars[id]
  }

  /// The calendar by which a process is reported: that of its first commitment.
  public func mainCalendar(process: String) -> WorkCalendar? {
    byProcess[process]?.commitments.first.flatMap { calendars[$0.commitment.calendar] }
  }

  /// What judges the cases of a process; nil if the policy says nothing of it.
  func rules(of process: String?) -> ProcessRules? { process.flatMap { byProcess[$0] } }

  /// The tag under which a case is reported: the first report tag that it has.
  public func reportTag(_ tags: [String]?) -> String? {
    guard let tags, !tags.isEmpty else { return nil }
    return policy.reportTags.first { tag in tags.contains { $0.sameBytes(tag) } }
  }
}

extension Rulebook.ProcessRules {
  /// The clocks to be of a case of such attributes: one track for each commitment that applies, in the policy's order.
  func tracks(for attributes: CaseAttributes) -> [ClockTrack] {
    var tracks: [ClockTrack] = []
    tracks.reserveCapacity(commitments.count)
    for rules in commitments where rules.applies(to: attributes) {
      tracks.append(ClockTrack(rules: rules, calendar: rules.calendar(region: attributes.region)))
    }
    return tracks
  }
}
