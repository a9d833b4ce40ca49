import HeapModule
import ServiceTime

/// The events of all cases of a simulation by occurred_at; those of one instant by case.
///
/// Holds only the cases that are under way, so that millions of events take little memory.
public struct ChronologicalEvents: Sequence, IteratorProtocol, Sendable {
  /// The next event of a case under way.
  private struct Head: Comparable {
    var at: Instant
    /// Number of the case, for events of one instant.
    var number: Int
    var slot: Int

    static func < (a: Head, b: Head) -> Bool { (a.at, a.number) < (b.at, b.number) }
  }

  /// A case under way, and which of its events is next.
  private struct Underway {
    var events: [Event]
    var at = 0
  }

  private var simulator: Simulator
  private var upcoming: [Event]?
  private var started = 0
  private var slots: [Underway] = []
  private var free: [Int] = []
  private var heads = Heap<Head>()

  /// The events of a simulation that has not begun yet.
  public init(_ simulator: Simulator) {
    self.simulator = simulator
    upcoming = self.simulator.nextCase()
  }

  /// The next event; nil after the last.
  public mutating func next() -> Event? {
    var next: Event?
    _ = withNext { next = $0 }
    return next
  }

  /// Shows the next event where it lies, for an event is expensive to copy; false after the last.
  mutating func withNext(_ body: (borrowing Event) -> Void) -> Bool {
    while let start = upcoming?.first?.occurredAt, heads.min.map({ start < $0.at }) ?? true { begin(at: start) }
    guard let head = heads.min else { return false }
    let at = slots[head.slot].at
    body(slots[head.slot].events[at])
    if at + 1 < slots[head.slot].events.count {
      slots[head.slot].at = at + 1
      heads.replaceMin(
        with: Head(at: slots[head.slot].events[at + 1].occurredAt, number: head.number, slot: head.slot))
    } else {
      slots[head.slot] = Underway(events: [])
      free.append(head.slot)
      heads.removeMin()
    }
    return true
  }

  /// Takes up the upcoming case. Cases come by their first event, so none that follows can be earlier.
  private mutating func begin(at start: Instant) {
    guard let events = upcoming else { return }
    upcoming = simulator.nextCase()
    started += 1
    let slot = free.popLast() ?? slots.count
    if slot == slots.count {
      slots.append(Underway(events: events))
    } else {
      slots[slot] = Underway(events: events)
    }
    heads.insert(Head(at: start, number: started, slot: slot))
  }
}
