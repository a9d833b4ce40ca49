/// Reads spans of plain time: `8h`, `1h30m`, `0h02m`, `90s`.
enum PlainTime {
  /// The longest span that is read: 10,000 h, in microseconds.
  static let longest: Int64 = 10_000 * 3_600_000_000

  /// Microseconds ≥ 0 of a span.
  static func microseconds(_ text: String) throws(Complaint) -> Int64 {
    if text.hasPrefix("-") { throw Complaint("\"\(text)\" is negative; write a span like 8h or 0h30m") }
    guard let value = parse(text) else {
      let remedy = text.hasSuffix("d") ? "a day is written 24h" : "write for example 8h, 1h30m or 90s"
      throw Complaint("\"\(text)\" is not a span of time; \(remedy)")
    }
    guard value <= longest else { throw Complaint("\(text) is more than 10,000 hours") }
    return value
  }

  /// Microseconds of hours, minutes and seconds in this order, each at most once; nil for anything else.
  static func parse(_ text: String) -> Int64? {
    var total: Int64 = 0
    var number: Int64?
    var digits = 0
    var units: [(letter: UInt8, microseconds: Int64)] = [
      (UInt8(ascii: "h"), 3_600_000_000), (UInt8(ascii: "m"), 60_000_000), (UInt8(ascii: "s"), 1_000_000),
    ]
    for byte in text.utf8 {
      if byte &- 48 < 10 {
        digits += 1
        guard digits <= 8 else { return nil }
        number = (number ?? 0) * 10 + Int64(byte &- 48)
      } else {
        guard let value = number, let index = units.firstIndex(where: { $0.letter == byte }) else { return nil }
        total += value * units[index].microseconds
        units.removeFirst(index + 1)
        number = nil
        digits = 0
      }
    }
    return number == nil && units.count < 3 ? total : nil
  }
}
