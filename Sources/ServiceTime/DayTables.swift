/// What a calendar reckons with: one row per date from 1969-12-30 through 2110-12-31, and sums of the rows before it.
struct DayTables: Sendable {
  static let first = CivilDate(year: 1969, month: 12, day: 30)
  static let last = CivilDate(year: 2110, month: 12, day: 31)

  /// Instants of local midnight, one more than there are dates, in microseconds.
  let midnights: [Int64]
  /// Instants of close(d), in microseconds.
  let closes: [Int64]
  /// How many worked dates come before a date, one more than there are dates.
  let workedBefore: [Int32]
  /// Offsets into the table of all worked dates, ascending.
  let workedDates: [Int32]
  /// Office time before a date, in microseconds, one more than there are dates.
  let officeBefore: [Int64]

  /// The tables of rules in a zone. What comes out as in those of the base, which are in the same zone, is kept once
  /// for both: a policy may have hundreds of layers.
  init(_ rules: DayRules, in zone: TimeZoneTable, sharing base: DayTables?) {
    let count = DayTables.last - DayTables.first + 1
    let midnights =
      base?.midnights ?? (0...count).map { zone.instant(LocalTime(DayTables.first + $0)).microseconds }
    let worked = rules.worked(from: DayTables.first, count: count)
    let usualClose = rules.hours.last?.close ?? 0
    let ownHours = rules.overrides.compactMapValues(\.hours)
    var closes: [Int64] = []
    var workedBefore: [Int32] = []
    var workedDates: [Int32] = []
    var officeBefore: [Int64] = []
    closes.reserveCapacity(count)
    workedBefore.reserveCapacity(count + 1)
    workedDates.reserveCapacity(count)
    officeBefore.reserveCapacity(count + 1)
    var office: Int64 = 0
    for index in 0..<count {
      let (midnight, isPlain) = (midnights[index], midnights[index + 1] - midnights[index] == LocalTime.day)
      func at(_ second: Int32) -> Int64 {
        if isPlain { return midnight + Int64(second) * 1_000_000 }
        return zone.instant(LocalTime(DayTables.first + index, timeOfDay: Int64(second) * 1_000_000)).microseconds
      }
      workedBefore.append(Int32(workedDates.count))
      officeBefore.append(office)
      guard worked[index] else {
        closes.append(at(usualClose))
        continue
      }
      let hours = ownHours.isEmpty ? rules.hours : ownHours[DayTables.first + index] ?? rules.hours
      closes.append(at(hours.last?.close ?? usualClose))
      workedDates.append(Int32(index))
      for span in hours { office += max(0, at(span.close) - at(span.open)) }
    }
    workedBefore.append(Int32(workedDates.count))
    officeBefore.append(office)
    func shared<Value: Equatable>(_ mine: [Value], _ theirs: [Value]?) -> [Value] {
      if let theirs, theirs == mine { theirs } else { mine }
    }
    self.midnights = midnights
    self.closes = shared(closes, base?.closes)
    self.workedBefore = shared(workedBefore, base?.workedBefore)
    self.workedDates = shared(workedDates, base?.workedDates)
    self.officeBefore = shared(officeBefore, base?.officeBefore)
  }
}
