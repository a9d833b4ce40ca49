import ServiceTime

/// Reads the spellings of time that the contract allows.
enum OccurrenceTime {
  /// What a text says.
  enum Reading: Equatable {
    case instant(Instant)
    /// A time of day without an offset, in a feed without a zone.
    case lacksOffset
    /// No spelling of the contract, or no such date, or out of range.
    case unreadable
  }

  /// Reads RFC 3339 with offset; without one, in a zone, the four local spellings too.
  @inline(__always)
  static func read(_ bytes: UnsafeBufferPointer<UInt8>, zone: TimeZoneTable?) -> Reading {
    if let instant = Instant.parse(rfc3339: bytes) { return .instant(instant) }
    return readLocal(bytes, zone: zone)
  }

  private static func readLocal(_ bytes: UnsafeBufferPointer<UInt8>, zone: TimeZoneTable?) -> Reading {
    guard let local = local(bytes) else { return .unreadable }
    guard let zone else { return .lacksOffset }
    let instant = zone.instant(local)
    guard instant >= .earliest, instant <= .latest else { return .unreadable }
    return .instant(instant)
  }

  static func local(_ bytes: UnsafeBufferPointer<UInt8>) -> LocalTime? {
    if let (time, used) = LocalTime.parse(isoPrefix: bytes) { return used == bytes.count ? time : nil }
    return compact(bytes) ?? slashed(bytes)
  }

  /// `YYYYMMDDhhmmss` and `YYYYMMDDThhmmss`.
  private static func compact(_ bytes: UnsafeBufferPointer<UInt8>) -> LocalTime? {
    guard bytes.count == 14 || bytes.count == 15 else { return nil }
    if bytes.count == 15, bytes[8] != UInt8(ascii: "T"), bytes[8] != UInt8(ascii: "t") { return nil }
    let time = bytes.count - 6
    guard let year = number(bytes, 0, 4), let month = number(bytes, 4, 2), let day = number(bytes, 6, 2),
      let hour = number(bytes, time, 2), let minute = number(bytes, time + 2, 2),
      let second = number(bytes, time + 4, 2)
    else { return nil }
    return assemble(year, month, day, hour, minute, second)
  }

  /// `YYYY/M/D h:mm[:ss]`, `YYYY-M-D h:mm[:ss]` and `YYYY年M月D日 h:mm[:ss]`, as spreadsheets write it.
  private static func slashed(_ bytes: UnsafeBufferPointer<UInt8>) -> LocalTime? {
    var reader = Reader(bytes: bytes)
    guard let year = reader.number(4...4) else { return nil }
    let isChinese = reader.take("年")
    let mark: Unicode.Scalar = isChinese ? "月" : bytes.count > 4 && bytes[4] == UInt8(ascii: "-") ? "-" : "/"
    guard isChinese || reader.take(mark), let month = reader.number(1...2), reader.take(mark),
      let day = reader.number(1...2), isChinese ? reader.take("日") : reader.at < bytes.count
    else { return nil }
    guard reader.take(" ") || isChinese else { return nil }
    while reader.take(" ") {}
    guard let hour = reader.number(1...2), reader.take(":"), let minute = reader.number(2...2) else { return nil }
    var second = 0
    if reader.take(":") {
      guard let value = reader.number(2...2) else { return nil }
      second = value
    }
    guard reader.at == bytes.count else { return nil }
    return assemble(year, month, day, hour, minute, second)
  }

  private static func assemble(
    _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int
  ) -> LocalTime? {
    guard let date = CivilDate(checkedYear: year, month: month, day: day),
      let time = LocalTime.timeOfDay(hour, minute, second)
    else { return nil }
    return LocalTime(date, timeOfDay: time)
  }

  private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ digits: Int) -> Int? {
    var value = 0
    for index in at..<at + digits {
      let digit = bytes[index] &- 48
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  private struct Reader {
    let bytes: UnsafeBufferPointer<UInt8>
    var at = 0

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      if scalar.isASCII {
        guard at < bytes.count, bytes[at] == UInt8(truncatingIfNeeded: scalar.value) else { return false }
        at += 1
        return true
      }
      let wanted = UTF8.encode(scalar)
      guard let wanted, bytes[at...].starts(with: wanted) else { return false }
      at += wanted.count
      return true
    }

    mutating func number(_ digits: ClosedRange<Int>) -> Int? {
      let start = at
      while at < bytes.count, at - start < digits.upperBound, bytes[at] &- 48 < 10 { at += 1 }
      guard at - start >= digits.lowerBound else { return nil }
      return OccurrenceTime.number(bytes, start, at - start)
    }
  }
}
