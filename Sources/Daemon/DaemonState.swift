import ServiceTime
import Synchronization

/// What the services tell each other and the operator: one value, read and written whole.
public final class DaemonState: Sendable {
  /// What is known now.
  public struct Snapshot: Sendable, Equatable {
    /// The part this daemon plays among those on its database.
    public enum Role: Sendable, Equatable {
      /// The database has not answered yet, or answers no more.
      case unknown
      /// Another daemon leads; this one takes over when it fails.
      case standby
      case leading
    }
    /// The part this daemon plays.
    public var role = Role.unknown
    /// How far the ledger is projected, as this daemon knows.
    public var position: Int64 = 0
    /// Every level up to here has been raised; its line has been written, or waits for a log that takes nothing.
    public var levelsThrough: Instant?
    /// The next level's instant.
    public var nextLevel: Instant?
    /// The feeds of the configuration, by name.
    public var feeds: Set<String> = []
    /// Whether the daemon has served since it was started.
    public var isReady = false
    /// What is wrong with a configuration that was not taken over; nil if it was.
    public var refusal: String?
    /// Feeds whose directories have been looked into, or cannot be.
    public var feedsSeen: Set<String> = []
    /// Feeds of which all that lay there at the start was taken in, or cannot be.
    public var feedsRead: Set<String> = []
    /// Feeds whose databases cannot be read.
    public var feedsAway: Set<String> = []
  }

  private struct Waiter {
    var condition: @Sendable (Snapshot) -> Bool
    var continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var snapshot = Snapshot()
    var waiters: [Int: Waiter] = [:]
    var count = 0
  }

  private let state = Mutex(State())

  /// Nothing is known yet.
  public init() {}

  /// What is known now.
  public var snapshot: Snapshot { state.withLock { $0.snapshot } }

  /// Waits until a condition holds of what is known; false if the task was cancelled first.
  public func wait(until condition: @escaping @Sendable (Snapshot) -> Bool) async -> Bool {
    let number = state.withLock { state -> Int in
      state.count += 1
      return state.count
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let holds = state.withLock { state -> Bool in
          if condition(state.snapshot) || Task.isCancelled { return true }
          state.waiters[number] = Waiter(condition: condition, continuation: continuation)
          return false
        }
        if holds { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.continuation.resume()
    }
    return !Task.isCancelled
  }

  func setRole(_ role: Snapshot.Role) { change { $0.role = role } }
  func setProjected(_ position: Int64, levelsThrough: Instant, nextLevel: Instant?) {
    change {
      $0.position = position
      $0.levelsThrough = levelsThrough
      $0.nextLevel = nextLevel
    }
  }
  func feedRead(_ name: String) { change { $0.feedsRead.insert(name) } }
  func feedAway(_ name: String, _ isAway: Bool) {
    change { if isAway { $0.feedsAway.insert(name) } else { $0.feedsAway.remove(name) } }
  }
  func feedSeen(_ name: String) { change { $0.feedsSeen.insert(name) } }

  func setFeeds(_ names: [String]) { change { $0.feeds = Set(names) } }
  func setReady() { change { $0.isReady = true } }
  func setRefusal(_ text: String?) { change { $0.refusal = text } }
  /// A feed begins anew, perhaps elsewhere.
  func forgetFeed(_ name: String) {
    change {
      $0.feedsSeen.remove(name)
      $0.feedsRead.remove(name)
      $0.feedsAway.remove(name)
    }
  }

  private func change(_ body: (inout Snapshot) -> Void) {
    let released = state.withLock { state -> [Waiter] in
      body(&state.snapshot)
      let holding = state.waiters.filter { $0.value.condition(state.snapshot) }
      for number in holding.keys { state.waiters[number] = nil }
      return Array(holding.values)
    }
    for waiter in released { waiter.continuation.resume() }
  }
}
