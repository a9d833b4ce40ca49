/// Strict UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing past U+10FFFF).
enum UTF8Check {
  /// Index of the first byte that does not belong to valid UTF-8; nil if all do.
  static func firstInvalid(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    let raw = UnsafeRawPointer(base)
    let end = bytes.count
    var at = 0
    while at < end {
      if end - at >= 8, raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
        at += 8
      } else if base[at] < 0x80 {
        at += 1
      } else {
        let length = sequenceLength(base, at, end)
        guard length > 0 else { return at }
        at += length
      }
    }
    return nil
  }

  /// Whether all bytes are ASCII.
  static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    let raw = UnsafeRawPointer(base)
    var at = 0
    while bytes.count - at >= 8 {
      if raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return false }
      at += 8
    }
    while at < bytes.count {
      if base[at] >= 0x80 { return false }
      at += 1
    }
    return true
  }

  /// Whether a byte begins a character of three bytes or more.
  static func hasLongSequence(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool { bytes.contains { $0 >= 0xE0 } }

  /// Bytes of the multi-byte sequence at an index, 2–4; 0 if it is not valid.
  @inline(__always)
  static func sequenceLength(_ b: UnsafePointer<UInt8>, _ at: Int, _ end: Int) -> Int {
    let lead = b[at]
    let left = end - at
    if lead >= 0xE1, lead <= 0xEF, lead != 0xED {
      guard left >= 3, b[at + 1] & 0xC0 == 0x80, b[at + 2] & 0xC0 == 0x80 else { return 0 }
      return 3
    }
    if lead >= 0xC2, lead <= 0xDF { return left >= 2 && b[at + 1] & 0xC0 == 0x80 ? 2 : 0 }
    return rareLength(b, at, left)
  }

  private static func rareLength(_ b: UnsafePointer<UInt8>, _ at: Int, _ left: Int) -> Int {
    let second: ClosedRange<UInt8>
    let length: Int
    switch b[at] {
    case 0xE0: (second, length) = (0xA0...0xBF, 3)
    case 0xED: (second, length) = (0x80...0x9F, 3)
    case 0xF0: (second, length) = (0x90...0xBF, 4)
    case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
    case 0xF4: (second, length) = (0x80...0x8F, 4)
    default: return 0
    }
    guard left >= length, second.contains(b[at + 1]), b[at + 2] & 0xC0 == 0x80 else { return 0 }
    return length == 3 || b[at + 3] & 0xC0 == 0x80 ? length : 0
  }

  /// Number of Unicode scalars in valid UTF-8.
  static func scalarCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    for byte in bytes where byte & 0xC0 != 0x80 { count += 1 }
    return count
  }
}
