import ServiceTime

/// What can only be told of all calendars together: names, bases, regions, and for how long they are published.
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
    var horizons = HorizonChecks(byID: byID)
    for entry in entries { horizons.check(entry) }
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

  /// A region prefix chooses one layer for each calendar below it; the longest wins, so only equal ones clash. The days
  /// of one that contains it count only where the layer is built on that.
  private func checkRegions(_ byID: [String: CalendarReader.Entry]) {
    var claims: [String: String] = [:]
    for entry in entries {
      var told: Set<String> = []
      for below in bases(of: entry, byID) {
        for prefix in entry.definition.regions {
          let key = "\(below) \(prefix)"
          if let other = claims[key], other != entry.definition.id {
            if told.insert(prefix).inserted {
              entry.map["regions"]?.fault(
                "the region \(prefix) of the base \(below) is already claimed by the calendar \(other); keep one")
            }
          } else {
            claims[key] = entry.definition.id
          }
        }
      }
    }
    for entry in entries {
      let (id, bases) = (entry.definition.id, bases(of: entry, byID))
      var told: Set<String> = []
      for below in bases {
        for prefix in entry.definition.regions {
          let wider = (1..<prefix.utf8.count).reversed().map { String(prefix.prefix($0)) }
          guard let region = wider.first(where: { claims["\(below) \($0)"] != nil }),
            let other = claims["\(below) \(region)"], other != id, !bases.contains(other),
            told.insert("\(prefix) \(other)").inserted
          else { continue }
          entry.map["regions"]?.remark(
            "\(prefix) lies within \(region) of the calendar \(other), of which nothing counts in \(prefix): no day, no "
              + "closure; build \(id) on it (`base: \(other)`)")
        }
      }
    }
  }

  /// The calendars below a layer, the next first.
  private func bases(of entry: CalendarReader.Entry, _ byID: [String: CalendarReader.Entry]) -> [String] {
    var bases: [String] = []
    var seen: Set<String> = []
    var next = entry.definition.base
    while let id = next, seen.insert(id).inserted {
      bases.append(id)
      next = byID[id]?.definition.base
    }
    return bases
  }
}
