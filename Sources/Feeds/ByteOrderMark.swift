/// The mark that a text file may begin with, and the encoding it tells.
enum ByteOrderMark: Equatable {
  case utf8
  case utf16(UTF16Order)
  case utf32
  case gb18030

  /// Bytes that must be seen, if the input has them.
  static let longest = 4

  /// The bytes of the mark.
  var bytes: [UInt8] {
    switch self {
    case .utf8: [0xEF, 0xBB, 0xBF]
    case .utf16(let order): order.mark
    case .utf32: [0xFF, 0xFE, 0x00, 0x00]
    case .gb18030: [0x84, 0x31, 0x95, 0x33]
    }
  }

  /// The mark at the beginning of an input; nil without one.
  static func find(_ head: some Sequence<UInt8>) -> ByteOrderMark? {
    if head.starts(with: [0x00, 0x00, 0xFE, 0xFF]) { return .utf32 }
    // That of UTF-32 begins as that of UTF-16 does.
    let marks: [ByteOrderMark] = [.utf8, .utf32, .utf16(.little), .utf16(.big), .gb18030]
    return marks.first { head.starts(with: $0.bytes) }
  }
}
