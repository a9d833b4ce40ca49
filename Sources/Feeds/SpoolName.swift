/// Names of files as the system has them, bytes, and as they are told.
enum SpoolName {
  /// The name as text: bytes that are not UTF-8, which file servers with another code page write, as `\xB0`.
  static func text(_ key: [CChar]) -> String {
    let bytes = key.dropLast().map { UInt8(bitPattern: $0) }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return bytes.reduce(into: "") { text, byte in
      if byte < 0x80 {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "\\x" + String(byte, radix: 16, uppercase: true)
      }
    }
  }

  /// Whether the name is UTF-8.
  static func isText(_ key: [CChar]) -> Bool {
    String(validating: key.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) != nil
  }

  /// A name's bytes with the zero at their end.
  static func key(_ name: String) -> [CChar] { name.utf8.map { CChar(bitPattern: $0) } + [0] }
}
