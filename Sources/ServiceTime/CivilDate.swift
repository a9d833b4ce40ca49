/// A date of the Gregorian calendar, apart from any zone: days since 1970-01-01.
public struct CivilDate: Hashable, Comparable, Sendable {
  /// Days since 1970-01-01.
  public var dayNumber: Int32

  /// A date from days since 1970-01-01.
  @inlinable
  public init(dayNumber: Int32) { self.dayNumber = dayNumber }

  /// Days since 1970-01-01, wide enough to reckon with.
  @inlinable
  public var dayNumber64: Int64 { Int64(dayNumber) }

  /// The date of a year, month 1–12 and day 1–31; a day past its month's end runs on into the next.
  public init(year: Int, month: Int, day: Int) {
    // Days from civil, after Howard Hinnant: years begin in March so that leap days come last.
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    self.dayNumber = Int32(era * 146_097 + dayOfEra - 719_468)
  }

  /// The date, or nil if there is no such date or its year is not within 1–9999.
  public init?(checkedYear year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
    guard day <= CivilDate.daysInMonth(year: year, month: month) else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// Reads `YYYY-MM-DD`; nil for anything else.
  public init?(_ text: String) {
    var text = text
    let date = text.withUTF8 { b -> CivilDate? in
      guard b.count == 10, b[4] == UInt8(ascii: "-"), b[7] == UInt8(ascii: "-"),
        let century = Digits.two(b, 0), let year = Digits.two(b, 2),
        let month = Digits.two(b, 5), let day = Digits.two(b, 8)
      else { return nil }
      return CivilDate(checkedYear: century * 100 + year, month: month, day: day)
    }
    guard let date else { return nil }
    self = date
  }

  /// Year, month 1–12 and day 1–31.
  public var fields: (year: Int, month: Int, day: Int) {
    let z = Int(dayNumber) + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let mp = (5 * dayOfYear + 2) / 153
    let month = mp < 10 ? mp + 3 : mp - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * mp + 2) / 5 + 1)
  }

  /// The day of the week.
  public var weekday: Weekday {
    // 1970-01-01 was a Thursday.
    let index = (Int(dayNumber) % 7 + 7 + 3) % 7
    return Weekday(rawValue: UInt8(index + 1)) ?? .monday
  }

  /// Days in a month, 28–31.
  public static func daysInMonth(year: Int, month: Int) -> Int {
    switch month {
    case 2: (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  @inlinable
  public static func < (a: CivilDate, b: CivilDate) -> Bool { a.dayNumber < b.dayNumber }
  /// The date a number of days later.
  @inlinable
  public static func + (a: CivilDate, days: Int) -> CivilDate {
    CivilDate(dayNumber: a.dayNumber + Int32(clamping: days))
  }
  /// Days from `b` to `a`.
  @inlinable
  public static func - (a: CivilDate, b: CivilDate) -> Int { Int(a.dayNumber) - Int(b.dayNumber) }
}

extension CivilDate: CustomStringConvertible {
  /// `YYYY-MM-DD`.
  public var description: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends the same as bytes.
  func append(to out: inout [UInt8]) {
    let (year, month, day) = fields
    Digits.append(Int64(year), 4, to: &out)
    out.append(UInt8(ascii: "-"))
    Digits.append(Int64(month), 2, to: &out)
    out.append(UInt8(ascii: "-"))
    Digits.append(Int64(day), 2, to: &out)
  }
}

/// A day of the week, ISO numbering (Monday is 1).
public enum Weekday: UInt8, CaseIterable, Sendable, Hashable {
  case monday = 1
  case tuesday, wednesday, thursday, friday, saturday, sunday

  /// The English short name in lower case: `mon` … `sun`.
  public var shortName: String {
    switch self {
    case .monday: "mon"
    case .tuesday: "tue"
    case .wednesday: "wed"
    case .thursday: "thu"
    case .friday: "fri"
    case .saturday: "sat"
    case .sunday: "sun"
    }
  }

  /// The weekday of a short name `mon` … `sun`.
  public init?(shortName: String) {
    guard let day = Weekday.allCases.first(where: { $0.shortName == shortName }) else { return nil }
    self = day
  }
}
