import ServiceTime

/// Whether calendars say between which days their lists are complete, and whether the lists look so.
///
/// A year that nobody listed would else be firm and wrong: its holidays would count as worked, and no due time in it
/// would be provisional.
struct HorizonChecks {
  let byID: [String: CalendarReader.Entry]
  /// What calendars say, with their bases; nil where that is not known for other faults.
  private var known: [String: DayRules?] = [:]

  init(byID: [String: CalendarReader.Entry]) { self.byID = byID }

  mutating func check(_ entry: CalendarReader.Entry) {
    guard let rules = rules(of: entry.definition.id) else { return }
    let base = entry.definition.base.flatMap { self.rules(of: $0) }
    if let base { checkBounds(entry, base) }
    checkNamed(entry, rules, base)
    checkYears(entry, rules, base)
  }

  private mutating func rules(of id: String) -> DayRules? {
    if let rules = known[id] { return rules }
    // One that is built on itself asks for itself while it is made: it has none.
    known.updateValue(nil, forKey: id)
    guard let entry = byID[id], entry.hasItsDays else { return nil }
    var base: DayRules?
    if entry.map["base"] != nil {
      guard let rules = entry.definition.base.flatMap({ self.rules(of: $0) }) else { return nil }
      base = rules
    }
    let rules = DayRules(entry.definition, over: base)
    known[id] = rules
    return rules
  }

  /// A layer is published no longer than its base.
  private func checkBounds(_ entry: CalendarReader.Entry, _ base: DayRules) {
    if let until = entry.definition.publishedUntil, let last = base.publishedUntil, until > last {
      entry.map["published_until"]?.remark(
        "\(until) has no effect: the base is published until \(last); move it there, or take it out here")
    }
    if let from = entry.definition.publishedFrom, let first = base.publishedFrom, from < first {
      entry.map["published_from"]?.remark(
        "\(from) has no effect: the base is published from \(first); move it there, or take it out here")
    }
  }

  /// Only a calendar without holidays needs no last published day.
  private func checkNamed(_ entry: CalendarReader.Entry, _ rules: DayRules, _ base: DayRules?) {
    guard rules.lacksHorizon, base?.lacksHorizon != true else { return }
    if let last = rules.overrides.keys.max() {
      entry.id.fault(
        "the calendar has no published_until; add the last day for which its days are complete, for example "
          + "`published_until: \(CivilDate(year: last.fields.year, month: 12, day: 28))`")
    } else {
      entry.id.fault(
        "the calendar has neither days nor published_until; add its days and the last day for which they are complete, "
          + "or `fixed_holidays: []` if it has no holidays")
    }
  }

  /// A layer with the span and the fixed dates of its base has its years, too.
  private func checkYears(_ entry: CalendarReader.Entry, _ rules: DayRules, _ base: DayRules?) {
    if let base, base.publishedFrom == rules.publishedFrom, base.publishedUntil == rules.publishedUntil,
      base.fixedHolidays == rules.fixedHolidays
    {
      return
    }
    let known = base?.unlistedYears ?? []
    let years = rules.unlistedYears.filter { !known.contains($0) }
    guard let first = years.first, let last = years.last else { return }
    let isFixed = !rules.fixedHolidays.isEmpty
    let message =
      "no \(isFixed ? "fixed " : "")holiday of "
      + (first == last ? "\(first)" : "\(years.count) years from \(first) to \(last)")
      + " is listed, but the calendar counts as published; add the days (a file beside the policy file goes before one "
      + "in calendars/), or let published_from and published_until say for which days the lists are complete"
    let field = entry.map["published_until"] ?? entry.id
    if isFixed { field.fault(message) } else { field.remark(message) }
  }
}

extension DayRules {
  fileprivate var lacksHorizon: Bool {
    publishedUntil == nil && !(overrides.isEmpty && fixedHolidays.isEmpty)
  }

  /// Published years that nobody can have listed: their fixed holidays would all be worked. Where none is fixed, those
  /// without any.
  fileprivate var unlistedYears: [Int] {
    guard let until = publishedUntil, !(overrides.isEmpty && fixedHolidays.isEmpty) else { return [] }
    let from = publishedFrom ?? CivilDate(year: until.fields.year, month: 1, day: 1)
    guard from <= until else { return [] }
    let years = from.fields.year...until.fields.year
    guard !fixedHolidays.isEmpty else {
      let listed = Set(overrides.values.filter { $0.kind == .holiday }.map(\.date.fields.year))
      return years.filter { !listed.contains($0) }
    }
    return years.filter { year in
      let dates = fixedHolidays.compactMap { CivilDate(checkedYear: year, month: $0.month, day: $0.day) }
        .filter { $0 >= from && $0 <= until && week.contains($0.weekday) }
      return !dates.isEmpty && dates.allSatisfy { overrides[$0] == nil }
    }
  }
}
