/// Room for the bytes a record is rewritten into (escapes undone, digits folded), reused from record to record.
///
/// What it hands out stays valid until the next `reset`.
final class ByteArena {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var used = 0

  init() {
    capacity = 4096
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// Forgets everything and makes sure that `capacity` bytes fit.
  @inline(__always)
  func reset(capacity needed: Int) {
    used = 0
    if needed > capacity { grow(needed) }
  }

  private func grow(_ needed: Int) {
    base.deallocate()
    capacity = needed
    base = .allocate(capacity: capacity)
  }

  /// Hands out room for `count` bytes, of which the body says how many it wrote; nil if they no longer fit.
  func write(
    atMost count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int
  ) -> UnsafeBufferPointer<UInt8>? {
    guard count >= 0, count <= capacity - used else { return nil }
    let start = base + used
    let written = min(count, body(start))
    used += written
    return UnsafeBufferPointer(start: start, count: written)
  }
}
