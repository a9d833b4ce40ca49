import ServiceTime
import Synchronization

/// What the services tell each other and the operator: one value, read and written whole.
public final class DaemonState: Sendable {
  /// What is known now.
  public struct Snapshot: Sendable, Equatable {
    /// Whether this daemon leads.
    public var leading = false
    /// How far the ledger is projected, as this daemon knows.
    public var position: Int64 = 0
    /// The next level's instant.
    public var nextLevel: Instant?
    /// Feeds that have taken in what was there when they began.
    public var feedsReady: Set<String> = []
  }

  private let state = Mutex(Snapshot())

  /// Nothing is known yet.
  public init() {}

  /// What is known now.
  public var snapshot: Snapshot { state.withLock { $0 } }

  func setLeading(_ leading: Bool) { state.withLock { $0.leading = leading } }
  func setProjected(_ position: Int64, nextLevel: Instant?) {
    state.withLock {
      $0.position = position
      $0.nextLevel = nextLevel
    }
  }
  func feedReady(_ name: String) { _ = state.withLock { $0.feedsReady.insert(name) } }
}
