extension ShareCommitment {
  /// Over what time a share is reckoned; a period is told by its first day.
  public enum Period: String, Sendable {
    case month, quarter, year

    /// How many months it has.
    public var months: Int {
      switch self {
      case .month: 1
      case .quarter: 3
      case .year: 12
      }
    }

    /// The first day of the period in which a date lies.
    public func first(of date: CivilDate) -> CivilDate {
      let (year, month, _) = date.fields
      return CivilDate(year: year, month: (month - 1) / months * months + 1, day: 1)
    }

    /// The first day of the next period.
    public func next(_ first: CivilDate) -> CivilDate {
      let (year, month, _) = first.fields
      return month + months > 12
        ? CivilDate(year: year + 1, month: 1, day: 1) : CivilDate(year: year, month: month + months, day: 1)
    }

    /// The first day of the period before.
    public func previous(_ first: CivilDate) -> CivilDate { self.first(of: first + -1) }

    /// How people call the period that begins on a day: `2026-11`, `2026-Q4`, `2026`.
    public func name(_ first: CivilDate) -> String {
      let (year, month, _) = first.fields
      let digits = Digits.pad(Int64(year), 4)
      return switch self {
      case .month: digits + "-" + Digits.pad(Int64(month), 2)
      case .quarter: digits + "-Q\((month - 1) / 3 + 1)"
      case .year: digits
      }
    }

    /// The number of the period that begins on a day, as alerts carry it: the year and month, `202611`.
    public func number(_ first: CivilDate) -> Int32 {
      let (year, month, _) = first.fields
      return Int32(clamping: year * 100 + month)
    }

    /// The first day of the period of a number.
    public static func first(number: Int32) -> CivilDate {
      CivilDate(year: Int(number) / 100, month: min(max(Int(number) % 100, 1), 12), day: 1)
    }
  }
}
