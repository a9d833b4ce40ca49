/// What the text that a decoder sees was in the input: the same bytes, or UTF-16.
enum OriginalText: Sendable, Equatable {
  case same
  case utf16(UTF16Order)

  /// Bytes of the input that the text stands for; it adds up over parts, wherever they are cut.
  func length(of text: UnsafeBufferPointer<UInt8>) -> Int {
    guard self != .same else { return text.count }
    var length = 0
    for byte in text where byte & 0xC0 != 0x80 {
      // An odd last byte; a pair of surrogates; one unit.
      length += byte == 0xFF ? 1 : byte >= 0xF0 ? 4 : 2
    }
    return length
  }

  /// The bytes of the input that the text stands for; a character cut off at its end is left out.
  func bytes(of text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    guard case .utf16(let order) = self else { return Array(text) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 2)
    var at = 0
    while at < text.count {
      let lead = text[at]
      let width = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 || lead == 0xFF ? 3 : 4
      guard at + width <= text.count else { break }
      func low(_ index: Int) -> UInt32 { UInt32(text[at + index] & 0x3F) }
      switch width {
      case 1: order.append(UInt16(lead), to: &bytes)
      case 2: order.append(UInt16(lead & 0x1F) << 6 | UInt16(low(1)), to: &bytes)
      case 3 where lead == 0xFF: bytes.append(UInt8(low(1) & 0x0F) << 4 | UInt8(low(2) & 0x0F))
      case 3: order.append(UInt16(UInt32(lead & 0x0F) << 12 | low(1) << 6 | low(2)), to: &bytes)
      default:
        let scalar = (UInt32(lead & 0x07) << 18 | low(1) << 12 | low(2) << 6 | low(3)) - 0x10000
        order.append(UInt16(0xD800 | scalar >> 10), to: &bytes)
        order.append(UInt16(0xDC00 | scalar & 0x3FF), to: &bytes)
      }
      at += width
    }
    return bytes
  }
}
