/// Puts a record into the journal's native form: `NAME=value` lines, a value that could be misread with its length.
///
/// The form is that of systemd's "Native Journal Protocol".
struct JournalFormat: Sendable {
  private static let newline = UInt8(ascii: "\n")
  private static let equals = UInt8(ascii: "=")
  private static let prefix = "BIZCLOCK_"
  /// The longest name that the journal takes, in bytes.
  private static let longestName = 64

  /// The value of `SYSLOG_IDENTIFIER`.
  let identifier: String

  /// Appends a record; fields without a value are left out, for the journal knows no null.
  func append(_ record: LogRecord, to bytes: inout [UInt8]) {
    append("MESSAGE", record.message, to: &bytes)
    append("PRIORITY", String(record.priority.rawValue), to: &bytes)
    append("SYSLOG_IDENTIFIER", identifier, to: &bytes)
    if let event = record.event {
      append("MESSAGE_ID", event.messageID, to: &bytes)
      append("BIZCLOCK_EVENT", event.rawValue, to: &bytes)
    }
    // The journal's own time is when it received the record.
    bytes.append(contentsOf: "BIZCLOCK_TIME=".utf8)
    UTCTimestamp.append(record.time, .microseconds, to: &bytes)
    bytes.append(JournalFormat.newline)
    for field in record.fields {
      guard let value = JournalFormat.text(field.value) else { continue }
      JournalFormat.appendName(field.key, to: &bytes)
      JournalFormat.appendValue(value, to: &bytes)
    }
  }

  private func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: name.utf8)
    JournalFormat.appendValue(value, to: &bytes)
  }

  /// The value as text; nil where there is none.
  private static func text(_ value: LogValue) -> String? {
    switch value {
    case .text(let text): text
    case .integer(let integer): String(integer)
    case .double(let double): double.isFinite ? String(double) : nil
    case .bool(let bool): bool ? "true" : "false"
    case .null: nil
    }
  }

  /// Appends the name of a field: capital letters, digits and `_`, at most 64 bytes, for the journal drops any other.
  static func appendName(_ key: String, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: prefix.utf8)
    for byte in key.utf8.prefix(longestName - prefix.utf8.count) {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"): bytes.append(byte - 32)
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): bytes.append(byte)
      default: bytes.append(UInt8(ascii: "_"))
      }
    }
  }

  /// Appends a value to the name that was appended last.
  ///
  /// With a newline or another control character in it, the length goes before it: a newline would begin another
  /// field, of any name that the data chose.
  private static func appendValue(_ value: String, to bytes: inout [UInt8]) {
    var value = value
    value.withUTF8 { utf8 in
      let isPlain = utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
      bytes.append(isPlain ? equals : newline)
      if !isPlain {
        let count = UInt64(utf8.count)
        for shift in stride(from: 0, to: UInt64.bitWidth, by: 8) {
          bytes.append(UInt8(truncatingIfNeeded: count >> UInt64(shift)))
        }
      }
      bytes.append(contentsOf: utf8)
      bytes.append(newline)
    }
  }
}
