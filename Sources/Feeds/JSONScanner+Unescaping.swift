extension JSONScanner {
  /// The text with its escapes undone in the arena; the bytes themselves where there are none.
  ///
  /// The scanner has checked the escapes; the result never has more bytes than the text.
  @inline(__always)
  static func plain(_ text: Text, arena: ByteArena) -> UnsafeBufferPointer<UInt8> {
    text.hasEscapes ? unescaped(text.bytes, arena: arena) : text.bytes
  }

  private static func unescaped(
    _ bytes: UnsafeBufferPointer<UInt8>, arena: ByteArena
  ) -> UnsafeBufferPointer<UInt8> {
    guard let base = bytes.baseAddress else { return bytes }
    let written = arena.write(atMost: bytes.count) { out in
      var to = 0
      var at = 0
      while at < bytes.count {
        let byte = base[at]
        guard byte == UInt8(ascii: "\\"), at + 1 < bytes.count else {
          out[to] = byte
          to += 1
          at += 1
          continue
        }
        if base[at + 1] == UInt8(ascii: "u") {
          let (scalar, used) = scalar(base, at, bytes.count)
          to += encode(scalar, out + to)
          at += used
        } else {
          out[to] = simple(base[at + 1])
          to += 1
          at += 2
        }
      }
      return to
    }
    return written ?? bytes
  }

  private static func simple(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: byte
    }
  }

  private static func scalar(
    _ base: UnsafePointer<UInt8>, _ at: Int, _ end: Int
  ) -> (value: UInt32, used: Int) {
    guard let high = hexUnit(base, at + 2, end) else { return (0xFFFD, 2) }
    guard high & 0xFC00 == 0xD800, let low = hexUnit(base, at + 8, end) else { return (high, 6) }
    return (0x10000 + (high & 0x3FF) << 10 + (low & 0x3FF), 12)
  }

  private static func encode(_ scalar: UInt32, _ out: UnsafeMutablePointer<UInt8>) -> Int {
    func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) }
    func lead(_ mark: UInt8, _ shift: UInt32) -> UInt8 { mark | UInt8(truncatingIfNeeded: scalar >> shift) }
    switch scalar {
    case 0..<0x80:
      out[0] = UInt8(truncatingIfNeeded: scalar)
      return 1
    case 0x80..<0x800:
      out[0] = lead(0xC0, 6)
      out[1] = tail(0)
      return 2
    case 0x800..<0x10000:
      out[0] = lead(0xE0, 12)
      out[1] = tail(6)
      out[2] = tail(0)
      return 3
    default:
      out[0] = lead(0xF0, 18)
      out[1] = tail(12)
      out[2] = tail(6)
      out[3] = tail(0)
      return 4
    }
  }
}
