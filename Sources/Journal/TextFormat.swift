/// A line for a person: time, priority, message, then `key=value`.
struct TextFormat: LineFormat {
  /// Whether the priority is coloured; data never is.
  let isColoured: Bool
  /// The keys that are not shown.
  let omitted: Set<String>

  func append(_ record: LogRecord, to line: inout [UInt8]) {
    UTCTimestamp.append(record.time, .milliseconds, to: &line)
    line.append(UInt8(ascii: " "))
    appendPriority(record.priority, to: &line)
    line.append(UInt8(ascii: " "))
    appendEscaped(record.message, quoted: false, to: &line)
    if let event = record.event {
      line.append(contentsOf: " event=".utf8)
      line.append(contentsOf: event.rawValue.utf8)
    }
    for field in record.fields where field.value != .null && !omitted.contains(field.key) {
      line.append(UInt8(ascii: " "))
      appendWord(field.key, to: &line)
      line.append(UInt8(ascii: "="))
      switch field.value {
      case .text(let text): appendWord(text, to: &line)
      case .integer(let integer): line.append(contentsOf: String(integer).utf8)
      case .double(let double): line.append(contentsOf: String(double).utf8)
      case .bool(let bool): line.append(contentsOf: (bool ? "true" : "false").utf8)
      case .null: break
      }
    }
  }

  private func appendPriority(_ priority: LogPriority, to line: inout [UInt8]) {
    let colour = isColoured ? TextFormat.colour(of: priority) : nil
    if let colour { line.append(contentsOf: colour.utf8) }
    line.append(contentsOf: priority.name.utf8)
    if colour != nil { line.append(contentsOf: "\u{1b}[0m".utf8) }
    for _ in priority.name.utf8.count..<9 { line.append(UInt8(ascii: " ")) }
  }

  private static func colour(of priority: LogPriority) -> String? {
    switch priority {
    case .emergency, .alert, .critical: "\u{1b}[1;31m"
    case .error: "\u{1b}[31m"
    case .warning: "\u{1b}[33m"
    case .notice: "\u{1b}[36m"
    case .info: nil
    case .debug: "\u{1b}[2m"
    }
  }

  /// Appends text that reads as one word: quoted if it is empty or holds a blank, a quote, a backslash or `=`.
  private func appendWord(_ text: String, to line: inout [UInt8]) {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy(TextFormat.isPlain)
    if !isPlain { line.append(UInt8(ascii: "\"")) }
    appendEscaped(text, quoted: !isPlain, to: &line)
    if !isPlain { line.append(UInt8(ascii: "\"")) }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\"): false
    default: true
    }
  }

  /// Appends text with control characters as `\u{1b}`, so that data can neither end the line nor drive the
  /// terminal.
  private func appendEscaped(_ text: String, quoted: Bool, to line: inout [UInt8]) {
    var text = text
    text.withUTF8 { bytes in
      var at = 0
      while at < bytes.count {
        let (code, length) = ControlScan.control(in: bytes, at: at)
        if let code {
          line.append(contentsOf: "\\u{".utf8)
          line.append(contentsOf: String(code, radix: 16).utf8)
          line.append(UInt8(ascii: "}"))
        } else {
          let isSyntax = bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "\\")
          if quoted && isSyntax { line.append(UInt8(ascii: "\\")) }
          line.append(bytes[at])
        }
        at += length
      }
    }
  }
}
