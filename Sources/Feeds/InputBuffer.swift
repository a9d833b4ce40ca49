import Glibc

/// A window on the input that moves forward: bytes are added at its end and taken from its front.
struct InputBuffer: ~Copyable {
  private var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private var low = 0
  private var high = 0
  private(set) var isAtEnd = false
  private let chunk: Int

  init(chunk: Int) {
    self.chunk = max(1, chunk)
    capacity = self.chunk * 2
    base = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  /// The bytes that have been read and not taken; valid until the next call.
  var window: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
      start: UnsafePointer((base + low).assumingMemoryBound(to: UInt8.self)), count: high - low)
  }

  /// Takes bytes from the front.
  mutating func take(_ count: Int) { low = min(high, low + count) }

  /// Reads one chunk more.
  mutating func fill(
    _ read: (UnsafeMutableRawBufferPointer) throws(FeedReadError) -> Int
  ) throws(FeedReadError) {
    guard !isAtEnd else { return }
    makeRoom()
    let count = try read(UnsafeMutableRawBufferPointer(start: base + high, count: chunk))
    if count <= 0 { isAtEnd = true } else { high += min(count, chunk) }
  }

  /// Takes everything, and reads on: from now on another source brings what was there and what follows.
  mutating func reopen() {
    take(high - low)
    isAtEnd = false
  }

  private mutating func makeRoom() {
    if low > 0, capacity - high < chunk {
      memmove(base, base + low, high - low)
      high -= low
      low = 0
    }
    guard capacity - high < chunk else { return }
    let larger = max(capacity * 2, high + chunk)
    let grown = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    memcpy(grown, base, high)
    base.deallocate()
    base = grown
    capacity = larger
  }
}
