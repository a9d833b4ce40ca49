import Ledger

extension AppendedEvents {
  /// Waits until the leader here has room for so many more: what waits for it too long would have to be read back.
  ///
  /// At most for some time, where what comes in must not depend on the leader.
  func waitForRoom(for count: Int, atMost patience: Duration? = nil) async {
    let (bell, begun) = (Doorbell(), ContinuousClock.now)
    while isFull(for: count), !Task.isCancelled {
      if let patience, ContinuousClock.now - begun >= patience { return }
      _ = await bell.wait(atMost: .milliseconds(5))
    }
  }
}
