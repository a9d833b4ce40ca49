import Testing

@testable import ServiceTime

/// The product's sums against a plain walk, day by day and minute by minute.
@Suite struct OracleTests {
  static let casesPerOffice = 90

  @Test(arguments: RandomOffice.seeds) func reckonedAsWalked(_ seed: UInt64) throws {
    let office = try RandomOffice.of(seed: seed)
    for number in 0..<OracleTests.casesPerOffice {
      var random = SeededGenerator(seed: seed << 32 | UInt64(number))
      OracleTests.compare(office, &random, "seed \(seed), case \(number)")
    }
  }

  private static func compare(_ office: RandomOffice, _ random: inout SeededGenerator, _ name: String) {
    let rules = NaiveRules(random: &random)
    let t0 = office.minuteOfDays(2...9, &random)
    var pauses = office.pauses(from: t0, &random)
    let extended = random.chance(25) ? random.pick(1...2) : 0
    let t1 = max(t0, office.minuteOfDays(3...18, &random))
    let stoppedAt = random.chance(50) ? t1 : nil
    // The stop ends every open pause, and none begins after it.
    if let stoppedAt {
      pauses = pauses.filter { $0.from <= stoppedAt }.map { ($0.from, min($0.to ?? stoppedAt, stoppedAt)) }
    }
    let walk = NaiveClock(
      office.naive, rules, t0: t0, pauses: pauses, extended: extended, stoppedAt: stoppedAt,
      openMinutes: office.openMinutes, windowStart: office.windowStart)
    let reckoner = Reckoner(
      version: rules.version(from: CivilDate(dayNumber: 0)), calendar: office.calendar,
      start: RandomOffice.instant(t0),
      pauses: pauses.map { PauseSpan(from: RandomOffice.instant($0.from), to: $0.to.map(RandomOffice.instant)) },
      extendedDays: extended, stoppedAt: stoppedAt.map(RandomOffice.instant))
    let what: Comment = "\(name): \(rules), t0 \(t0), pauses \(pauses), extended \(extended), t1 \(t1)"

    #expect(Int(reckoner.startDate.dayNumber) == walk.s, what)
    let due = walk.due
    #expect(reckoner.due?.at == due.map { RandomOffice.instant($0.at) }, what)
    #expect(reckoner.due.map { Int($0.day.dayNumber) } == due?.day, what)
    #expect(reckoner.due?.provisional == due?.isProvisional, what)
    for position in positions(rules, &random) {
      let level = walk.instant(position)
      let found = reckoner.instant(of: position)
      #expect(found?.at.microseconds == level?.at, "\(position) \(what)")
      #expect(found?.provisional == level?.isProvisional, "\(position) \(what)")
    }
    let end = RandomOffice.instant(t1)
    #expect(reckoner.measures(at: end) == walk.measures(t1), what)
    #expect(reckoner.verdict(stoppedAt: end) == walk.verdict(t1), what)
    #expect(reckoner.overrun(stoppedAt: end) == walk.overrun(t1), what)
    if rules.limit + extended > 0, let due {
      let counted = (walk.s + 1...max(due.day, walk.s + 1)).filter { date in
        date <= due.day && walk.isCounted(date) && !(due.isRolled && date == due.day)
      }
      #expect(reckoner.countedDates()?.map { Int($0.dayNumber) } == counted, what)
    }
  }

  private static func positions(_ rules: NaiveRules, _ random: inout SeededGenerator) -> [Level.Position] {
    var all: [Level.Position] = [.due, .plain(Int64(random.pick(-3_000...600)) * minute)]
    if rules.unit == .workingHours {
      all.append(.officeTime(Int64(random.pick(-rules.limit...300)) * minute))
    } else {
      if rules.limit > 0 { all.append(.daysBefore(random.pick(1...rules.limit))) }
      all.append(.daysAfter(random.pick(1...3)))
    }
    if random.chance(40) { all.append(.share(Int64(random.pick([0, 1, 3_333, 5_000, 9_000, 10_000])))) }
    return all
  }
}
