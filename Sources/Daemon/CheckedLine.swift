/// A line of a file of the state directory: fields apart by tabs, and a checksum, by which a line that was torn by a
/// crash or damaged is known.
enum CheckedLine {
  /// The line of some fields, its line feed included.
  static func make(_ fields: [String]) -> String {
    var line = ""
    for field in fields {
      for byte in field.unicodeScalars {
        switch byte {
        case "\\": line += "\\\\"
        case "\t": line += "\\t"
        case "\n": line += "\\n"
        case "\r": line += "\\r"
        default: line.unicodeScalars.append(byte)
        }
      }
      line += "\t"
    }
    let sum = String(checksum(line.utf8), radix: 16)
    return line + String(repeating: "0", count: 16 - sum.utf8.count) + sum + "\n"
  }

  /// The fields of a line without its line feed; nil where it is not whole.
  static func read(_ line: ArraySlice<UInt8>) -> [String]? {
    guard line.count >= 17, let end = line.lastIndex(of: UInt8(ascii: "\t")), line.endIndex - end == 17,
      UInt64(String(decoding: line[(end + 1)...], as: UTF8.self), radix: 16) == checksum(line[...end])
    else { return nil }
    return line[..<end].split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map(plain)
  }

  /// The lines of a file, and whether there was anything else in it; a last line without its end is torn.
  static func lines(_ bytes: [UInt8]) -> (whole: [[String]], isTorn: Bool, isDamaged: Bool) {
    var whole: [[String]] = []
    var bad = 0
    var isTorn = false
    var rest = bytes[...]
    while !rest.isEmpty {
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      let line = rest[..<(end ?? rest.endIndex)]
      rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
      if end != nil, let fields = read(line) {
        whole.append(fields)
      } else if end == nil {
        isTorn = true
      } else {
        bad += 1
      }
    }
    return (whole, isTorn, bad > 0)
  }

  private static func plain(_ field: ArraySlice<UInt8>) -> String {
    guard field.contains(UInt8(ascii: "\\")) else { return String(decoding: field, as: UTF8.self) }
    var bytes: [UInt8] = []
    var isEscaped = false
    for byte in field {
      if !isEscaped {
        isEscaped = byte == UInt8(ascii: "\\")
        if !isEscaped { bytes.append(byte) }
        continue
      }
      isEscaped = false
      switch byte {
      case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
      case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// FNV-1a, 64 bits.
  private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
