import Glibc
import ServiceTime

/// A small, bounded memory of texts that come again and again, so that each is allocated once.
///
/// Direct-mapped: a new text takes the place of the old one in its slot, so it can neither grow nor be filled up.
struct InternTable {
  private static let slotCount = 1024
  private static let longestBytes = 256

  private var texts = [String](repeating: "", count: slotCount)
  /// Short texts allocate nothing: what is saved is making a String of bytes.
  private var short = [(bytes: ShortText, text: String)](repeating: (.none, ""), count: 256)
  private var types = [EventType?](repeating: nil, count: 256)

  /// The text of UTF-8 bytes.
  @inline(__always)
  mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    guard let short = ShortText(bytes) else { return longText(bytes) }
    let slot = short.hash & 255
    if self.short[slot].bytes == short { return self.short[slot].text }
    let text = String(decoding: bytes, as: UTF8.self)
    self.short[slot] = (short, text)
    return text
  }

  private mutating func longText(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    guard bytes.count <= InternTable.longestBytes else { return String(decoding: bytes, as: UTF8.self) }
    let slot = Int(truncatingIfNeeded: ByteHash.of(bytes) & UInt64(InternTable.slotCount - 1))
    if InternTable.same(texts[slot], bytes) { return texts[slot] }
    let text = String(decoding: bytes, as: UTF8.self)
    texts[slot] = text
    return text
  }

  /// The event type of a name in UTF-8 bytes.
  @inline(__always)
  mutating func type(_ bytes: UnsafeBufferPointer<UInt8>) -> EventType {
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
