/// Texts of a feed's description, at addresses that stay while the store lives.
final class TextStore {
  private var texts: [UnsafeMutableBufferPointer<UInt8>] = []

  deinit {
    for text in texts { text.deallocate() }
  }

  /// The bytes of a text, valid while the store lives.
  func keep(_ text: String) -> UnsafeBufferPointer<UInt8> {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    _ = bytes.initialize(from: text.utf8)
    texts.append(bytes)
    return UnsafeBufferPointer(bytes)
  }
}
