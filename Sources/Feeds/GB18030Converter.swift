import Glibc

/// Turns GB18030, which holds GBK and GB 2312, into UTF-8 with the C library's tables.
///
/// GB 2312 and GBK lack characters of real names, so that files said to be in them are read as GB18030 too.
final class GB18030Converter {
  // iconv_t is a pointer; nil where the library has no table.
  private let handle: iconv_t?

  init() {
    // The library says (iconv_t)-1 where it has none.
    let opened: iconv_t? = iconv_open("UTF-8", "GB18030")
    handle = opened == iconv_t(bitPattern: -1) ? nil : opened
  }

  deinit {
    if let handle { iconv_close(handle) }
  }

  /// Whether the C library has the table; on some systems it is a package of its own.
  var isThere: Bool { handle != nil }

  /// The text in UTF-8, written into the arena; nil if it is no GB18030.
  func convert(_ bytes: UnsafeBufferPointer<UInt8>, arena: ByteArena) -> UnsafeBufferPointer<UInt8>? {
    guard let handle, let base = bytes.baseAddress else { return nil }
    var isValid = false
    // Two bytes become three at most, four become four.
    let room = bytes.count * 2
    let written = arena.write(atMost: room) { out in
      iconv(handle, nil, nil, nil, nil)
      var from: UnsafeMutablePointer<CChar>? = UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(
        to: CChar.self)
      var fromLeft = bytes.count
      var to: UnsafeMutablePointer<CChar>? = UnsafeMutableRawPointer(out).assumingMemoryBound(to: CChar.self)
      var toLeft = room
      isValid = iconv(handle, &from, &fromLeft, &to, &toLeft) != -1
      return room - toLeft
    }
    return isValid ? written : nil
  }
}
