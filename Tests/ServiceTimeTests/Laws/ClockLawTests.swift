import Testing

@testable import ServiceTime

/// Laws of verdicts, measures and due times.
@Suite struct ClockLawTests {
  /// on_time or premature ⇔ t1 ≤ due; late or breached ⇔ the level at due was reached, once; and for limits in days
  /// without roll-forward, grace and N = 0, on_time ⇒ counted_days ≤ N and extensions, but for a stop at 24:00.
  @Test(arguments: RandomOffice.seeds) func verdicts(_ seed: UInt64) throws {
    var stopped = 0
    try FoldLawTests.each(seed, 90) { office, example, now, _, name in
      let clocks = CaseFold(events: example.events, rulebook: example.rulebook).clocks(asOf: now)
      for clock in clocks where !clock.isOpen {
        let stop = try #require(clock.stoppedAt)
        let red = clock.reached.filter { $0.level == "red" }
        #expect(red.count == (clock.verdict == .late || clock.breached ? 1 : 0), name)
        if let first = red.first { #expect(first.at < stop && first.at >= first.dueAt, name) }
        guard clock.state == .stopped else {
          #expect(clock.verdict == nil && clock.dueAt == nil, name)
          continue
        }
        stopped += 1
        let due = try #require(clock.dueAt, name)
        #expect((clock.verdict == .onTime || clock.verdict == .premature) == (stop <= due), name)
        #expect((clock.overrun != nil) == (clock.verdict == .late), name)
        if let overrun = clock.overrun { #expect(overrun.time == stop - due && overrun.days >= 0, name) }
        let rules = example.rules
        let isSharp = office.calendar.midnight(office.calendar.date(of: stop)) == stop
        if rules.unit != .workingHours, !rules.rollForward, rules.grace == 0, rules.limit > 0,
          clock.verdict == .onTime, !isSharp
        {
          #expect(clock.measures.countedDays <= rules.limit + clock.extendedDays, name)
        }
        #expect(clock.measures.elapsed == stop - clock.startedAt, name)
        #expect(clock.measures.paused + clock.measures.working <= clock.measures.elapsed, name)
        #expect(clock.measures.paused >= 0 && clock.measures.working >= 0 && clock.measures.countedDays >= 0, name)
      }
    }
    #expect(stopped > 10, "seed \(seed) has hardly a stopped clock")
  }

  /// A later start never has an earlier due; more days, an extension or grace never an earlier one either; and
  /// without pauses the limit is what was counted.
  @Test(arguments: RandomOffice.seeds) func monotonic(_ seed: UInt64) throws {
    let office = try RandomOffice.of(seed: seed)
    for number in 0..<60 {
      var random = SeededGenerator(seed: seed << 32 | UInt64(number))
      var rules = NaiveRules(random: &random)
      let t0 = office.minuteOfDays(2...9, &random)
      let pauses = office.pauses(from: t0, &random).map {
        PauseSpan(from: RandomOffice.instant($0.from), to: RandomOffice.instant($0.to ?? $0.from + 600))
      }
      func reckon(_ rules: NaiveRules, from t0: Int, _ pauses: [PauseSpan], extended: Int = 0) -> Reckoner {
        Reckoner(
          version: rules.version(from: CivilDate(dayNumber: 0)), calendar: office.calendar,
          start: RandomOffice.instant(t0), pauses: pauses, extendedDays: extended)
      }
      let name: Comment = "seed \(seed), case \(number): \(rules), t0 \(t0), \(pauses)"
      let first = reckon(rules, from: t0, [])
      if let due = first.due {
        #expect(due.at >= RandomOffice.instant(t0), name)
        let later = reckon(rules, from: t0 + random.pick(0...3_000), [])
        if let laterDue = later.due { #expect(laterDue.at >= due.at, name) }
        if rules.unit != .workingHours, rules.limit > 0, !rules.rollForward {
          #expect(first.countedDates()?.count == rules.limit, name)
          #expect(first.countedDates()?.last == due.day, name)
        }
      }
      let paused = reckon(rules, from: t0, pauses)
      if let due = first.due, let pausedDue = paused.due { #expect(pausedDue.at >= due.at, name) }
      let extended = reckon(rules, from: t0, pauses, extended: 1)
      if let due = paused.due, let extendedDue = extended.due { #expect(extendedDue.at >= due.at, name) }
      rules.grace += 60
      if let due = paused.due { #expect(reckon(rules, from: t0, pauses).due?.at == due.at + hour, name) }
      // The levels before due lie before it, those after it after.
      if let due = extended.due, rules.unit != .workingHours, rules.limit > 0 {
        for k in 1...rules.limit {
          if let level = extended.instant(of: .daysBefore(k)) { #expect(level.at <= due.at, name) }
        }
        if rules.grace == 60, let level = extended.instant(of: .daysAfter(1)) {
          #expect(level.at > due.at + -hour, name)
        }
      }
      for share in [Int64(1), 5_000, 9_000, 10_000] {
        if let due = paused.due, let level = paused.instant(of: .share(share)) {
          #expect(level.at <= due.at && level.at >= RandomOffice.instant(t0), name)
        }
      }
    }
  }

  /// An open clock past due is breached if it is cancelled then, and its level at due has been reached.
  @Test(arguments: RandomOffice.seeds) func breaches(_ seed: UInt64) throws {
    try FoldLawTests.each(seed, 60) { _, example, now, _, name in
      let open = CaseFold(events: example.events, rulebook: example.rulebook).clocks(asOf: now).last
      guard let open, open.isOpen else { return }
      var withdrawal = Event(
        caseID: "case", source: "desk", eventID: "zzz", type: EventType("withdrawn"), occurredAt: now)
      withdrawal.process = example.commitment.process
      let cancelled = CaseFold(events: example.events + [withdrawal], rulebook: example.rulebook).clocks(asOf: now)
        .last
      #expect(cancelled?.state == .cancelled, name)
      let isPast = open.dueAt.map { now > $0 } ?? false
      #expect(cancelled?.breached == isPast, name)
      #expect(open.reached.contains { $0.level == "red" && $0.at < now } == isPast, name)
    }
  }
}
