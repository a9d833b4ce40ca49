import Synchronization

/// What was found to be wrong.
final class Findings: Sendable {
  private let all = Mutex<[String]>([])

  /// Nothing yet.
  init() {}

  func add(_ finding: String) { all.withLock { $0.append(finding) } }

  var list: [String] { all.withLock { $0 } }
}
