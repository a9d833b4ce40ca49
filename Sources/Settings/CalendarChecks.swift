import ServiceTime

/// What can only be told of all calendars together: names, bases, regions.
struct CalendarChecks {
  let entries: [CalendarReader.Entry]

  func run() {
    var byID: [String: CalendarReader.Entry] = [:]
    for entry in entries {
      if let other = byID[entry.definition.id] {
        entry.id.fault(
          "the calendar \(entry.definition.id) is already on line \(other.id.node.place.line); choose another id")
      } else {
        byID[entry.definition.id] = entry
      }
    }
    for entry in byID.values { checkBase(entry, byID) }
    checkRegions(byID)
  }

  private func checkBase(_ entry: CalendarReader.Entry, _ byID: [String: CalendarReader.Entry]) {
    guard let field = entry.map["base"] else {
      for (key, example) in [
        ("time_zone", "Asia/Shanghai"), ("week", "mon-fri"), ("hours", "[\"08:30-12:00\", \"14:30-17:30\"]"),
      ] where entry.map[key] == nil {
        entry.id.fault("the calendar has no \(key); add `\(key): \(example)`, or a base")
      }
      entry.map.key("regions")?.fault("regions choose a layer over a base; add the base, or take regions out")
      return
    }
    guard let base = entry.definition.base else { return }
    guard byID[base] != nil else {
      field.fault(Spelling.unknown("calendar", base, among: byID.keys.sorted()))
      return
    }
    var seen: Set<String> = [entry.definition.id]
    var next: String? = base
    while let id = next {
      guard seen.insert(id).inserted else {
        if id == entry.definition.id { field.fault("the calendar \(id) is built on itself; name another base") }
        return
      }
      next = byID[id]?.definition.base
    }
  }

  /// A region prefix chooses one layer for each calendar below it; the longest wins, so only equal ones clash.
  private func checkRegions(_ byID: [String: CalendarReader.Entry]) {
    var claims: [String: String] = [:]
    for entry in entries {
      var below = entry.definition.base
      var seen: Set<String> = []
      var told: Set<String> = []
      while let id = below, seen.insert(id).inserted {
        for prefix in entry.definition.regions {
          let key = "\(id) \(prefix)"
          if let other = claims[key], other != entry.definition.id {
            if told.insert(prefix).inserted {
              entry.map["regions"]?.fault(
                "the region \(prefix) of the base \(id) is already claimed by the calendar \(other); keep one")
            }
          } else {
            claims[key] = entry.definition.id
          }
        }
        below = byID[id]?.definition.base
      }
    }
  }
}
