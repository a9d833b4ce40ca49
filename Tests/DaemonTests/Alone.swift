import Testing

/// The tests of suites with this trait run one after the other: each starts servers and daemons, does them harm, and
/// looks how long the others take to go on.
struct Alone: SuiteTrait, TestTrait, TestScoping {
  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    await Turnstile.shared.enter()
    let result: Result<Void, any Error>
    do { result = .success(try await function()) } catch { result = .failure(error) }
    await Turnstile.shared.leave()
    try result.get()
  }
}

extension Trait where Self == Alone {
  /// One after the other with all that have this trait.
  static var alone: Self { Alone() }
}

/// Lets one in at a time, in the order of coming.
private actor Turnstile {
  static let shared = Turnstile()
  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func enter() async {
    if isTaken { await withCheckedContinuation { waiting.append($0) } }
    isTaken = true
  }

  func leave() {
    if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
  }
}
