import Glibc

/// Tells the encoding of a CSV file without a mark from its first bytes.
///
/// - UTF-16, where the bytes hold NULs, are valid UTF-16 in one byte order as far as they go, and have a line break or
///   delimiter and more characters of ASCII than units whose two bytes are both printable ASCII.
/// - UTF-8 or GB18030, by the first line that only one of them explains: one that is no UTF-8 but GB18030, or one that
///   is UTF-8 with characters of three bytes or more, as all Chinese ones are.
/// - UTF-8, where all lines are ASCII or may be either.
enum EncodingGuess {
  /// The byte order of UTF-16 without a mark; nil if it is none.
  static func utf16(_ head: UnsafeBufferPointer<UInt8>) -> UTF16Order? {
    guard let base = head.baseAddress, memchr(base, 0, head.count) != nil else { return nil }
    let little = evidence(head, .little)
    let big = evidence(head, .big)
    if little == big { return nil }
    return little > big ? .little : .big
  }

  /// How many characters of ASCII speak for a byte order; 0 if something speaks against it.
  private static func evidence(_ head: UnsafeBufferPointer<UInt8>, _ order: UTF16Order) -> Int {
    guard let base = head.baseAddress else { return 0 }
    var ascii = 0
    var twoLetters = 0
    var hasStructure = false
    var wantsLow = false
    for at in stride(from: 0, to: head.count - 1, by: 2) {
      let unit = order.unit(base, at)
      let isLow = unit & 0xFC00 == 0xDC00
      if isLow != wantsLow { return 0 }
      wantsLow = unit & 0xFC00 == 0xD800
      switch unit {
      case 0x0A, 0x0D, 0x09, 0x2C, 0x3B:
        hasStructure = true
        ascii += 1
      case 0x20..<0x7F: ascii += 1
      default: if isPrintable(base[at]), isPrintable(base[at + 1]) { twoLetters += 1 }
      }
    }
    return hasStructure && ascii > twoLetters ? ascii : 0
  }

  private static func isPrintable(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F }

  /// What a text's lines tell; nil if they are all ASCII.
  static func text(_ head: UnsafeBufferPointer<UInt8>, _ converter: GB18030Converter) -> RowEncoding.Known? {
    let arena = ByteArena()
    var isEither = false
    var rest = head[...]
    while !rest.isEmpty {
      let end = rest.firstIndex { $0 == 0x0A || $0 == 0x0D } ?? rest.endIndex
      let line = UnsafeBufferPointer(rebasing: rest[rest.startIndex..<end])
      rest = rest[min(end + 1, rest.endIndex)...]
      if UTF8Check.isASCII(line) { continue }
      if UTF8Check.firstInvalid(line) == nil {
        if UTF8Check.hasLongSequence(line) { return .utf8 }
        isEither = true
      } else {
        arena.reset(capacity: line.count * 2)
        if converter.convert(line, arena: arena) != nil { return .gb18030 }
      }
    }
    return isEither ? .utf8 : nil
  }
}
