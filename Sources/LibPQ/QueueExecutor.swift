import Dispatch

/// Runs an actor on a queue of its own, so that waiting for the network takes no thread from Swift's pool.
final class QueueExecutor: SerialExecutor {
  private let queue = DispatchQueue(label: "bizclock.postgres")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  /// Runs a body on the queue.
  func perform<R>(_ body: @escaping @Sendable () throws -> sending R) async throws -> R {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<R, any Error>) in
      queue.async {
        do { continuation.resume(returning: try body()) } catch { continuation.resume(throwing: error) }
      }
    }
  }
}
