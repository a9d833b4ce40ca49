/// A commitment made ready for the fold: most events of a case are told apart by the rank of their type alone.
final class CompiledCommitment: Sendable {
  /// The commitment.
  let commitment: Commitment
  /// Its place in the policy.
  let index: Int

  private let start: Ranks
  private let stop: Ranks
  private let cancel: Ranks
  private let pause: Ranks
  /// The ranks of all types that may mean something to its clocks.
  private let heard: Ranks

  init(_ commitment: Commitment, index: Int) {
    self.commitment = commitment
    self.index = index
    start = Ranks(commitment.start)
    stop = Ranks(commitment.stop)
    cancel = Ranks(commitment.cancel)
    pause = Ranks(commitment.pause.flatMap { [$0.begin, $0.end] })
    heard = [start, stop, cancel, pause, Ranks(.extended), Ranks(.reopened)].reduce(Ranks()) { $0.union($1) }
  }

  /// Whether it applies to a case of such attributes.
  func applies(to attributes: CaseAttributes) -> Bool {
    guard commitment.appliesTo.isEmpty || commitment.appliesTo.matches(attributes) else { return false }
    return commitment.excludes.isEmpty || !commitment.excludes.matches(attributes)
  }

  /// Whether an event may mean something to its clocks.
  func hears(_ event: Event) -> Bool { heard.contains(event.rank) }

  func starts(_ event: Event) -> Bool { start.contains(event.rank) && commitment.start.matches(event) }
  func stops(_ event: Event) -> Bool { stop.contains(event.rank) && commitment.stop.matches(event) }
  func cancels(_ event: Event) -> Bool { cancel.contains(event.rank) && commitment.cancel.matches(event) }

  /// Whether it begins or ends a pause.
  func pauses(_ event: Event) -> Bool {
    guard pause.contains(event.rank) else { return false }
    for kind in commitment.pause where kind.begin.matches(event) || kind.end.matches(event) { return true }
    return false
  }

  /// Ranks of types of events, all unknown ones as one.
  private struct Ranks {
    private var bits: UInt32 = 0

    init() {}
    init(_ type: EventType) { bits = Ranks.bit(type.rank) }
    init(_ matchers: [EventMatcher]) { for matcher in matchers { bits |= Ranks.bit(matcher.type.rank) } }

    func contains(_ rank: UInt8) -> Bool { bits & Ranks.bit(rank) != 0 }

    func union(_ other: Ranks) -> Ranks {
      var all = self
      all.bits |= other.bits
      return all
    }

    private static func bit(_ rank: UInt8) -> UInt32 { 1 << UInt32(min(rank, 31)) }
  }
}
