/// Gives a wait an end, so that a test that waits in vain fails instead of hanging.
public enum TestDeadline {
  /// How long a wait lasts whose length nobody promises: long enough for a machine that does much else.
  public static let patience: Duration = .seconds(180)

  /// What was waited for in vain.
  public struct Missed: Error, CustomStringConvertible {
    var what: String
    public var description: String { "waited in vain for \(what)" }
  }

  /// Waits for a body, at most that long; `what` is named where it was in vain.
  public static func within<R: Sendable>(
    _ duration: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    try await withThrowingTaskGroup(of: R?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await Task.sleep(for: duration)
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let result = first else { throw Missed(what: what) }
      return result
    }
  }
}
