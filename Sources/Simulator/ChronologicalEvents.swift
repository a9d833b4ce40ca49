import ServiceTime

/// The events of all cases of a simulation by occurred_at; those of one instant by case.
///
/// Holds only the cases that are under way, so that millions of events take little memory.
public struct ChronologicalEvents: Sequence, IteratorProtocol, Sendable {
  /// The next event of a case under way.
  private struct Head {
    var at: Instant
    /// Number of the case, for events of one instant.
    var number: Int
    var slot: Int

    func precedes(_ other: Head) -> Bool { (at, number) < (other.at, other.number) }
  }

  private var simulator: Simulator
  private var upcoming: [Event]?
  private var started = 0
  /// Events still to come of every case under way, last first.
  private var slots: [[Event]] = []
  private var free: [Int] = []
  /// A binary heap, the earliest first.
  private var heads: [Head] = []

  /// The events of a simulation that has not begun yet.
  public init(_ simulator: Simulator) {
    self.simulator = simulator
    upcoming = self.simulator.nextCase()
  }

  /// The next event; nil after the last.
  public mutating func next() -> Event? {
    while let first = upcoming?.first, heads.first.map({ first.occurredAt < $0.at }) ?? true { begin() }
    guard let head = heads.first, let event = slots[head.slot].popLast() else { return nil }
    if let following = slots[head.slot].last {
      heads[0].at = following.occurredAt
    } else {
      free.append(head.slot)
      let last = heads.removeLast()
      if !heads.isEmpty { heads[0] = last }
    }
    sink()
    return event
  }

  /// Takes up the upcoming case. Cases come by their first event, so none that follows can be earlier.
  private mutating func begin() {
    guard let events = upcoming, let first = events.first else { return }
    upcoming = simulator.nextCase()
    started += 1
    let slot: Int
    if let reused = free.popLast() {
      slot = reused
      slots[slot] = events.reversed()
    } else {
      slot = slots.count
      slots.append(events.reversed())
    }
    heads.append(Head(at: first.occurredAt, number: started, slot: slot))
    rise()
  }

  private mutating func rise() {
    var at = heads.count - 1
    while at > 0, heads[at].precedes(heads[(at - 1) / 2]) {
      heads.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  private mutating func sink() {
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2] where child < heads.count && heads[child].precedes(heads[least]) {
        least = child
      }
      if least == at { return }
      heads.swapAt(at, least)
      at = least
    }
  }
}
