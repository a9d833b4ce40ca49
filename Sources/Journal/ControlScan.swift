/// Finds the characters in UTF-8 that act instead of being shown.
enum ControlScan {
  /// The control character that begins at an index, and how many bytes it (or the one byte passed over) takes.
  ///
  /// C0, DEL, C1 (U+009B alone starts a terminal sequence), the line separators U+2028 and U+2029, and the marks
  /// that reorder what is shown after them (U+061C, U+200E, U+200F, U+202A–202E, U+2066–2069), and the byte order
  /// mark, which some readers drop.
  @inline(__always)
  static func control(in bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> (code: UInt16?, length: Int) {
    let first = bytes[index]
    if first < 0x20 || first == 0x7F { return (UInt16(first), 1) }
    guard first >= 0xC2, index + 1 < bytes.count else { return (nil, 1) }
    let second = bytes[index + 1]
    switch first {
    case 0xC2: return second < 0xA0 ? (UInt16(second), 2) : (nil, 1)
    case 0xD8: return second == 0x9C ? (0x061C, 2) : (nil, 1)
    case 0xE2: break
    case 0xEF:
      let isMark = second == 0xBB && index + 2 < bytes.count && bytes[index + 2] == 0xBF
      return isMark ? (0xFEFF, 3) : (nil, 1)
    default: return (nil, 1)
    }
    guard second == 0x80 || second == 0x81, index + 2 < bytes.count else { return (nil, 1) }
    let code = 0x2000 | UInt16(second & 0x3F) << 6 | UInt16(bytes[index + 2] & 0x3F)
    switch code {
    case 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: return (code, 3)
    default: return (nil, 1)
    }
  }

  /// The lower-case hexadecimal digit of 0–15.
  static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
