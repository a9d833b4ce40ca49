/// A fast hash of short byte strings for tables whose size is bounded; not proof against crafted collisions, which
/// cost such a table only misses.
enum ByteHash {
  /// The hash of the bytes.
  @inline(__always)
  static func of(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    guard let base = bytes.baseAddress else { return 0 }
    let raw = UnsafeRawPointer(base)
    let count = bytes.count
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    if count >= 8 {
      var at = 0
      while at + 8 <= count {
        hash = mix(hash, raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        at += 8
      }
      return mix(hash, raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
    }
    if count >= 4 {
      let low = UInt64(raw.loadUnaligned(as: UInt32.self))
      let high = UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
      return mix(hash, low | high << 32)
    }
    var word: UInt64 = 0
    for index in 0..<count { word = word << 8 | UInt64(bytes[index]) }
    return mix(hash, word)
  }

  @inline(__always)
  private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word) &* 0xD6E8_FEB8_6659_FD93
    return product ^ (product >> 32)
  }
}
