import ServiceTime

extension Weekday {
  /// Reads the worked days of a week: `mon-fri`, `mon,tue,thu`, `sun-thu` (over the week's end).
  static func week(policyText text: String) throws(Complaint) -> Set<Weekday> {
    var week: Set<Weekday> = []
    func add(_ day: Weekday) throws(Complaint) {
      guard week.insert(day).inserted else { throw Complaint("\(day.shortName) is named twice in \"\(text)\"") }
    }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      var days: [Weekday] = []
      for end in ends {
        let name = end.trimming(while: { $0 == " " })
        guard let day = Weekday(shortName: name) else {
          throw Complaint(
            Spelling.unknown("day", name, among: Weekday.allCases.map(\.shortName)) + " (as in mon-fri or mon,wed)")
        }
        days.append(day)
      }
      guard let first = days.first, let last = days.last, days.count <= 2 else {
        throw Complaint("\"\(text)\" is not a week; write for example mon-fri or mon,tue,thu")
      }
      if days.count == 1 {
        try add(first)
        continue
      }
      var raw = first.rawValue
      while true {
        if let day = Weekday(rawValue: raw) { try add(day) }
        if raw == last.rawValue { break }
        raw = raw % 7 + 1
      }
    }
    return week
  }
}

extension StringProtocol {
  /// The text without matching characters at both ends.
  func trimming(while matches: (Character) -> Bool) -> String {
    let head = drop(while: matches)
    return String(head.reversed().drop(while: matches).reversed())
  }
}
