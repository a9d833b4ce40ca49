import Feeds

/// Bytes shown to a person: as text, or in hex where they are no text, with a mark under what is at fault.
struct MarkedBytes {
  /// Columns of text in a line.
  static let columns = 96
  /// Most bytes that are shown whole; of more, a part around the mark.
  static let mostBytes = 16_384
  static let partBytes = 8_192

  let bytes: [UInt8]
  /// The bytes' characters; nil if they are no text.
  let characters: [RejectedBytes.Character]?
  let mark: Range<Int>?

  /// The lines: each begins with the number of its first byte, from 1.
  var lines: [String] {
    let part = shown
    var lines = characters.map { text($0, part) } ?? hex(part)
    if part.lowerBound > 0 {
      lines.insert("\(gutter(nil))(\(part.lowerBound) bytes before; --raw writes all)", at: 0)
    }
    if part.upperBound < bytes.count {
      lines.append("\(gutter(nil))(\(bytes.count - part.upperBound) bytes after; --raw writes all)")
    }
    return lines
  }

  /// Which bytes are shown.
  private var shown: Range<Int> {
    guard bytes.count > MarkedBytes.mostBytes else { return 0..<bytes.count }
    let start = max(
      0, min((mark?.lowerBound ?? 0) - MarkedBytes.partBytes / 2, bytes.count - MarkedBytes.partBytes))
    // Hex lines begin at multiples of 16, characters where they begin.
    return start / 16 * 16..<min(bytes.count, start + MarkedBytes.partBytes)
  }

  private func gutter(_ byte: Int?) -> String {
    let number = byte.map(String.init) ?? ""
    return String(repeating: " ", count: max(0, 8 - number.utf8.count)) + number + "  "
  }

  private func isMarked(_ range: Range<Int>) -> Bool { mark?.overlaps(range) ?? false }

  private func text(_ characters: [RejectedBytes.Character], _ part: Range<Int>) -> [String] {
    var lines: [String] = []
    var line = ""
    var under = ""
    var width = 0
    var first = 0
    var at = 0
    func end() {
      lines.append(gutter(first + 1) + line)
      if let last = under.lastIndex(of: "^") { lines.append(gutter(nil) + under[...last]) }
      line = ""
      under = ""
      width = 0
    }
    for character in characters {
      let range = at..<at + character.length
      at = range.upperBound
      guard part.contains(range.lowerBound) else { continue }
      let safe = Terminal.safe(character.text)
      let columns = Terminal.width(safe)
      if width + columns > MarkedBytes.columns, width > 0 { end() }
      if width == 0, line.isEmpty { first = range.lowerBound }
      line += safe
      under += String(repeating: isMarked(range) ? "^" : " ", count: columns)
      width += columns
    }
    // What is missing at the end is marked behind it.
    if let mark, mark.lowerBound >= bytes.count, part.upperBound == bytes.count { under += "^" }
    if !line.isEmpty || under.contains("^") { end() }
    return lines
  }

  /// Bytes as digits.
  static func hex(_ bytes: [UInt8]) -> String { bytes.map(digits).joined() }

  private static func digits(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

  private func hex(_ part: Range<Int>) -> [String] {
    var lines: [String] = []
    for start in stride(from: part.lowerBound, to: part.upperBound, by: 16) {
      let row = start..<min(start + 16, part.upperBound)
      var line = ""
      var text = ""
      var under = ""
      for index in row {
        line += MarkedBytes.digits(bytes[index]) + " "
        under += isMarked(index..<index + 1) ? "^^ " : "   "
        text += (0x20..<0x7f).contains(bytes[index]) ? String(UnicodeScalar(bytes[index])) : "."
      }
      line += String(repeating: "   ", count: 16 - row.count)
      lines.append(gutter(start + 1) + line + " " + text)
      if let last = under.lastIndex(of: "^") { lines.append(gutter(nil) + under[...last]) }
    }
    return lines
  }
}
