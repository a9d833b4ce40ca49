import ServiceTime

extension CommitmentReader {
  static let versionKeys = [
    "from", "limit", "legal_limit", "floor", "day_end", "roll_forward", "start_rule", "closures", "grace", "basis",
  ]

  /// The dated versions, ascending; those that cannot be read are reported and left out.
  func versions(_ map: FieldMap) -> [CommitmentVersion] {
    let example = "[{ from: 2019-01-01, limit: 2 working_days }]"
    guard let list = map.required("versions", example: example), let items = list.items() else { return [] }
    if items.isEmpty { list.fault("names no version; add one, for example \(example)") }
    guard items.count <= CommitmentReader.mostVersions else {
      list.fault("more than \(CommitmentReader.mostVersions) versions; take some out")
      return []
    }
    var last: CivilDate?
    return items.compactMap { item in
      guard let map = item.map(keys: CommitmentReader.versionKeys) else { return nil }
      let from = map.required("from", example: "2019-01-01")
      let date = from?.date()
      if let date, let last, date <= last {
        from?.fault(
          date == last
            ? "another version is already from \(date); give each its own date"
            : "\(date) comes after \(last); list versions by date, the earliest first")
      }
      last = date ?? last
      return version(map, from: date)
    }
  }

  private func version(_ map: FieldMap, from: CivilDate?) -> CommitmentVersion? {
    func limit(_ field: Field?) -> Limit? {
      field?.value { text throws(Complaint) in try Limit(policyText: text) }
    }
    let promised = limit(map.required("limit", example: "2 working_days"))
    let legal = limit(map["legal_limit"])
    let floor = limit(map["floor"])
    if let floor, let promised { checkFloor(map, floor, under: promised) }
    let dayEnd: CommitmentVersion.DayEnd? = map["day_end"].map { $0.choice([.close, .midnight]) } ?? .close
    let startRule: CommitmentVersion.StartRule? =
      map["start_rule"].map { $0.choice([.asIs, .nextWorkingDay]) } ?? .asIs
    let closures: CommitmentVersion.ClosureRule? = map["closures"].map { $0.choice([.pause, .count]) } ?? .pause
    let rollForward = map["roll_forward"].map { $0.flag() } ?? false
    let grace = map["grace"].map { $0.value { text throws(Complaint) in try PlainTime.microseconds(text) } } ?? 0
    let basis = map["basis"].flatMap { $0.text(longest: 1000) }
    guard let from, let promised, let dayEnd, let startRule, let closures, let rollForward, let grace else {
      return nil
    }
    return CommitmentVersion(
      from: from, limit: promised, legalLimit: legal, floor: floor, dayEnd: dayEnd, rollForward: rollForward,
      startRule: startRule, closures: closures, grace: grace, basis: basis)
  }

  private func checkFloor(_ map: FieldMap, _ floor: Limit, under limit: Limit) {
    guard let field = map["floor"] else { return }
    if floor.unit == "working_hours" {
      field.fault("a floor is in days; a limit of working_hours has none")
    } else if floor.unit != limit.unit {
      field.fault("the floor is in \(floor.unit), the limit in \(limit.unit); use the limit's unit")
    } else if floor.amount > limit.amount {
      field.fault("the floor \(floor) is above the limit \(limit); no stop could be right")
    }
  }
}
