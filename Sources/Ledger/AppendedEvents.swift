import ServiceTime
import Synchronization

/// What a program has appended, for its own leader: what is at hand need not be read back from the ledger.
///
/// It is a shortcut and no source of truth. It keeps whole transactions, in the order of positions, only while a leader
/// takes them, and no more than its capacity: what it does not have is read.
public final class AppendedEvents: Sendable {
  private struct State {
    var isOpen = false
    var runs: [EventRun] = []
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

  /// Takes in the events of one transaction that has committed.
  func put(_ run: EventRun) {
    let count = run.events.count
    state.withLock { state in
      guard count > 0, state.isOpen, state.count + count <= capacity else { return }
      // Those of another service may have committed later and come here first.
      let place = state.runs.lastIndex { $0.first < run.first }.map { $0 + 1 } ?? 0
      state.runs.insert(run, at: place)
      state.count += count
    }
  }

  /// The transactions that follow a position without a gap, as long as they hold no more than `limit` events together;
  /// what lies before is dropped.
  func next(after position: Int64, limit: Int) -> [EventRun] {
    state.withLock { state in
      let passed = state.runs.prefix { $0.first <= position }
      state.count -= passed.reduce(0) { $0 + $1.events.count }
      state.runs.removeFirst(passed.count)
      var found: [EventRun] = []
      var (last, count) = (position, 0)
      for run in state.runs where run.first == last + 1 {
        count += run.events.count
        guard found.isEmpty || count <= limit else { break }
        found.append(run)
        last = run.last
      }
      return found
    }
  }
}
