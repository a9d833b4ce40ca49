/// Data as it may stand in a message: short, in quotes, with control characters escaped.
enum Excerpt {
  /// Most scalars of the data that a message shows.
  static let maximumScalars = 80

  /// The bytes in double quotes; invalid UTF-8 shows as U+FFFD, what is cut off as an ellipsis.
  static func quoted(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    // A scalar has at most four bytes: more need not be decoded.
    let head = UnsafeBufferPointer(rebasing: bytes.prefix(maximumScalars * 4))
    var out = "\""
    var shown = 0
    var isCut = head.count < bytes.count
    for scalar in String(decoding: head, as: UTF8.self).unicodeScalars {
      guard shown < maximumScalars else {
        isCut = true
        break
      }
      shown += 1
      if scalar == "\"" || scalar == "\\" {
        out += "\\"
        out.unicodeScalars.append(scalar)
      } else if isUnsafe(scalar) {
        out += "\\u{" + String(scalar.value, radix: 16) + "}"
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out + (isCut ? "…\"" : "\"")
  }

  static func quoted(_ text: String) -> String {
    var text = text
    return text.withUTF8 { quoted($0) }
  }

  /// Controls, line and paragraph separators, and marks that turn the direction of text around.
  static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
    default: false
    }
  }
}
