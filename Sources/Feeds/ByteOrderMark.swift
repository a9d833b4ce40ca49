/// The mark that a text file may begin with, and the encoding it tells.
///
/// A transcoder for another encoding would stand between the source and the input buffer, so that the decoders go on
/// to see UTF-8 only.
enum ByteOrderMark {
  /// What the first bytes of an input say.
  enum Finding: Equatable {
    /// UTF-8; `length` bytes of mark to pass.
    case utf8(length: Int)
    /// An encoding that is not read, by its name.
    case unsupported(String)
  }

  /// Bytes that must be seen, if the input has them.
  static let longest = 3

  static func find(_ head: UnsafeBufferPointer<UInt8>) -> Finding {
    if head.starts(with: [0xEF, 0xBB, 0xBF]) { return .utf8(length: 3) }
    if head.starts(with: [0xFF, 0xFE]) { return .unsupported("UTF-16 (little-endian)") }
    if head.starts(with: [0xFE, 0xFF]) { return .unsupported("UTF-16 (big-endian)") }
    return .utf8(length: 0)
  }
}
