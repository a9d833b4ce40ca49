import ServiceTime

extension Limit {
  static let units = ["working_days", "calendar_days", "working_hours"]
  /// The most days of a limit.
  static let mostDays = 3_660

  /// Reads `2 working_days`, `7 calendar_days`, `1h30m working_hours`, number and unit in either order.
  init(policyText text: String) throws(Complaint) {
    let (amount, unit) = try Limit.split(text, example: "2 working_days or 1h30m working_hours")
    if amount.hasPrefix("-") { throw Complaint("\"\(text)\" is negative; a limit is not") }
    if unit == "working_hours" {
      let time = try Limit.officeTime(amount)
      guard time > 0 else { throw Complaint("a limit of working_hours must be more than 0") }
      self = .workingHours(time)
      return
    }
    let days = try Limit.dayCount(amount)
    if unit == "working_days" {
      self = .workingDays(days)
    } else {
      guard days > 0 else {
        throw Complaint("0 calendar_days is no limit; write at least 1, or 0 working_days for the same day")
      }
      self = .calendarDays(days)
    }
  }

  /// The amount and the unit of a text of two words in either order.
  static func split(_ text: String, example: String) throws(Complaint) -> (amount: String, unit: String) {
    let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    guard words.count == 2 else {
      throw Complaint("\"\(text)\" is not an amount and a unit; write for example \(example)")
    }
    if units.contains(words[1]) { return (words[0], words[1]) }
    if units.contains(words[0]) { return (words[1], words[0]) }
    let word = words.first { $0.utf8.first.map { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A } == true }
    throw Complaint(Spelling.unknown("unit", word ?? words[1], among: units))
  }

  /// A count of days, 0…3,660.
  static func dayCount(_ amount: String) throws(Complaint) -> Int {
    guard let days = WholeNumber.parse(amount) else {
      throw Complaint("\"\(amount)\" is not a whole number of days")
    }
    guard days <= mostDays else { throw Complaint("\(amount) days are more than 3,660") }
    return days
  }

  /// Office time in microseconds: whole hours or a span such as `1h30m`, at most 10,000 h.
  static func officeTime(_ amount: String) throws(Complaint) -> Int64 {
    guard let hours = WholeNumber.parse(amount) else { return try PlainTime.microseconds(amount) }
    guard hours <= 10_000 else { throw Complaint("\(amount) hours are more than 10,000") }
    return Int64(hours) * 3_600_000_000
  }

  /// The amount alone, to compare limits of one unit: days, or microseconds.
  var amount: Int64 {
    switch self {
    case .workingDays(let days), .calendarDays(let days): Int64(days)
    case .workingHours(let time): time
    }
  }
}

/// Reads whole numbers without sign.
enum WholeNumber {
  /// The number in at most 9 digits; nil for anything else.
  static func parse(_ text: some StringProtocol) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ $0 &- 48 < 10 }) else { return nil }
    return Int(text)
  }
}
