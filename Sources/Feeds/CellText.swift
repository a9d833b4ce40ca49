/// What spreadsheets do to text, undone: blanks around it, apostrophes before it, full-width digits in it.
enum CellText {
  /// The bytes without blanks (space, tab, no-break and ideographic space), line breaks and marks that nobody sees
  /// (U+200B to U+200F, U+202A to U+202E, U+FEFF) at both ends.
  static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    var low = 0
    var high = bytes.count
    while low < high {
      let blank = blankLength(bytes, at: low, before: high)
      if blank == 0 { break }
      low += blank
    }
    while high > low {
      if isASCIIBlank(bytes[high - 1]) {
        high -= 1
      } else if high - low >= 2, isNoBreakSpace(bytes, high - 2) {
        high -= 2
      } else if high - low >= 3, isWideBlank(bytes, high - 3) {
        high -= 3
      } else {
        break
      }
    }
    return UnsafeBufferPointer(rebasing: bytes[low..<high])
  }

  private static func blankLength(_ b: UnsafeBufferPointer<UInt8>, at: Int, before end: Int) -> Int {
    if isASCIIBlank(b[at]) { return 1 }
    if end - at >= 2, isNoBreakSpace(b, at) { return 2 }
    return end - at >= 3 && isWideBlank(b, at) ? 3 : 0
  }

  @inline(__always)
  private static func isWideBlank(_ b: UnsafeBufferPointer<UInt8>, _ at: Int) -> Bool {
    switch b[at] {
    case 0xE3: isWideSpace(b, at)
    case 0xE2: b[at + 1] == 0x80 && (b[at + 2] &- 0x8B < 5 || b[at + 2] &- 0xAA < 5)
    case 0xEF: b[at + 1] == 0xBB && b[at + 2] == 0xBF
    default: false
    }
  }

  /// Whether a character is one of the marks that nobody sees.
  static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x200B...0x200F, 0x202A...0x202E, 0xFEFF: true
    default: false
    }
  }

  private static func isASCIIBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
  }
  /// U+00A0.
  private static func isNoBreakSpace(_ b: UnsafeBufferPointer<UInt8>, _ at: Int) -> Bool {
    b[at] == 0xC2 && b[at + 1] == 0xA0
  }
  /// U+3000.
  private static func isWideSpace(_ b: UnsafeBufferPointer<UInt8>, _ at: Int) -> Bool {
    b[at] == 0xE3 && b[at + 1] == 0x80 && b[at + 2] == 0x80
  }

  /// The bytes without the apostrophe that makes a spreadsheet take a cell for text.
  static func withoutApostrophe(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    guard bytes.first == UInt8(ascii: "'") else { return bytes }
    return trimmed(UnsafeBufferPointer(rebasing: bytes.dropFirst()))
  }

  /// The text of a cell that is the formula `="text"`; the bytes themselves if they are none.
  static func withoutFormula(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    guard bytes.count >= 3, bytes[0] == UInt8(ascii: "="), bytes[1] == 0x22, bytes[bytes.count - 1] == 0x22 else {
      return bytes
    }
    let text = UnsafeBufferPointer(rebasing: bytes[2..<bytes.count - 1])
    return text.contains(0x22) ? bytes : trimmed(text)
  }

  /// Which full-width forms become plain ones.
  enum Folding {
    /// U+FF10–U+FF19.
    case digits
    /// U+FF01–U+FF5E and the ideographic and no-break space, as times need.
    case all
  }

  /// The bytes with full-width forms made plain; the same bytes if there are none.
  static func folded(
    _ bytes: UnsafeBufferPointer<UInt8>, _ folding: Folding, arena: ByteArena
  ) -> UnsafeBufferPointer<UInt8> {
    guard bytes.contains(where: { $0 == 0xEF || $0 == 0xE3 || $0 == 0xC2 }) else { return bytes }
    let written = arena.write(atMost: bytes.count) { out in
      var to = 0
      var at = 0
      while at < bytes.count {
        if let (plain, width) = plain(bytes, at, folding) {
          out[to] = plain
          at += width
        } else {
          out[to] = bytes[at]
          at += 1
        }
        to += 1
      }
      return to
    }
    return written ?? bytes
  }

  private static func plain(
    _ b: UnsafeBufferPointer<UInt8>, _ at: Int, _ folding: Folding
  ) -> (UInt8, width: Int)? {
    if folding == .all, b.count - at >= 2, isNoBreakSpace(b, at) { return (0x20, 2) }
    guard b.count - at >= 3 else { return nil }
    if folding == .all, isWideSpace(b, at) { return (0x20, 3) }
    guard b[at] == 0xEF, b[at + 1] == 0xBC || b[at + 1] == 0xBD else { return nil }
    // U+FF00 + n stands for 0x20 + n.
    let low = Int(b[at + 1] - 0xBC) * 64 + Int(b[at + 2] & 0x3F)
    guard low >= 1, low <= 0x5E else { return nil }
    let ascii = UInt8(0x20 + low)
    return folding == .all || ascii &- 48 < 10 ? (ascii, 3) : nil
  }
}
