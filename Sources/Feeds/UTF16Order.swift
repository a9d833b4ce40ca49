/// Which byte of a UTF-16 unit comes first.
enum UTF16Order: Sendable, Equatable {
  case little
  case big

  /// The byte order mark.
  var mark: [UInt8] { self == .little ? [0xFF, 0xFE] : [0xFE, 0xFF] }
  /// A line feed.
  var lineFeed: [UInt8] { self == .little ? [0x0A, 0x00] : [0x00, 0x0A] }
  /// What people call it.
  var name: String { self == .little ? "UTF-16 (little-endian)" : "UTF-16 (big-endian)" }

  @inline(__always)
  func unit(_ bytes: UnsafePointer<UInt8>, _ at: Int) -> UInt16 {
    let (first, second) = (UInt16(bytes[at]), UInt16(bytes[at + 1]))
    return self == .little ? second << 8 | first : first << 8 | second
  }

  func append(_ unit: UInt16, to bytes: inout [UInt8]) {
    let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
    bytes += self == .little ? [low, high] : [high, low]
  }
}
