import ServiceTime

/// Writes events as lines of native NDJSON: the contract's field names, times with the zone's offset.
///
/// What an event does not say is left out, and so is `kept`, which is no field of the contract.
public struct EventLineEncoder: Sendable {
  private let zone: TimeZoneTable
  /// The date last written, and its text: events come by date, so it serves for many.
  private var date = CivilDate(dayNumber: .min)
  private var dateText: [UInt8] = []

  /// An encoder that writes times in a zone.
  public init(zone: TimeZoneTable) { self.zone = zone }

  /// Puts one event, with its line feed, at the end of the bytes.
  public mutating func append(_ event: borrowing Event, to line: inout [UInt8]) {
    key("{\"event_id\":", &line)
    text(event.eventID.text, &line)
    key(",\"case_id\":", &line)
    text(event.caseID.text, &line)
    key(",\"type\":", &line)
    text(event.type.name, &line)
    key(",\"occurred_at\":\"", &line)
    time(event.occurredAt, &line)
    line.append(EventLineEncoder.quote)
    if let sequence = event.sequence {
      key(",\"sequence\":", &line)
      DecimalDigits.append(Int(sequence), to: &line)
    }
    field(",\"process\":", event.process, &line)
    field(",\"step\":", event.step, &line)
    field(",\"source\":", event.source.text, &line)
    field(",\"region\":", event.region, &line)
    field(",\"grid\":", event.grid, &line)
    field(",\"service_window\":", event.serviceWindow, &line)
    field(",\"channel\":", event.channel, &line)
    field(",\"entity_name\":", event.entityName, &line)
    field(",\"entity_type\":", event.entityType, &line)
    field(",\"uscc\":", event.uscc, &line)
    if let tags = event.tags {
      key(",\"tags\":[", &line)
      for (index, tag) in tags.enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        text(tag, &line)
      }
      line.append(UInt8(ascii: "]"))
    }
    field(",\"voids\":", event.voids?.text, &line)
    if let days = event.extendDays {
      key(",\"extend_days\":", &line)
      DecimalDigits.append(Int(days), to: &line)
    }
    key("}\n", &line)
  }

  private static let quote = UInt8(ascii: "\"")

  @inline(__always)
  private func key(_ key: StaticString, _ line: inout [UInt8]) {
    line.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
  }

  @inline(__always)
  private func field(_ name: StaticString, _ value: String?, _ line: inout [UInt8]) {
    guard let value else { return }
    key(name, &line)
    text(value, &line)
  }

  private func text(_ value: String, _ line: inout [UInt8]) {
    var value = value
    line.append(EventLineEncoder.quote)
    value.withUTF8 { bytes in
      if bytes.contains(where: EventLineEncoder.needsEscape) {
        for byte in bytes { escape(byte, &line) }
      } else {
        line.append(contentsOf: bytes)
      }
    }
    line.append(EventLineEncoder.quote)
  }

  @inline(__always)
  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == quote || byte == UInt8(ascii: "\\")
  }

  private func escape(_ byte: UInt8, _ line: inout [UInt8]) {
    guard EventLineEncoder.needsEscape(byte) else {
      line.append(byte)
      return
    }
    line.append(UInt8(ascii: "\\"))
    guard byte < 0x20 else {
      line.append(byte)
      return
    }
    let digits = Array("0123456789abcdef".utf8)
    line.append(contentsOf: "u00".utf8)
    line.append(digits[Int(byte >> 4)])
    line.append(digits[Int(byte & 15)])
  }

  // MARK: Times

  private mutating func time(_ instant: Instant, _ line: inout [UInt8]) {
    let offset = Int(zone.offset(at: instant))
    let local = zone.local(instant)
    let date = local.date
    if date != self.date {
      self.date = date
      dateText = Array("\(date)T".utf8)
    }
    line.append(contentsOf: dateText)
    let microseconds = Int(local.timeOfDay)
    let seconds = microseconds / 1_000_000
    two(seconds / 3_600, &line)
    line.append(UInt8(ascii: ":"))
    two(seconds / 60 % 60, &line)
    line.append(UInt8(ascii: ":"))
    two(seconds % 60, &line)
    let fraction = microseconds % 1_000_000
    if fraction != 0 {
      line.append(UInt8(ascii: "."))
      DecimalDigits.append(fraction, width: 6, to: &line)
    }
    line.append(offset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    let minutes = offset.magnitude / 60
    two(Int(minutes / 60), &line)
    line.append(UInt8(ascii: ":"))
    two(Int(minutes % 60), &line)
  }

  @inline(__always)
  private func two(_ value: Int, _ line: inout [UInt8]) {
    line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10))
    line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
  }
}
