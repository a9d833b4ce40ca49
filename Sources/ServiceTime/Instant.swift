/// A point on the time line: whole microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct Instant: Hashable, Comparable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z.
  public var microseconds: Int64

  /// An instant from microseconds since 1970-01-01T00:00:00Z.
  @inlinable
  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// An instant from seconds since 1970-01-01T00:00:00Z.
  @inlinable
  public init(seconds: Int64) { self.microseconds = seconds * 1_000_000 }

  /// The first instant the product handles, 1970-01-01T00:00:00Z; earlier times are refused as `bad_time`.
  public static let earliest = Instant(microseconds: 0)
  /// The last instant the product handles, 2099-12-31T00:00:00Z; later times are refused as `bad_time`.
  public static let latest = Instant(microseconds: 4_102_358_400_000_000)

  @inlinable
  public static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }

  /// The instant a number of microseconds later.
  @inlinable
  public static func + (a: Instant, microseconds: Int64) -> Instant {
    Instant(microseconds: a.microseconds + microseconds)
  }

  /// Microseconds from `b` to `a`.
  @inlinable
  public static func - (a: Instant, b: Instant) -> Int64 { a.microseconds - b.microseconds }
}

extension Instant {
  /// Reads RFC 3339 with an offset (`2026-09-18T10:00:00.5+08:00`, `Z`; a blank or `t` may stand for `T`).
  ///
  /// Returns nil for anything else, for civil fields out of range and for times outside `earliest ... latest`.
  /// A leap second (`:60`) counts as the first microsecond of the next minute.
  public init?(rfc3339 text: String) {
    var text = text
    let value = text.withUTF8 { Instant.parse(rfc3339: $0) }
    guard let value else { return nil }
    self = value
  }

  /// Reads RFC 3339 with an offset from UTF-8 bytes; nil as `init?(rfc3339:)`.
  public static func parse(rfc3339 bytes: UnsafeBufferPointer<UInt8>) -> Instant? {
    if let instant = usual(bytes) { return instant }
    guard let (local, used) = LocalTime.parse(isoPrefix: bytes), used < bytes.count else { return nil }
    var at = used
    let sign = bytes[at]
    at += 1
    var offset: Int64 = 0
    if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") {
      guard at == bytes.count else { return nil }
    } else {
      guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
      guard let hours = Digits.two(bytes, at) else { return nil }
      at += 2
      if at < bytes.count, bytes[at] == UInt8(ascii: ":") { at += 1 }
      guard let minutes = Digits.two(bytes, at), at + 2 == bytes.count, hours < 24, minutes < 60 else {
        return nil
      }
      offset = Int64(hours * 60 + minutes) * 60
      if sign == UInt8(ascii: "-") { offset = -offset }
    }
    let instant = Instant(microseconds: local.microseconds - offset * 1_000_000)
    guard instant >= .earliest, instant <= .latest else { return nil }
    return instant
  }

  /// Reads `YYYY-MM-DDThh:mm:ss+hh:mm`, eight bytes at a time; nil for anything else and for what is out of range.
  @inline(__always)
  private static func usual(_ bytes: UnsafeBufferPointer<UInt8>) -> Instant? {
    guard bytes.count == 25, let base = bytes.baseAddress else { return nil }
    let raw = UnsafeRawPointer(base)
    // `0000-00-`, `00T00:00` and `:00+00:0`.
    guard let date = Digits.pairs(raw, 0, shape: 0x2D30_302D_3030_3030, over: 0x7F76_767F_7676_7676),
      let time = Digits.pairs(raw, 8, shape: 0x3030_3A30_3054_3030, over: 0x7676_7F76_767F_7676),
      let rest = Digits.pairs(raw, 16, shape: 0x303A_3030_2B30_303A, over: 0x767F_7676_7F76_767F),
      bytes[24] &- 48 < 10
    else { return nil }
    func number(_ pairs: UInt64, _ at: UInt64) -> Int { Int(truncatingIfNeeded: pairs &>> (8 &* at) & 0xFF) }
    let (month, day) = (number(date, 5), number(time, 0))
    let (hour, minute, second) = (number(time, 3), number(time, 6), number(rest, 1))
    let (offsetHour, offsetMinute) = (number(rest, 4), number(rest, 7) &+ Int(bytes[24] &- 48))
    guard hour < 24, minute < 60, second < 60, offsetHour < 24, offsetMinute < 60,
      let date = CivilDate(checkedYear: number(date, 0) &* 100 &+ number(date, 2), month: month, day: day)
    else { return nil }
    let local = date.dayNumber64 &* 86_400 &+ Int64(hour &* 3600 &+ minute &* 60 &+ second)
    let instant = Instant(seconds: local &- Int64(offsetHour &* 60 &+ offsetMinute) &* 60)
    return instant >= .earliest && instant <= .latest ? instant : nil
  }

  /// RFC 3339 text in the zone, with only as many decimals as needed: `2026-09-18T17:30:00+08:00`.
  public func rfc3339(in zone: TimeZoneTable) -> String {
    let offset = Int64(zone.offset(at: self))
    var out: [UInt8] = []
    out.reserveCapacity(32)
    LocalTime(microseconds: microseconds + offset * 1_000_000).append(to: &out)
    if offset == 0 && zone.isUTC {
      out.append(UInt8(ascii: "Z"))
    } else {
      let minutes = (offset < 0 ? -offset : offset) / 60
      out.append(offset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
      Digits.append(minutes / 60, 2, to: &out)
      out.append(UInt8(ascii: ":"))
      Digits.append(minutes % 60, 2, to: &out)
    }
    return String(decoding: out, as: UTF8.self)
  }
}

extension Instant: CustomStringConvertible {
  /// RFC 3339 in UTC.
  public var description: String { rfc3339(in: .utc) }
}

/// A wall-clock reading without a zone: microseconds from 1970-01-01T00:00:00 on that wall.
public struct LocalTime: Hashable, Comparable, Sendable {
  /// Microseconds from 1970-01-01T00:00:00 on the wall clock.
  public var microseconds: Int64

  /// A reading from microseconds since 1970-01-01T00:00:00 on the wall clock.
  @inlinable
  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// A date and a time of day in microseconds since midnight (may be 24 h).
  @inlinable
  public init(_ date: CivilDate, timeOfDay: Int64 = 0) {
    self.microseconds = date.dayNumber64 * 86_400_000_000 + timeOfDay
  }

  /// Microseconds of a day.
  @usableFromInline static let day: Int64 = 86_400_000_000

  /// The date of the reading.
  @inlinable
  public var date: CivilDate { CivilDate(dayNumber: Int32(microseconds.flooredQuotient(86_400_000_000))) }
  /// Microseconds since midnight.
  @inlinable
  public var timeOfDay: Int64 { microseconds - date.dayNumber64 * 86_400_000_000 }

  @inlinable
  public static func < (a: LocalTime, b: LocalTime) -> Bool { a.microseconds < b.microseconds }

  /// Reads `YYYY-MM-DDThh:mm[:ss[.f…]]` at the head of the bytes (`T`, `t` or one blank between) and says how
  /// many bytes it took; nil if the head is not such a time. Digits past the microsecond are cut off.
  public static func parse(isoPrefix b: UnsafeBufferPointer<UInt8>) -> (LocalTime, used: Int)? {
    guard b.count >= 16,
      let century = Digits.two(b, 0), let year = Digits.two(b, 2), b[4] == UInt8(ascii: "-"),
      let month = Digits.two(b, 5), b[7] == UInt8(ascii: "-"), let day = Digits.two(b, 8),
      b[10] == UInt8(ascii: "T") || b[10] == UInt8(ascii: "t") || b[10] == UInt8(ascii: " "),
      let hour = Digits.two(b, 11), b[13] == UInt8(ascii: ":"), let minute = Digits.two(b, 14),
      let date = CivilDate(checkedYear: century * 100 + year, month: month, day: day)
    else { return nil }
    var at = 16
    var second = 0
    var fraction: Int64 = 0
    if at < b.count, b[at] == UInt8(ascii: ":") {
      guard let value = Digits.two(b, at + 1) else { return nil }
      second = value
      at += 3
      if at < b.count, b[at] == UInt8(ascii: ".") || b[at] == UInt8(ascii: ",") {
        at += 1
        let first = at
        var scale: Int64 = 100_000
        while at < b.count, b[at] &- 48 < 10 {
          fraction += Int64(b[at] &- 48) * scale
          scale /= 10
          at += 1
        }
        guard at > first else { return nil }
      }
    }
    guard let time = timeOfDay(hour, minute, second) else { return nil }
    return (LocalTime(date, timeOfDay: time + (second == 60 ? 0 : fraction)), at)
  }

  /// Microseconds since midnight for hour 0–23, minute 0–59, second 0–60; nil out of range.
  public static func timeOfDay(_ hour: Int, _ minute: Int, _ second: Int) -> Int64? {
    guard hour < 24, minute < 60, second <= 60, hour >= 0, minute >= 0, second >= 0 else { return nil }
    return Int64(hour * 3600 + minute * 60 + second) * 1_000_000
  }
}

extension LocalTime: CustomStringConvertible {
  /// ISO 8601 without a zone: `2026-09-18T17:30:00`, with as many decimals as needed.
  public var description: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends the same as bytes.
  func append(to out: inout [UInt8]) {
    date.append(to: &out)
    let time = timeOfDay
    let seconds = time / 1_000_000
    out.append(UInt8(ascii: "T"))
    Digits.append(seconds / 3600, 2, to: &out)
    out.append(UInt8(ascii: ":"))
    Digits.append(seconds / 60 % 60, 2, to: &out)
    out.append(UInt8(ascii: ":"))
    Digits.append(seconds % 60, 2, to: &out)
    var fraction = time % 1_000_000
    guard fraction != 0 else { return }
    var width = 6
    while fraction % 10 == 0 {
      fraction /= 10
      width -= 1
    }
    out.append(UInt8(ascii: "."))
    Digits.append(fraction, width, to: &out)
  }
}

/// Decimal digits in bytes.
enum Digits {
  /// The number in two digits at an index; nil if they are not both there.
  @inline(__always)
  static func two(_ b: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int? {
    guard at >= 0, at + 1 < b.count else { return nil }
    let high = b[at] &- 48
    let low = b[at + 1] &- 48
    guard high < 10, low < 10 else { return nil }
    return Int(high) * 10 + Int(low)
  }

  /// Of eight bytes that have a digit where the shape has `0` and are as the shape elsewhere: in each byte ten times its
  /// digit and the digit behind it. All eight must be there.
  ///
  /// `over` lifts to 0x80 what is too much: 0x76 a digit past 9, 0x7F a mark that is another.
  @inline(__always)
  static func pairs(_ raw: UnsafeRawPointer, _ at: Int, shape: UInt64, over: UInt64) -> UInt64? {
    let digits = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ shape
    guard ((digits & 0x7F7F_7F7F_7F7F_7F7F) &+ over | digits) & 0x8080_8080_8080_8080 == 0 else { return nil }
    return digits &* 10 &+ digits &>> 8
  }

  /// A number in at least `width` digits.
  static func pad(_ value: Int64, _ width: Int) -> String {
    var out: [UInt8] = []
    append(value, width, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends a number in at least `width` digits.
  static func append(_ value: Int64, _ width: Int, to out: inout [UInt8]) {
    let start = out.count
    var rest = value.magnitude
    repeat {
      out.append(UInt8(truncatingIfNeeded: rest % 10) + 48)
      rest /= 10
    } while rest > 0 || out.count - start < width
    if value < 0 { out.append(UInt8(ascii: "-")) }
    out[start...].reverse()
  }
}

extension Int64 {
  /// The quotient rounded towards negative infinity; the divisor must be positive.
  @inlinable
  func flooredQuotient(_ divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
