/// A text of at most 15 bytes as two words, so that two are told apart by their words alone.
struct ShortText: Equatable {
  static let longest = 15

  /// Its first 8 bytes, zeros behind them.
  let low: UInt64
  /// The others, and in the top byte how many bytes it has.
  let high: UInt64

  /// A place that no text has.
  static let none = ShortText(low: 0, high: .max)

  private init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// A text of so many bytes in two words, zeros behind them.
  @inline(__always)
  init(low: UInt64, high: UInt64, count: Int) {
    self.init(low: low, high: high | UInt64(truncatingIfNeeded: count) << 56)
  }

  /// The text of bytes; nil if there are more than 15.
  @inline(__always)
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    let count = bytes.count
    guard count <= ShortText.longest else { return nil }
    guard let base = bytes.baseAddress else {
      self.init(low: 0, high: 0)
      return
    }
    let raw = UnsafeRawPointer(base)
    // Every load below lies within the bytes: where they do not fill a word, two loads overlap.
    func eight(at offset: Int) -> UInt64 {
      UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    func four(at offset: Int) -> UInt64 {
      UInt64(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
    let length = UInt64(truncatingIfNeeded: count) << 56
    if count >= 8 {
      self.init(
        low: eight(at: 0),
        high: length | (eight(at: count - 8) &>> UInt64(truncatingIfNeeded: 8 * (15 - count))) &>> 8)
    } else if count >= 4 {
      self.init(
        low: four(at: 0) | four(at: count - 4) &<< UInt64(truncatingIfNeeded: 8 * (count - 4)), high: length)
    } else {
      var word: UInt64 = 0
      for index in 0..<count { word |= UInt64(base[index]) &<< UInt64(truncatingIfNeeded: 8 * index) }
      self.init(low: word, high: length)
    }
  }

  /// What stands for a longer text: no short one is the same, but another long one may be.
  init(standingFor bytes: UnsafeBufferPointer<UInt8>) {
    self.init(low: ByteHash.of(bytes), high: 0xFE << 56 | UInt64(truncatingIfNeeded: bytes.count))
  }

  /// A number to find it by in a small table.
  @inline(__always)
  var hash: Int {
    let product = (low ^ high &* 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
    return Int(truncatingIfNeeded: product >> 32)
  }
}

/// A small, bounded memory of short texts: a new one takes the place of the old one in its slot.
///
/// Short texts allocate nothing; what is saved is making a String of bytes and checking it.
struct ShortTexts {
  /// Empty until there is a text.
  private var slots: [(bytes: ShortText, text: String)] = []
  private static let count = 256

  /// The String of a text, if it is remembered.
  @inline(__always)
  func text(_ bytes: ShortText) -> String? {
    let slot = bytes.hash & (ShortTexts.count - 1)
    guard slot < slots.count, slots[slot].bytes == bytes else { return nil }
    return slots[slot].text
  }

  mutating func remember(_ bytes: ShortText, _ text: String) {
    if slots.isEmpty { slots = Array(repeating: (.none, ""), count: ShortTexts.count) }
    slots[bytes.hash & (ShortTexts.count - 1)] = (bytes, text)
  }
}
