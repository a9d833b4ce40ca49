/// A case folded from its events: its attributes and its clocks.
///
/// `CaseFold(events:rulebook:)` folds from scratch and gives the same for every order of arrival; `append` takes
/// one more event where that gives what folding from scratch would, and says so.
public struct CaseFold: Sendable {
  /// What is known of the case.
  public private(set) var attributes = CaseAttributes()
  /// The place of the last event that never-happened ones do not hide.
  public private(set) var lastOrder: EventOrder?
  /// How many events count: voids and what they void are left out.
  public private(set) var eventCount = 0
  /// The first and last occurred_at of the events that count.
  public private(set) var firstOccurredAt: Instant?
  /// The last occurred_at of the events that count.
  public private(set) var lastOccurredAt: Instant?

  /// Whether any event ever told an entity type that may be a person's, be it one that never happened: whoever was told to
  /// be a person may have been named.
  public private(set) var mayBeIndividual = false

  private var tracks: [ClockTrack] = []
  /// What judges the cases of the case's process.
  private var rules: Rulebook.ProcessRules?
  /// The ranks of events that may be of the populations of its shares.
  private var populations = RankSet()
  /// The case's events of the populations of shares, in event order.
  private var members: [ShareMember] = []
  /// What effective voids name, so that it counts as never happened if it comes later.
  private var voided: Set<EventKey> = []
  private let rulebook: Rulebook

  /// A case of which nothing is known.
  public init(rulebook: Rulebook) { self.rulebook = rulebook }

  /// Folds a case from scratch; events in any order, each id once.
  public init(events: [Event], rulebook: Rulebook) {
    self.rulebook = rulebook
    let ordered = CaseFold.ordered(events)
    lastOrder = ordered.last?.orderKey
    var counting = ordered
    if ordered.contains(where: CaseFold.isVoid) {
      voided = CaseFold.voided(ordered)
      counting = ordered.filter { !CaseFold.isVoid($0) && !isVoided($0) }
    }
    attributes.takeAll(counting)
    mayBeIndividual = ordered.contains(where: CaseFold.saysIndividual)
    rules = rulebook.rules(of: attributes.process)
    if let rules {
      tracks = rules.tracks(for: attributes)
      populations = rules.populations
    }
    for event in counting { count(event) }
  }

  /// Takes one more event and returns true, if it is later in event order than all before and neither voids nor
  /// is voided nor changes which commitments and shares apply; otherwise changes nothing and returns false.
  public mutating func append(_ event: Event) -> Bool {
    guard !CaseFold.isVoid(event), !isVoided(event) else { return false }
    if let lastOrder, event.occurredAt <= lastOrder.occurredAt, event.orderKey <= lastOrder { return false }
    if attributes.decideOtherwise(with: event) {
      var next = attributes
      next.take(event)
      let nextRules = rulebook.rules(of: next.process)
      let nextTracks = nextRules?.tracks(for: next) ?? []
      if !CaseFold.isSame(nextTracks, tracks) || nextRules?.shares ?? [] != rules?.shares ?? [] {
        guard eventCount == 0 else { return false }
        tracks = nextTracks
      }
      rules = nextRules
      populations = nextRules?.populations ?? RankSet()
    }
    attributes.take(event)
    if !mayBeIndividual { mayBeIndividual = CaseFold.saysIndividual(event) }
    lastOrder = event.orderKey
    count(event)
    return true
  }

  /// The case's clocks as of an instant, in the policy's order and by round.
  public func clocks(asOf now: Instant) -> [Clock] {
    var clocks: [Clock] = []
    clocks.reserveCapacity(tracks.count)
    // A pointer lends what an array would copy.
    tracks.withUnsafeBufferPointer { tracks in
      guard let base = tracks.baseAddress else { return }
      for index in tracks.indices { (base + index).pointee.clocks(asOf: now, to: &clocks) }
    }
    return clocks
  }

  /// What the case adds to shares, in event order.
  public var shareMarks: [ShareMark] {
    members.map { member in
      ShareMark(
        share: member.share, day: member.day,
        counted: member.counts(for: rulebook.policy.shares[member.share].counted, in: attributes),
        event: member.event)
    }
  }

  /// The events that happened, in event order: without voids and what they void.
  public static func happened(_ events: [Event]) -> [Event] {
    let ordered = ordered(events)
    let voided = voided(ordered)
    return ordered.filter { !isVoid($0) && !voided.contains($0.key) }
  }

  /// Whether an event tells an entity type that may be a person's: any but `enterprise` and `cooperative`, for what others
  /// mean (`Individual`, 个人) nobody knows.
  public static func saysIndividual(_ event: Event) -> Bool {
    guard let type = event.entityType else { return false }
    return !type.sameBytes("enterprise") && !type.sameBytes("cooperative")
  }

  private static func isVoid(_ event: Event) -> Bool { event.rank == EventType.Rank.voided }

  private mutating func count(_ event: Event) {
    eventCount += 1
    if firstOccurredAt == nil { firstOccurredAt = event.occurredAt }
    lastOccurredAt = event.occurredAt
    for index in tracks.indices { tracks[index].apply(event) }
    if populations.contains(event.rank) { takeMembers(event) }
  }

  private mutating func takeMembers(_ event: Event) {
    for share in rules?.shares ?? [] where rulebook.populations[share].contains(event) {
      members.append(ShareMember(event, share: share, calendar: rulebook.shareCalendars[share]))
    }
  }

  private func isVoided(_ event: Event) -> Bool {
    !voided.isEmpty && voided.contains(event.key)
  }

  private static func isSame(_ a: [ClockTrack], _ b: [ClockTrack]) -> Bool {
    a.count == b.count && a.indices.allSatisfy { a[$0].rules === b[$0].rules && a[$0].calendar === b[$0].calendar }
  }

  private static func ordered(_ events: [Event]) -> [Event] {
    var inOrder = true
    for (a, b) in zip(events, events.dropFirst()) where !a.precedes(b) {
      inOrder = false
      break
    }
    return inOrder ? events : events.sorted { $0.precedes($1) }
  }

  /// What the effective voids name. A void acts on another only if it is later in event order: those are settled
  /// first, so that whatever names a later void comes too late for it.
  private static func voided(_ ordered: [Event]) -> Set<EventKey> {
    var voided: Set<EventKey> = []
    for event in ordered.reversed() where isVoid(event) {
      guard let target = event.voids, !voided.contains(event.key) else { continue }
      voided.insert(EventKey(source: event.source, eventID: target))
    }
    return voided
  }
}
