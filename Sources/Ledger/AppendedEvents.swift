import LibPQ
import ServiceTime
import Synchronization

/// What a program has appended, for its own leader: what is at hand need not be read back from the ledger.
///
/// It is a shortcut and no source of truth. It keeps whole transactions, in the order of positions, only while a leader
/// takes them, and no more than its capacity: what it does not have is read.
public final class AppendedEvents: Sendable {
  private struct State {
    var isOpen = false
    var runs: [[StoredEvent]] = []
    var count = 0
  }

  private let capacity: Int
  private let state = Mutex(State())

  /// A shortcut of at most so many events.
  public init(capacity: Int = 60_000) { self.capacity = capacity }

  /// Begins or ends to keep what is appended; a leader says so.
  public func open(_ isOpen: Bool) {
    state.withLock { $0 = State(isOpen: isOpen) }
  }

  /// Whether a leader takes what is appended, and there is no room for so many more.
  public func isFull(for count: Int) -> Bool { state.withLock { $0.isOpen && $0.count + count > capacity } }

  /// Takes in the events of one transaction that has committed, by ascending positions without a gap.
  func put(_ events: @autoclosure () -> [StoredEvent], count: Int) {
    guard count > 0, state.withLock({ $0.isOpen && $0.count + count <= capacity }) else { return }
    let events = events()
    state.withLock { state in
      guard state.isOpen else { return }
      // Those of another service may have committed later and come here first.
      let place = state.runs.lastIndex { $0[0].position < events[0].position }.map { $0 + 1 } ?? 0
      state.runs.insert(events, at: place)
      state.count += count
    }
  }

  /// The transactions that follow a position without a gap, as long as they hold no more than `limit` events together;
  /// what lies before is dropped.
  func next(after position: Int64, limit: Int) -> [[StoredEvent]] {
    state.withLock { state in
      let passed = state.runs.prefix { $0[0].position <= position }
      state.count -= passed.reduce(0) { $0 + $1.count }
      state.runs.removeFirst(passed.count)
      var found: [[StoredEvent]] = []
      var (last, count) = (position, 0)
      for run in state.runs where run[0].position == last + 1 {
        count += run.count
        guard found.isEmpty || count <= limit else { break }
        found.append(run)
        last += Int64(run.count)
      }
      return found
    }
  }
}

extension Projector {
  /// The events at hand that follow the position, if the ledger has them.
  ///
  /// After a fail-over it may lack what was committed last, and have other events at the same positions: of each
  /// transaction one event is looked up.
  func atHand(_ session: inout Session) throws(PostgresError) -> [StoredEvent]? {
    guard let appended else { return nil }
    let runs = appended.next(after: term.position, limit: settings.batch)
    let marks = runs.compactMap(\.last)
    guard !marks.isEmpty else { return nil }
    let found = try session.execute(
      """
      SELECT count(*) FROM bizclock.event e
      JOIN unnest($1::int8[], $2::timestamptz[], $3::text[], $4::text[], $5::text[])
        AS k (position, received_at, case_id, source, event_id)
        ON e.position = k.position AND e.received_at = k.received_at AND e.case_id = k.case_id
          AND e.source = k.source AND e.event_id = k.event_id
      """,
      [
        .int8Array(marks.map(\.position)), .timestamptzArray(marks.map(\.receivedAt.microseconds)),
        .textArray(marks.map(\.event.caseID.text)), .textArray(marks.map(\.event.source.text)),
        .textArray(marks.map(\.event.eventID.text)),
      ])
    guard try found.int8(0, 0) == Int64(marks.count) else {
      appended.open(true)
      return nil
    }
    return Array(runs.joined())
  }
}
