import ServiceTime

/// Reads one calendar of a policy file, with the days files that it names.
struct CalendarReader {
  /// A calendar and the mapping it was read from.
  struct Entry {
    var definition: CalendarDefinition
    var map: FieldMap
    var id: Field
    /// Whether all that it says of days could be read.
    var hasItsDays = true
  }

  static let keys = [
    "id", "base", "time_zone", "week", "hours", "days", "regions", "published_from", "published_until",
    "fixed_holidays", "closures",
  ]

  static let closureKeys = ["from", "to", "name"]

  let zoneExists: (String) -> Bool
  let load: FileLoader
  /// Files of closures that were declared, by name.
  var declared: [String: String] = [:]

  /// The calendar, as far as it can be read; nil without an id.
  func entry(_ field: Field) -> Entry? {
    guard let map = field.map(keys: CalendarReader.keys),
      let idField = map.required("id", example: "cn"), let id = idField.identifier()
    else { return nil }
    var definition = CalendarDefinition(id: id)
    definition.base = map["base"]?.identifier()
    definition.timeZone = map["time_zone"]?.value { name throws(Complaint) in
      guard zoneExists(name) else {
        throw Complaint("unknown time zone \"\(name)\"; check its spelling, or install the package tzdata")
      }
      return name
    }
    definition.regions = map["regions"].flatMap { ScopeReader.regionPrefixes($0) } ?? []
    definition.closures =
      closures(map["closures"]) + ClosuresFile.read(calendar: id, in: declared, field.log).closures
    let faults = field.log.count
    definition.week = week(map["week"])
    definition.hours = map["hours"].flatMap { hours($0) }
    definition.publishedFrom = map["published_from"]?.date()
    definition.publishedUntil = map["published_until"]?.date()
    definition.fixedHolidays = fixedHolidays(map["fixed_holidays"])
    let rows = days(map["days"])
    definition.days = rows.map(\.day)
    var entry = Entry(definition: definition, map: map, id: idField)
    checkHorizon(entry, rows)
    entry.hasItsDays = field.log.count == faults
    return entry
  }

  private func week(_ field: Field?) -> Set<Weekday>? {
    guard let field else { return nil }
    guard case .list = field.node.content else {
      return field.value { text throws(Complaint) in try Weekday.week(policyText: text) }
    }
    var week: Set<Weekday> = []
    let items = field.items() ?? []
    if items.isEmpty { field.fault("names no day; write for example mon-fri") }
    for item in items {
      guard let days = item.value({ text throws(Complaint) in try Weekday.week(policyText: text) }) else {
        continue
      }
      if !week.isDisjoint(with: days) { item.fault("names a day twice; keep one") }
      week.formUnion(days)
    }
    return week
  }

  private func hours(_ field: Field) -> [OfficeHours]? {
    guard case .list = field.node.content else {
      return field.value { text throws(Complaint) in try OfficeHours.list(policyText: text) }
    }
    var spans: [OfficeHours] = []
    let items = field.items() ?? []
    if items.isEmpty { field.fault("names no office hours; write for example [\"08:30-12:00\", \"14:30-17:30\"]") }
    for item in items {
      let last = spans.last
      let span = item.value { text throws(Complaint) in
        let span = try OfficeHours(policyText: text)
        if let last { try span.check(after: last) }
        return span
      }
      if let span { spans.append(span) }
    }
    return spans
  }

  private func fixedHolidays(_ field: Field?) -> [MonthDay]? {
    guard let items = field?.items() else { return nil }
    var days: [MonthDay] = []
    for item in items {
      guard let day = item.value({ text throws(Complaint) in try MonthDay(policyText: text) }) else { continue }
      if days.contains(day) { item.fault("is named twice; keep one") } else { days.append(day) }
    }
    return days
  }

  private func closures(_ field: Field?) -> [Closure] {
    (field?.items() ?? []).compactMap { item in
      guard let map = item.map(keys: CalendarReader.closureKeys) else { return nil }
      let from = map.required("from", example: "2024-09-05T18:00:00+08:00")?.instant()
      let to = map["to"].map { $0.instant() }
      let name = map["name"].map { $0.text(longest: 200) ?? "" } ?? ""
      guard let from else { return nil }
      if let end = to, let end, end <= from {
        map["to"]?.fault("the closure ends before it begins; put the later time here")
      }
      return Closure(from: from, to: to ?? nil, name: name)
    }
  }

  /// Days of the files and of the calendar itself, each date once.
  private func days(_ field: Field?) -> [DaysFile.Row] {
    guard let field, let items = field.itemsOrSelf() else { return [] }
    var rows: [DaysFile.Row] = []
    for item in items {
      if case .map = item.node.content {
        if let row = inlineDay(item) { rows.append(row) }
      } else if let name = item.text(longest: 255) {
        rows += fileDays(name, item)
      }
    }
    var first: [CivilDate: DaysFile.Row] = [:]
    return rows.filter { row in
      guard let other = first[row.day.date] else {
        first[row.day.date] = row
        return true
      }
      let place =
        other.file == row.file ? "on line \(other.place.line)" : "in \(other.file) line \(other.place.line)"
      field.log.report(
        file: row.file, place: row.place, path: "date",
        message: "\(row.day.date) is already listed \(place); keep one")
      return false
    }
  }

  private func inlineDay(_ item: Field) -> DaysFile.Row? {
    guard let map = item.map(keys: DaysFile.columns),
      let date = map.required("date", example: "2026-09-18")?.date(),
      let kind = map.required("kind", example: "holiday")?.choice([DayOverride.Kind.holiday, .makeupWorkday])
    else { return nil }
    let hours = map["hours"].flatMap { self.hours($0) }
    if kind == .holiday, map["hours"] != nil {
      map["hours"]?.fault("a holiday has no office hours; leave them out")
    }
    let name = map["name"].flatMap { $0.text(longest: 200) } ?? ""
    return DaysFile.Row(
      day: DayOverride(date: date, kind: kind, name: name, hours: hours), file: item.file, place: item.node.place)
  }

  private func fileDays(_ name: String, _ item: Field) -> [DaysFile.Row] {
    if name.hasPrefix(ClosuresFile.folder) {
      item.fault(
        "the folder \(ClosuresFile.folder) is kept for closures that are declared; put days files elsewhere")
      return []
    }
    guard let text = item.fileText(name, is: "days file", under: "days", example: "cn.csv", load) else { return [] }
    return DaysFile(file: name, log: item.log).rows(text)
  }

  /// A listed day outside the span that the calendar itself says is published means that the span was forgotten:
  /// due times that rest on the day would be called provisional. Where the span is inherited, local days may well
  /// be known before the year is published.
  private func checkHorizon(_ entry: Entry, _ rows: [DaysFile.Row]) {
    let days = rows.map(\.day.date)
    if let from = entry.definition.publishedFrom, let until = entry.definition.publishedUntil, until < from {
      entry.map["published_until"]?.fault("\(until) is before published_from \(from); put the later date here")
    }
    if let until = entry.definition.publishedUntil, let last = days.max(), last > until {
      entry.map["published_until"]?.fault(
        "\(until) is before the listed day \(last); move it to the last day that the lists are complete for")
    }
    if let from = entry.definition.publishedFrom, let first = days.min(), first < from {
      entry.map["published_from"]?.fault("\(from) is after the listed day \(first); move it back or leave it out")
    }
  }
}

extension Field {
  /// An instant in RFC 3339 with an offset.
  func instant() -> Instant? {
    value { text throws(Complaint) in
      guard let instant = Instant(rfc3339: text) else {
        throw Complaint("\"\(text)\" is not a time with an offset; write for example 2024-09-05T18:00:00+08:00")
      }
      return instant
    }
  }
}
