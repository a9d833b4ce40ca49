/// A commitment made ready for the fold, with the calendars that may count its cases.
final class CompiledCommitment: Sendable {
  /// The commitment.
  let commitment: Commitment
  /// Its levels.
  let levels: [Level]
  /// The rules of its versions, ascending by `from`.
  private let versions: [CommitmentVersion.Rules]
  /// The calendar that it names.
  private let calendar: WorkCalendar
  /// Layers over that calendar, longest region prefix first.
  private let layers: [Rulebook.Layer]

  let start: EventSet
  let stop: EventSet
  let cancel: EventSet
  /// What begins and what ends a pause, by kind.
  let pauses: [(begin: EventSet, end: EventSet)]
  /// The ranks of all types that may mean something to its clocks.
  private let heard: RankSet
  private let pausing: RankSet
  private let appliesToAll: Bool

  init(_ commitment: Commitment, calendar: WorkCalendar, layers: [Rulebook.Layer]) {
    self.commitment = commitment
    self.calendar = calendar
    self.layers = layers
    levels = commitment.levels
    versions = commitment.versions.map(\.rules)
    start = EventSet(commitment.start)
    stop = EventSet(commitment.stop)
    cancel = EventSet(commitment.cancel)
    pauses = commitment.pause.map { (EventSet([$0.begin]), EventSet([$0.end])) }
    pausing = pauses.reduce(RankSet()) { $0.union($1.begin.ranks).union($1.end.ranks) }
    let other = RankSet([EventType.Rank.extended, EventType.Rank.reopened])
    heard = [start.ranks, stop.ranks, cancel.ranks, pausing, other].reduce(RankSet()) { $0.union($1) }
    appliesToAll = commitment.appliesTo.isEmpty && commitment.excludes.isEmpty
  }

  /// Whether it applies to a case of such attributes.
  func applies(to attributes: CaseAttributes) -> Bool {
    if appliesToAll { return true }
    guard commitment.appliesTo.isEmpty || commitment.appliesTo.matches(attributes) else { return false }
    return commitment.excludes.isEmpty || !commitment.excludes.matches(attributes)
  }

  /// The calendar that counts a case of a region: the layer with the longest matching prefix, or the one named.
  func calendar(region: String?) -> WorkCalendar {
    guard !layers.isEmpty, let region else { return calendar }
    return layers.first { region.hasPrefix($0.prefix) }?.calendar ?? calendar
  }

  /// The version in force on a date, if any.
  func version(on date: CivilDate) -> CommitmentVersion.Rules? { versions.last { $0.from <= date } }

  /// Whether an event may mean something to its clocks.
  func hears(_ event: Event) -> Bool { heard.contains(event.rank) }

  /// Whether an event begins or ends a pause.
  func pauses(_ event: Event) -> Bool {
    guard pausing.contains(event.rank) else { return false }
    for kind in pauses.indices where pauses[kind].begin.contains(event) || pauses[kind].end.contains(event) {
      return true
    }
    return false
  }
}

/// Events that any of several matchers takes, most of them told apart by the rank of their type alone.
struct EventSet: Sendable {
  /// The ranks of all of them.
  let ranks: RankSet
  /// Those ranks of which a matcher takes every event: the type is known, and no step is named.
  private let whole: RankSet
  private let matchers: [EventMatcher]

  init(_ matchers: [EventMatcher]) {
    self.matchers = matchers
    ranks = RankSet(matchers.map(\.type.rank))
    whole = RankSet(matchers.filter { $0.type.isKnown && $0.step == nil }.map(\.type.rank))
  }

  @inline(__always)
  func contains(_ event: Event) -> Bool {
    whole.contains(event.rank) || ranks.contains(event.rank) && isMatched(event)
  }

  private func isMatched(_ event: Event) -> Bool {
    for index in matchers.indices where matchers[index].matches(event) { return true }
    return false
  }
}

/// Ranks of types of events, all unknown ones as one.
struct RankSet: Sendable {
  private var bits: UInt32 = 0

  init(_ ranks: [UInt8] = []) { for rank in ranks { bits |= RankSet.bit(rank) } }

  @inline(__always)
  func contains(_ rank: UInt8) -> Bool { bits & RankSet.bit(rank) != 0 }

  func union(_ other: RankSet) -> RankSet {
    var all = self
    all.bits |= other.bits
    return all
  }

  @inline(__always)
  private static func bit(_ rank: UInt8) -> UInt32 { 1 << UInt32(min(rank, 31)) }
}
