/// The policy with its calendars, made ready for the fold.
public final class Rulebook: Sendable {
  /// The policy.
  public let policy: Policy
  /// Its commitments, in its order.
  private let commitments: [CompiledCommitment]
  /// Calendars by id.
  public let calendars: [String: WorkCalendar]
  /// Layers by the id of the calendar that commitments name, longest region prefix first.
  private let layers: [String: [(prefix: String, calendar: WorkCalendar)]]
  /// Indexes of commitments by process.
  private let byProcess: [String: [Int]]
  /// The calendar of each share of the policy, in its order: by it events belong to dates.
  public let shareCalendars: [WorkCalendar]
  /// Indexes of shares by process.
  private let sharesByProcess: [String: [Int]]

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
    var layers: [String: [(prefix: String, calendar: WorkCalendar)]] = [:]
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
    var byProcess: [String: [Int]] = [:]
    for (index, commitment) in policy.commitments.enumerated() {
      guard compiled[commitment.calendar] != nil else {
        throw .unknownCalendar(commitment.id, named: commitment.calendar)
      }
      byProcess[commitment.process, default: []].append(index)
    }
    self.policy = policy
    commitments = policy.commitments.enumerated().map { CompiledCommitment($0.element, index: $0.offset) }
    self.calendars = compiled
    self.layers = layers
    self.byProcess = byProcess
    var shareCalendars: [WorkCalendar] = []
    var sharesByProcess: [String: [Int]] = [:]
    for (index, share) in policy.shares.enumerated() {
      // A process without a promise of time goes by the office's first calendar.
      let name =
        byProcess[share.process]?.first.map { policy.commitments[$0].calendar }
        ?? policy.commitments.first?.calendar ?? definitions.first?.id
      guard let calendar = name.flatMap({ compiled[$0] }) else { throw .noCalendar(share: share.id) }
      shareCalendars.append(calendar)
      sharesByProcess[share.process, default: []].append(index)
    }
    self.shareCalendars = shareCalendars
    self.sharesByProcess = sharesByProcess
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
    byProcess[process]?.first.flatMap { calendars[policy.commitments[$0].calendar] }
  }

  /// The shares, by their place in the policy, to which cases of a process belong.
  func shares(of process: String?) -> [Int] {
    guard !sharesByProcess.isEmpty, let process else { return [] }
    return sharesByProcess[process] ?? []
  }

  /// The tag under which a case is reported: the first report tag that it has.
  public func reportTag(_ tags: [String]?) -> String? {
    guard let tags, !tags.isEmpty else { return nil }
    return policy.reportTags.first { tag in tags.contains { $0.sameBytes(tag) } }
  }

  /// A commitment that applies to a case, and the calendar that counts it.
  struct Applied: Equatable {
    var rules: CompiledCommitment
    var calendar: WorkCalendar
    static func == (a: Applied, b: Applied) -> Bool { a.rules === b.rules && a.calendar === b.calendar }
  }

  /// The commitments that apply to a case, in the policy's order, each with the calendar that counts it.
  func applied(to attributes: CaseAttributes) -> [Applied] {
    guard let process = attributes.process, let indexes = byProcess[process] else { return [] }
    var applied: [Applied] = []
    applied.reserveCapacity(indexes.count)
    for index in indexes {
      let rules = commitments[index]
      guard rules.applies(to: attributes),
        let calendar = calendar(rules.commitment.calendar, region: attributes.region)
      else { continue }
      applied.append(Applied(rules: rules, calendar: calendar))
    }
    return applied
  }
}
