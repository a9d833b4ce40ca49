/// What a calendar says of each date, its own words laid over those of its base.
public struct DayRules: Sendable, Equatable {
  /// Days of the week that are worked.
  public let week: Set<Weekday>
  /// Office hours of a worked day, ascending, not overlapping.
  public let hours: [OfficeHours]
  /// Days that differ from the plain week.
  public let overrides: [CivilDate: DayOverride]
  /// Dates that are holidays every year even past the horizon.
  public let fixedHolidays: Set<MonthDay>
  /// The first published day; nil where everything before is.
  public let publishedFrom: CivilDate?
  /// The last published day; nil where there is no horizon.
  public let publishedUntil: CivilDate?

  /// The rules of a definition over those of its base; nil where neither says which week or hours apply.
  ///
  /// What a base is not published for its layers are not either: they add to it, and cannot know what it lacks.
  public init?(_ definition: CalendarDefinition, over base: DayRules?) {
    guard let week = definition.week ?? base?.week, let hours = definition.hours ?? base?.hours, !hours.isEmpty
    else { return nil }
    self.week = week
    self.hours = hours
    var overrides = base?.overrides ?? [:]
    for day in definition.days { overrides[day.date] = day }
    self.overrides = overrides
    fixedHolidays =
      definition.fixedHolidays.map(Set.init) ?? base?.fixedHolidays
      ?? Set(CalendarDefinition.statutoryFixedHolidays)
    publishedFrom =
      [definition.publishedFrom, base?.publishedFrom].compactMap { $0 }.max() ?? definition.days.map(\.date).min()
    publishedUntil = [definition.publishedUntil, base?.publishedUntil].compactMap { $0 }.min()
  }

  /// Which of some dates from a first one on are worked.
  func worked(from first: CivilDate, count: Int) -> [Bool] {
    let weekdays = Weekday.allCases.map(week.contains)
    let monday = first + -Int(first.weekday.rawValue - 1)
    var worked = (0..<count).map { weekdays[(first + $0 - monday) % 7] }
    func set(_ date: CivilDate, _ value: Bool) {
      let index = date - first
      if worked.indices.contains(index) { worked[index] = value }
    }
    // Within the horizon the published days are the whole truth; beyond it only the fixed dates are known.
    for year in first.fields.year...(first + count).fields.year {
      for day in fixedHolidays {
        guard let date = CivilDate(checkedYear: year, month: day.month, day: day.day) else { continue }
        if date < publishedFrom ?? date || date > publishedUntil ?? date { set(date, false) }
      }
    }
    for day in overrides.values { set(day.date, day.kind == .makeupWorkday) }
    return worked
  }
}
