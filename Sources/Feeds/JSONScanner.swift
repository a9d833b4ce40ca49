/// Walks over the bytes of one JSON text (RFC 8259) and says where its values stand; builds nothing.
///
/// Every string it passes is checked whole: escapes, surrogate pairs, control characters, UTF-8.
struct JSONScanner {
  /// Where and why a text is not the JSON that was asked for.
  struct Fault: Error {
    var code: RejectCode
    var message: StaticString
    /// Index of the byte at fault.
    var at: Int

    init(_ message: StaticString, at: Int, code: RejectCode = .badJSON) {
      self.code = code
      self.message = message
      self.at = at
    }
  }

  /// A string between its quotes, escapes not undone.
  struct Text {
    var bytes: UnsafeBufferPointer<UInt8>
    var hasEscapes: Bool
  }

  let base: UnsafePointer<UInt8>
  let end: Int
  var at = 0
  /// Where the last number stood that a database cannot hold, if any.
  var hugeNumberAt: Int?

  /// How many bytes may be read: behind the text there may be more, which is not looked at.
  let readable: Int

  /// A scanner over bytes that must stay where they are.
  init(base: UnsafePointer<UInt8>, count: Int, readable: Int? = nil) {
    self.base = base
    self.end = count
    self.readable = readable ?? count
  }

  /// The byte at the cursor; 0 at the end, which no valid text has there.
  @inline(__always)
  var current: UInt8 { at < end ? base[at] : 0 }

  /// The bytes from an index to the cursor.
  @inline(__always)
  func slice(from start: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: base + start, count: at - start)
  }

  /// Passes blanks.
  @inline(__always)
  mutating func skipBlanks() {
    // Most often there are none.
    while at < end, base[at] <= 0x20 {
      let byte = base[at]
      guard byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D else { return }
      at += 1
    }
  }

  /// Passes one byte that must stand at the cursor.
  @inline(__always)
  mutating func expect(_ byte: UInt8, _ message: StaticString) throws(Fault) {
    guard current == byte, at < end else { throw Fault(message, at: at) }
    at += 1
  }

  // MARK: Strings

  /// Passes the string whose opening quote stands at the cursor.
  @inline(__always)
  mutating func scanString() throws(Fault) -> Text {
    let start = at + 1
    var i = start
    var hasEscapes = false
    while true {
      i = plainEnd(from: i)
      guard i < end else { throw Fault("a string is not closed", at: start - 1) }
      let byte = base[i]
      if byte == UInt8(ascii: "\"") { break }
      if byte >= 0x80 {
        // Chinese text comes in runs.
        repeat {
          let length = UTF8Check.sequenceLength(base, i, end)
          guard length > 0 else { throw Fault("not UTF-8", at: i, code: .badEncoding) }
          i += length
        } while i < end && base[i] >= 0x80
      } else if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        i = try escapeEnd(i)
      } else {
        throw Fault("a control character stands unescaped in a string", at: i)
      }
    }
    at = i + 1
    return Text(bytes: UnsafeBufferPointer(start: base + start, count: i - start), hasEscapes: hasEscapes)
  }

  /// Index of the first byte from `i` on that is not plain ASCII text of a string.
  @inline(__always)
  private func plainEnd(from start: Int) -> Int {
    let raw = UnsafeRawPointer(base)
    var i = start
    while end - i >= 8 {
      let hits = JSONScanner.notPlain(UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: i, as: UInt64.self)))
      if hits != 0 { return i + hits.trailingZeroBitCount >> 3 }
      i += 8
    }
    while i < end {
      let byte = base[i]
      if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { return i }
      i += 1
    }
    return i
  }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let tops: UInt64 = 0x8080_8080_8080_8080

  /// The top bit of each of eight bytes that is not plain ASCII text of a string; the lowest such bit is always true.
  @inline(__always)
  static func notPlain(_ word: UInt64) -> UInt64 {
    // A byte's top bit is set where it is less than 0x20.
    (equal(word, 0x22) | equal(word, 0x5C) | (word &- ones &* 0x20) & ~word | word) & tops
  }

  /// The top bit of each of eight bytes that is a certain one; the lowest such bit is always true.
  @inline(__always)
  static func equal(_ word: UInt64, _ byte: UInt64) -> UInt64 {
    let other = word ^ ones &* byte
    return (other &- ones) & ~other & tops
  }

  /// Index after the escape at `i`, a surrogate pair taken together.
  private func escapeEnd(_ i: Int) throws(Fault) -> Int {
    guard i + 1 < end else { throw Fault("a string is not closed", at: i) }
    switch base[i + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return i + 2
    case UInt8(ascii: "u"):
      guard let unit = JSONScanner.hexUnit(base, i + 2, end) else {
        throw Fault("\\u stands without four hexadecimal digits", at: i)
      }
      if unit == 0 { throw Fault("a string holds NUL (\\u0000): take it out", at: i, code: .badField) }
      guard unit & 0xF800 == 0xD800 else { return i + 6 }
      guard unit < 0xDC00, i + 7 < end, base[i + 6] == UInt8(ascii: "\\"), base[i + 7] == UInt8(ascii: "u"),
        let low = JSONScanner.hexUnit(base, i + 8, end), low & 0xFC00 == 0xDC00
      else { throw Fault("a surrogate stands alone", at: i) }
      return i + 12
    default:
      throw Fault("an unknown escape stands in a string", at: i)
    }
  }

  @inline(__always)
  static func hexUnit(_ base: UnsafePointer<UInt8>, _ at: Int, _ end: Int) -> UInt32? {
    guard at + 4 <= end else { return nil }
    var value: UInt32 = 0
    for index in at..<at + 4 {
      let byte = base[index]
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46: digit = byte - 0x37
      case 0x61...0x66: digit = byte - 0x57
      default: return nil
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  // MARK: Numbers and literals

  /// Passes a number.
  mutating func scanNumber() throws(Fault) {
    let start = at
    if current == UInt8(ascii: "-") { at += 1 }
    if current == UInt8(ascii: "0") {
      at += 1
    } else {
      guard skipDigits() else { throw Fault("a value is expected", at: start) }
    }
    if current == UInt8(ascii: ".") {
      at += 1
      guard skipDigits() else { throw Fault("a number breaks off after its point", at: start) }
    }
    if at - start > FeedLimits.numberDigits { hugeNumberAt = start }
    if current | 0x20 == UInt8(ascii: "e") {
      at += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { at += 1 }
      let exponent = at
      guard skipDigits() else { throw Fault("a number breaks off in its exponent", at: start) }
      if at - exponent > FeedLimits.exponentDigits { hugeNumberAt = start }
    }
  }

  private mutating func skipDigits() -> Bool {
    let start = at
    while at < end, base[at] &- 48 < 10 { at += 1 }
    return at > start
  }

  /// Passes `true`, `false` or `null`.
  mutating func scanLiteral(_ word: StaticString) throws(Fault) {
    let length = word.utf8CodeUnitCount
    guard end - at >= length else { throw Fault("a value is expected", at: at) }
    for index in 0..<length where base[at + index] != word.utf8Start[index] {
      throw Fault("a value is expected", at: at)
    }
    at += length
  }

  // MARK: Any value

  /// Passes the value at the cursor; `level` is that of an object or array standing here.
  mutating func skipValue(level: Int) throws(Fault) {
    switch current {
    case UInt8(ascii: "\""): _ = try scanString()
    case UInt8(ascii: "{"): try skipObject(level: level)
    case UInt8(ascii: "["): try skipArray(level: level)
    case UInt8(ascii: "t"): try scanLiteral("true")
    case UInt8(ascii: "f"): try scanLiteral("false")
    case UInt8(ascii: "n"): try scanLiteral("null")
    default: try scanNumber()
    }
  }

  /// Refuses what is nested too deep.
  func checkLevel(_ level: Int) throws(Fault) {
    guard level <= FeedLimits.nesting else { throw Fault("nested deeper than 32 levels", at: at) }
  }

  private mutating func skipObject(level: Int) throws(Fault) {
    try checkLevel(level)
    at += 1
    skipBlanks()
    if current == UInt8(ascii: "}") {
      at += 1
      return
    }
    while true {
      guard current == UInt8(ascii: "\"") else { throw Fault("a key in quotes is expected", at: at) }
      _ = try scanString()
      skipBlanks()
      try expect(UInt8(ascii: ":"), "a colon is expected after a key")
      skipBlanks()
      try skipValue(level: level + 1)
      skipBlanks()
      if current == UInt8(ascii: "}") {
        at += 1
        return
      }
      try expect(UInt8(ascii: ","), "a comma or } is expected")
      skipBlanks()
    }
  }

  private mutating func skipArray(level: Int) throws(Fault) {
    try checkLevel(level)
    at += 1
    skipBlanks()
    if current == UInt8(ascii: "]") {
      at += 1
      return
    }
    while true {
      try skipValue(level: level + 1)
      skipBlanks()
      if current == UInt8(ascii: "]") {
        at += 1
        return
      }
      try expect(UInt8(ascii: ","), "a comma or ] is expected")
      skipBlanks()
    }
  }
}
