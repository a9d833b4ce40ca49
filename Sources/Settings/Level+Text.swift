import ServiceTime

extension Level.Position {
  private static let example = "due, -1 working_days, +2h or 90%"

  /// Reads a level's place for a commitment with these limits: `due`, `-1 working_days`, `+3 working_days`,
  /// `-2 working_hours`, `-4h`, `90%`.
  init(policyText text: String, limits: [(from: CivilDate, limit: Limit)]) throws(Complaint) {
    if text == "due" {
      self = .due
    } else if text.hasSuffix("%") {
      self = .share(try Level.Position.hundredths(String(text.dropLast())))
    } else if text.contains(where: { $0 == " " || $0 == "\t" }) {
      self = try Level.Position.inUnit(text, limits: limits)
    } else {
      let (sign, amount) = try Level.Position.signed(text, of: text)
      let time = try PlainTime.microseconds(amount)
      guard time > 0 else { throw Complaint("\"\(text)\" is the due time; write due") }
      self = .plain(sign * time)
    }
  }

  private static func signed(_ amount: String, of text: String) throws(Complaint) -> (Int64, String) {
    switch amount.first {
    case "-": return (-1, String(amount.dropFirst()))
    case "+": return (1, String(amount.dropFirst()))
    default:
      guard amount.utf8.first.map({ $0 &- 48 < 10 }) == true else {
        throw Complaint("\"\(text)\" is not a level; write for example \(example)")
      }
      throw Complaint("\"\(text)\" has no sign; write -\(text) for before the due time, +\(text) for after it")
    }
  }

  private static func inUnit(
    _ text: String, limits: [(from: CivilDate, limit: Limit)]
  ) throws(Complaint) -> Level.Position {
    let (amount, unit) = try Limit.split(text, example: example)
    let (sign, rest) = try signed(amount, of: text)
    let size = unit == "working_hours" ? try Limit.officeTime(rest) : Int64(try Limit.dayCount(rest))
    guard size > 0 else { throw Complaint("\"\(text)\" is the due time; write due") }
    for (from, limit) in limits {
      guard limit.unit == unit else {
        throw Complaint(
          "\(unit) is not the unit of the limit from \(from) (\(limit)); use its unit, plain time like -4h, or 90%")
      }
      guard sign > 0 || size <= limit.amount else {
        throw Complaint("\(text) is before the start: the limit from \(from) is \(limit); write a smaller number")
      }
    }
    if unit == "working_hours" { return .officeTime(sign * size) }
    return sign < 0 ? .daysBefore(Int(size)) : .daysAfter(Int(size))
  }

  /// Hundredths of a percent, 0…10,000, of `90` or `92.5`.
  private static func hundredths(_ text: String) throws(Complaint) -> Int64 {
    let value = Percent.hundredths(text)
    guard let value, value <= 10_000 else {
      throw Complaint("\"\(text)%\" is not a share from 0% to 100% with at most two decimals")
    }
    return value
  }
}

/// Reads percentages.
enum Percent {
  /// Hundredths of a percent of a number such as `90`, `92.5` or `92.55`; nil for anything else.
  static func hundredths(_ text: String) -> Int64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let whole = WholeNumber.parse(first) else { return nil }
    guard parts.count == 2 else { return Int64(whole) * 100 }
    guard parts[1].utf8.count <= 2, let decimals = WholeNumber.parse(parts[1]) else { return nil }
    return Int64(whole) * 100 + Int64(decimals) * (parts[1].utf8.count == 1 ? 10 : 1)
  }
}
