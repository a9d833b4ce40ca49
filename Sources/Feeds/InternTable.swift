import Glibc
import ServiceTime

/// A small, bounded memory of texts that come again and again, so that each is allocated once.
///
/// Direct-mapped: a new text takes the place of the old one in its slot, so it can neither grow nor be filled up.
struct InternTable {
  private static let slotCount = 1024
  private static let longestBytes = 256

  // Empty until there is one.
  private var texts: [String] = []
  private var types: [EventType?] = []
  private var shortTexts = ShortTexts()

  /// The text of UTF-8 bytes.
  @inline(__always)
  mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    guard let short = ShortText(bytes) else { return longText(bytes) }
    if let text = shortTexts.text(short) { return text }
    let text = String(decoding: bytes, as: UTF8.self)
    shortTexts.remember(short, text)
    return text
  }

  /// The text of UTF-8 bytes; only one that allocates is looked for.
  @inline(__always)
  mutating func rareText(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    bytes.count <= ShortText.longest ? String(decoding: bytes, as: UTF8.self) : longText(bytes)
  }

  private mutating func longText(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    guard bytes.count <= InternTable.longestBytes else { return String(decoding: bytes, as: UTF8.self) }
    if texts.isEmpty { texts = Array(repeating: "", count: InternTable.slotCount) }
    let slot = Int(truncatingIfNeeded: ByteHash.of(bytes) & UInt64(InternTable.slotCount - 1))
    if InternTable.same(texts[slot], bytes) { return texts[slot] }
    let text = String(decoding: bytes, as: UTF8.self)
    texts[slot] = text
    return text
  }

  /// The event type of a name in UTF-8 bytes.
  @inline(__always)
  mutating func type(_ bytes: UnsafeBufferPointer<UInt8>) -> EventType {
    if types.isEmpty { types = Array(repeating: nil, count: 256) }
    let slot = Int(truncatingIfNeeded: ByteHash.of(bytes) & 255)
    if let type = types[slot], InternTable.same(type.name, bytes) { return type }
    let type = EventType(String(decoding: bytes, as: UTF8.self))
    types[slot] = type
    return type
  }

  /// Whether the text is these bytes.
  @inline(__always)
  static func same(_ text: String, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    text.utf8.withContiguousStorageIfAvailable { stored in
      guard stored.count == bytes.count else { return false }
      guard let a = stored.baseAddress, let b = bytes.baseAddress else { return true }
      return memcmp(a, b, bytes.count) == 0
    } ?? text.utf8.elementsEqual(bytes)
  }
}
