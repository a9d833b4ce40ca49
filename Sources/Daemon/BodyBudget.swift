import Synchronization

/// How many bodies, and how many bytes of them, may be in memory at a time.
public final class BodyBudget: Sendable {
  private struct State {
    var bodies = 0
    var bytes = 0
  }

  private let most: (bodies: Int, bytes: Int)
  private let state = Mutex(State())

  /// A budget.
  public init(bodies: Int, bytes: Int) { most = (bodies, bytes) }

  /// The part of it that one body has; given back when nobody holds it any more.
  public final class Share: Sendable {
    private let budget: BodyBudget
    private let bytes = Mutex(0)
    private let refused = Mutex(false)

    fileprivate init(_ budget: BodyBudget) { self.budget = budget }

    deinit { budget.giveBack(bytes.withLock { $0 }) }

    /// Takes so many bytes more; false if there are not so many left.
    public func take(_ count: Int) -> Bool {
      guard budget.take(count) else {
        refused.withLock { $0 = true }
        return false
      }
      bytes.withLock { $0 += count }
      return true
    }

    /// Whether it could not have what it asked for.
    public var isExhausted: Bool { refused.withLock { $0 } }
  }

  /// A share for one more body; nil if there are too many.
  public func share() -> Share? {
    let isThere = state.withLock { state in
      guard state.bodies < most.bodies else { return false }
      state.bodies += 1
      return true
    }
    return isThere ? Share(self) : nil
  }

  /// Bodies and bytes in memory now.
  public var used: (bodies: Int, bytes: Int) { state.withLock { ($0.bodies, $0.bytes) } }

  private func take(_ count: Int) -> Bool {
    state.withLock { state in
      guard state.bytes + count <= most.bytes else { return false }
      state.bytes += count
      return true
    }
  }

  private func giveBack(_ count: Int) {
    state.withLock { state in
      state.bodies -= 1
      state.bytes -= count
    }
  }
}
