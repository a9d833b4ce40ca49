/// Tells an identifier that a spreadsheet took for a number and rounded: `4.69005E+17`.
///
/// One digit, decimals if any, an exponent of two or three digits; without decimals the exponent must have its plus
/// sign. So `2026E10` and `1E-0001`, which case numbers do look like, are left alone.
enum SpoiledNumber {
  /// Whether the bytes are such a number.
  @inline(__always)
  static func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    // Nearly every identifier is told apart by its second byte.
    guard bytes.count >= 4 else { return false }
    let first = bytes[0]
    if first &- 48 < 10 {
      let second = bytes[1]
      guard second == UInt8(ascii: ".") || second | 0x20 == UInt8(ascii: "e") else { return false }
    } else if first != UInt8(ascii: "-") && first != UInt8(ascii: "+") {
      return false
    }
    return matchesWhole(bytes)
  }

  private static func matchesWhole(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let end = bytes.count
    var at = bytes[0] &- 48 < 10 ? 0 : 1
    func isDigit(_ index: Int) -> Bool { index < end && bytes[index] &- 48 < 10 }
    guard isDigit(at) else { return false }
    at += 1
    var hasDecimals = false
    if at < end, bytes[at] == UInt8(ascii: ".") {
      at += 1
      guard isDigit(at) else { return false }
      while isDigit(at) { at += 1 }
      hasDecimals = true
    }
    guard at < end, bytes[at] | 0x20 == UInt8(ascii: "e") else { return false }
    at += 1
    if at < end, bytes[at] == UInt8(ascii: "+") {
      at += 1
    } else if !hasDecimals {
      return false
    }
    let exponent = at
    while isDigit(at) { at += 1 }
    return at == end && (2...3).contains(at - exponent)
  }
}
