/// RFC 3339 in UTC with a fixed number of decimals, so that lines sort as text.
enum UTCTimestamp {
  /// How many decimals of a second are written.
  enum Precision {
    case milliseconds
    case microseconds
  }

  // Four-digit years are all RFC 3339 has: 0000-01-01T00:00:00Z ... 9999-12-31T23:59:59.999999Z.
  private static let range: ClosedRange<Int64> = -62_167_219_200_000_000...253_402_300_799_999_999

  /// Appends microseconds since 1970 as `2026-09-18T02:00:00.000000Z`; a time no RFC 3339 can hold becomes the
  /// nearest that it can.
  static func append(_ time: Int64, _ precision: Precision, to line: inout [UInt8]) {
    let time = min(max(time, range.lowerBound), range.upperBound)
    let (second, microsecond) = floorDivide(time, 1_000_000)
    let (day, secondOfDay) = floorDivide(second, 86_400)
    // Civil date from days, after Howard Hinnant: years begin in March so that leap days come last.
    let (era, dayOfEra) = floorDivide(day + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

    append(year, digits: 4, to: &line)
    line.append(UInt8(ascii: "-"))
    append(month, digits: 2, to: &line)
    line.append(UInt8(ascii: "-"))
    append(dayOfYear - (153 * shifted + 2) / 5 + 1, digits: 2, to: &line)
    line.append(UInt8(ascii: "T"))
    append(secondOfDay / 3600, digits: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    append(secondOfDay / 60 % 60, digits: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    append(secondOfDay % 60, digits: 2, to: &line)
    line.append(UInt8(ascii: "."))
    switch precision {
    case .milliseconds: append(microsecond / 1000, digits: 3, to: &line)
    case .microseconds: append(microsecond, digits: 6, to: &line)
    }
    line.append(UInt8(ascii: "Z"))
  }

  private static func floorDivide(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
    return remainder < 0 ? (quotient - 1, remainder + b) : (quotient, remainder)
  }

  private static func append(_ value: Int64, digits: Int, to line: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }
}
