/// One JSON object a line: `time`, `priority`, `event` if there is one, `message`, then the fields in their order.
struct JSONLineFormat: LineFormat {
  /// Whether `<3>` and the like, which the journal takes off a line, say its priority.
  var prefixesPriority = false

  func append(_ record: LogRecord, to line: inout [UInt8]) {
    if prefixesPriority { line.append(contentsOf: "<\(record.priority.rawValue)>".utf8) }
    line.append(contentsOf: "{\"time\":\"".utf8)
    UTCTimestamp.append(record.time, .microseconds, to: &line)
    line.append(contentsOf: "\",\"priority\":\"".utf8)
    line.append(contentsOf: record.priority.name.utf8)
    if let event = record.event {
      line.append(contentsOf: "\",\"event\":\"".utf8)
      line.append(contentsOf: event.rawValue.utf8)
    }
    line.append(contentsOf: "\",\"message\":".utf8)
    appendString(record.message, to: &line)
    for field in record.fields {
      line.append(UInt8(ascii: ","))
      appendString(field.key, to: &line)
      line.append(UInt8(ascii: ":"))
      append(field.value, to: &line)
    }
    line.append(UInt8(ascii: "}"))
  }

  private func append(_ value: LogValue, to line: inout [UInt8]) {
    switch value {
    case .text(let text): appendString(text, to: &line)
    case .integer(let integer): line.append(contentsOf: String(integer).utf8)
    // JSON has no word for not-a-number or the infinities.
    case .double(let double): line.append(contentsOf: (double.isFinite ? String(double) : "null").utf8)
    case .bool(let bool): line.append(contentsOf: (bool ? "true" : "false").utf8)
    case .null: line.append(contentsOf: "null".utf8)
    }
  }

  /// Appends a quoted string; what could end the line, or drive a terminal that shows it, is escaped.
  ///
  /// A String is always valid Unicode, so no unpaired surrogate and no stray byte can come out.
  private func appendString(_ text: String, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { bytes in
      var start = 0
      var at = 0
      while at < bytes.count {
        let (code, length) = ControlScan.control(in: bytes, at: at)
        let isSyntax = bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "\\")
        guard code != nil || isSyntax else {
          at += 1
          continue
        }
        line.append(contentsOf: bytes[start..<at])
        if let code {
          appendEscape(code, to: &line)
        } else {
          line.append(UInt8(ascii: "\\"))
          line.append(bytes[at])
        }
        at += length
        start = at
      }
      line.append(contentsOf: bytes[start..<at])
    }
    line.append(UInt8(ascii: "\""))
  }

  private func appendEscape(_ code: UInt16, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "\\"))
    switch code {
    case 0x08: line.append(UInt8(ascii: "b"))
    case 0x09: line.append(UInt8(ascii: "t"))
    case 0x0A: line.append(UInt8(ascii: "n"))
    case 0x0C: line.append(UInt8(ascii: "f"))
    case 0x0D: line.append(UInt8(ascii: "r"))
    default:
      line.append(UInt8(ascii: "u"))
      for shift in [12, 8, 4, 0] as [UInt16] {
        line.append(ControlScan.hexDigit(UInt8(truncatingIfNeeded: code >> shift & 0xF)))
      }
    }
  }
}
