import Glibc

/// The wait for a reader since it last took something.
struct RoomWait {
  private let patience: UInt64
  private var deadline: UInt64?
  private var wasReady = false

  /// A wait of at most `patience` nanoseconds.
  init(patience: UInt64) { self.patience = patience }

  /// Waits until there is room or an error to be met; false once the patience is used up.
  ///
  /// `isStalled` is set then; where it is set before, nobody is waited for.
  mutating func forRoom(in descriptor: Int32, isStalled: inout Bool) -> Bool {
    while true {
      let now = RoomWait.monotonic()
      let deadline = self.deadline ?? (isStalled ? now : now + patience)
      let isFirst = self.deadline == nil
      self.deadline = deadline
      guard isFirst || now < deadline else { break }
      let left = Int32(clamping: (max(deadline, now) - now + 999_999) / 1_000_000)
      // What is ready may refuse all the same, a terminal a newline, which takes two characters, a socket a large
      // datagram: do not spin on it.
      if wasReady { poll(nil, 0, min(left, 1)) }
      var question = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      if poll(&question, 1, left) > 0 {
        wasReady = true
        return true
      }
    }
    isStalled = true
    return false
  }

  private static func monotonic() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }
}
