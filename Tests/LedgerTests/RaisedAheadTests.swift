import ServiceTime
import Testing

@testable import Ledger

/// Many levels at one instant: all are recorded before the first clock is moved on, and whatever comes between, nothing
/// is lost, told twice or other than it would be without.
@Suite struct RaisedAheadTests {
  private static let morning = local("2026-06-01 09:05")
  /// Where `one_day` is yellow, and where it is red and `opening` yellow.
  private static let yellow = local("2026-06-02 16:15")
  private static let red = local("2026-06-02 17:30")

  /// A leader in a database where 25 clocks wait for the yellow level; it moves four on at once.
  private func with(
    _ body: @Sendable (TestLedger, Projector) async throws -> Void
  ) async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await self.leader(ledger)
      let events = (10..<35).map { Event.told("K\($0)", "accepted", "2026-06-01 09:00") }
      try await ledger.tell(leader, events, at: RaisedAheadTests.morning)
      try await body(ledger, leader)
    }
  }

  private func leader(_ ledger: TestLedger) async throws -> Projector {
    try await ledger.leader { $0.levelsMoved = 4 }
  }

  private func waiting(_ ledger: TestLedger, until instant: Instant) async throws -> Int {
    try await ledger.connection.run { session in
      let found = try session.execute(
        "SELECT count(*) FROM bizclock.clock WHERE next_level_at <= $1", [.timestamptz(instant.microseconds)])
      return Int(try found.int8(0, 0))
    }
  }

  private func through(_ ledger: TestLedger) async throws -> Instant {
    try await ledger.connection.run { session in
      Instant(
        microseconds: try session.execute("SELECT levels_through FROM bizclock.projector").timestamptz(0, 0))
    }
  }

  /// Writes all waiting lines, a few at a time; gives them as event and alert.
  private func tellAll(_ ledger: TestLedger, limit: Int = 3) async throws -> [String] {
    try await ledger.connection.run { session in
      var told: [String] = []
      while true {
        let lines = try Outbox.pending(&session, limit: limit, summaries: false)
        guard !lines.isEmpty else { return told }
        told += lines.map { "\($0.event) \($0.subject?.description ?? "")" }
        try Outbox.written(lines, at: local("2026-06-10 00:00"), &session)
      }
    }
  }

  private func ids(_ level: String) -> [String] { (10..<35).map { "alert.raised K\($0)/one_day/1/\(level)/1" } }

  @Test func allAreRecordedBeforeClocksAreMoved() async throws {
    try await with { ledger, leader in
      let now = RaisedAheadTests.yellow
      #expect(
        try await ledger.raise(leader, at: now) == LevelStep(raised: 25, more: false, next: now, isMoving: true))
      #expect(try await through(ledger) == now)
      #expect(try await waiting(ledger, until: now) == 25)
      #expect(try await ledger.verify().differenceCount == 0)
      for left in [21, 17, 13, 9, 5, 1] {
        #expect(
          try await ledger.raise(leader, at: now) == LevelStep(raised: 0, more: false, next: now, isMoving: true))
        #expect(try await waiting(ledger, until: now) == left)
      }
      #expect(
        try await ledger.raise(leader, at: now) == LevelStep(raised: 0, more: false, next: RaisedAheadTests.red))
      #expect(try await waiting(ledger, until: now) == 0)
      #expect(try await tellAll(ledger) == ids("yellow"))
      try await expectRows(
        ledger.column("SELECT fields ->> 'raised' FROM bizclock.log_outbox"), ["25"])
    }
  }

  /// Few have their clocks moved on at once.
  @Test func fewAreMovedAtOnce() async throws {
    try await with { ledger, _ in
      let leader = try await ledger.leader { $0.levelsMoved = 25 }
      #expect(
        try await ledger.raise(leader, at: RaisedAheadTests.yellow)
          == LevelStep(raised: 25, more: false, next: RaisedAheadTests.red))
      #expect(try await waiting(ledger, until: RaisedAheadTests.yellow) == 0)
      #expect(try await tellAll(ledger) == ids("yellow"))
    }
  }

  /// More than one transaction records: they are raised with their clocks until the rest fits.
  @Test func moreThanABurst() async throws {
    try await with { ledger, _ in
      let leader = try await ledger.leader {
        $0.levelsMoved = 4
        $0.levelBatch = 5
        $0.burst = 16
      }
      let now = RaisedAheadTests.yellow
      for _ in 0..<2 {
        #expect(try await ledger.raise(leader, at: now) == LevelStep(raised: 5, more: true, next: now))
        #expect(try await through(ledger) < now)
      }
      #expect(
        try await ledger.raise(leader, at: now) == LevelStep(raised: 15, more: false, next: now, isMoving: true))
      #expect(try await through(ledger) == now)
      try await ledger.catchUp(leader, now: now)
      #expect(try await tellAll(ledger) == ids("yellow"))
    }
  }

  /// A leader that dies after any number of steps: the next one finds all there, raises and tells nothing again.
  @Test(arguments: 0...7) func anotherLeader(_ steps: Int) async throws {
    try await with { ledger, leader in
      for _ in 0..<steps { _ = try await ledger.raise(leader, at: RaisedAheadTests.yellow) }
      let next = try await self.leader(ledger)
      // The old one does nothing more.
      if steps > 0 { #expect(try await ledger.raise(leader, at: RaisedAheadTests.yellow).raised == nil) }
      let step = try await ledger.raise(next, at: RaisedAheadTests.yellow)
      #expect(step.raised == (steps == 0 ? 25 : 0) && !step.more)
      try await ledger.catchUp(next, now: RaisedAheadTests.yellow)
      #expect(try await waiting(ledger, until: RaisedAheadTests.yellow) == 0)
      #expect(try await tellAll(ledger) == ids("yellow"))
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Half of the lines are written, and the program dies: the other half is there for the next.
  @Test func linesLeftBehind() async throws {
    try await with { ledger, leader in
      _ = try await ledger.raise(leader, at: RaisedAheadTests.yellow)
      try await ledger.connection.run { session in
        let lines = try Outbox.pending(&session, limit: 3, summaries: false)
        #expect(lines.count == 25)
        #expect(try ServiceStatus.read(&session, now: RaisedAheadTests.yellow)?.unlogged == 25)
        try Outbox.written(Array(lines.prefix(12)), at: RaisedAheadTests.yellow + 1, &session)
        #expect(try ServiceStatus.read(&session, now: RaisedAheadTests.yellow)?.unlogged == 13)
        #expect(try ServiceFigures.pulse(&session)?.linesWaiting == 13)
      }
      #expect(try await tellAll(ledger) == Array(ids("yellow").dropFirst(12)))
      try await expectRows(
        ledger.column("SELECT count(*)::text FROM bizclock.alert WHERE logged_at = level_at + '1us'"), ["12"])
      try await expectRows(ledger.column("SELECT event FROM bizclock.log_outbox"), ["alert.summary"])
    }
  }

  /// The next level of a clock that is not moved on yet is raised on its instant all the same.
  @Test func aFurtherLevelOfAClockThatWaits() async throws {
    try await with { ledger, leader in
      for _ in 0..<3 { _ = try await ledger.raise(leader, at: RaisedAheadTests.yellow) }
      #expect(try await waiting(ledger, until: RaisedAheadTests.yellow) == 17)
      // 25 of one_day turn red, 25 of opening yellow.
      let step = try await ledger.raise(leader, at: RaisedAheadTests.red)
      #expect(step.raised == 50 && !step.more)
      #expect(try await through(ledger) == RaisedAheadTests.red)
      try await ledger.catchUp(leader, now: RaisedAheadTests.red)
      #expect(try await waiting(ledger, until: RaisedAheadTests.red) == 0)
      let told = try await tellAll(ledger)
      #expect(told.count == 75 && Set(told).count == 75)
      #expect(Array(told.prefix(25)) == ids("yellow"))
    }
  }

  /// What is known by then to end is told to be resolved, after it was told to be raised.
  @Test func endsAhead() async throws {
    try await with { ledger, leader in
      try await ledger.tell(
        leader, [.told("K12", "completed", "2026-06-02 16:18")], at: RaisedAheadTests.yellow + -60_000_000)
      _ = try await ledger.raise(leader, at: RaisedAheadTests.yellow)
      let told = try await tellAll(ledger)
      #expect(told == ids("yellow") + ["alert.resolved K12/one_day/1/yellow/1"])
    }
  }

  /// Withdrawn before its clock was moved on, and before its line was written: both are told, in their order.
  @Test func withdrawnMeanwhile() async throws {
    try await with { ledger, leader in
      _ = try await ledger.raise(leader, at: RaisedAheadTests.yellow)
      try await ledger.tell(
        leader, [.told("K12", "completed", "2026-06-02 10:00")], at: RaisedAheadTests.yellow + 1)
      try await ledger.catchUp(leader, now: RaisedAheadTests.yellow + 2)
      let told = try await tellAll(ledger)
      #expect(told == ids("yellow") + ["alert.withdrawn K12/one_day/1/yellow/1"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Raised anew among many others, it has a line and a history of its own.
  @Test func raisedAnew() async throws {
    try await with { ledger, leader in
      try await ledger.catchUp(leader, now: RaisedAheadTests.yellow)
      let paused = Event.told("K12", "correction_requested", "2026-06-02 10:00")
      try await ledger.tell(leader, [paused], at: RaisedAheadTests.yellow + 1)
      let others = (40..<45).map { Event.told("K\($0)", "accepted", "2026-06-03 09:00") }
      try await ledger.tell(
        leader, [.told("K12", "correction_received", "2026-06-03 10:00")] + others, at: local("2026-06-03 10:00"))
      #expect(try await tellAll(ledger).contains("alert.withdrawn K12/one_day/1/yellow/1"))
      try await ledger.catchUp(leader, now: local("2026-06-04 16:15"))
      let told = try await tellAll(ledger)
      #expect(told.filter { $0.contains("K12/one_day") } == ["alert.raised K12/one_day/1/yellow/1"])
      #expect(told.filter { $0.contains("K4") }.count == 5)
      try await expectRows(
        ledger.column("SELECT case_id FROM bizclock.alert_history WHERE known_until >= '2026-06-04'"), ["K12"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// The wall clock is set back while clocks wait to be moved on, and a case comes whose level lies between.
  @Test func theClockIsSetBack() async throws {
    try await with { ledger, leader in
      let now = local("2026-06-02 16:20")
      _ = try await ledger.raise(leader, at: now)
      let back = RaisedAheadTests.yellow + 60_000_000
      // Yellow at 16:18.
      try await ledger.append([.told("K9", "accepted", "2026-06-01 09:30")], receivedAt: back)
      _ = try await ledger.connection.run { try leader.projectNext(&$0, now: back) }
      _ = try await ledger.raise(leader, at: now)
      #expect(try await tellAll(ledger).contains("alert.raised K9/one_day/1/yellow/1"))
      try await ledger.catchUp(leader, now: now)
      #expect(try await tellAll(ledger).isEmpty)
      #expect(try await waiting(ledger, until: now) == 0)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// History that is put off while a burst is on waits for nothing that was taken for recorded.
  @Test func historyMeanwhile() async throws {
    try await with { ledger, _ in
      let leader = try await ledger.leader {
        $0.levelsMoved = 4
        $0.batch = 1
      }
      let now = RaisedAheadTests.yellow
      _ = try await ledger.raise(leader, at: now)
      try await ledger.append(
        [.told("H1", "accepted", "2026-05-28 09:00"), .told("H2", "accepted", "2026-05-28 09:00")],
        receivedAt: now, history: true)
      _ = try await ledger.connection.run { try leader.projectNext(&$0, now: now) }
      #expect(leader.isBehind && leader.ahead == nil)
      try await ledger.catchUp(leader, now: now)
      try await expectRows(
        ledger.column("SELECT count(*)::text FROM bizclock.alert WHERE retrospective AND case_id LIKE 'H%'"), ["8"])
      #expect(try await tellAll(ledger) == ids("yellow"))
      #expect(try await waiting(ledger, until: now) == 0)
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// A random office, hour by hour, with steps left undone and leaders that change: in the end all is as it is where each
  /// level's clock is moved on at once.
  @Test(arguments: [1, 2, 3]) func theSameAsAtOnce(_ seed: UInt64) async throws {
    let events = try OrderTests.simulated(cases: 40, overruns: 400)
    func live(ahead: Bool) async throws -> (dump: [String], told: [String]) {
      try await TestLedger.with { ledger async throws in
        var random = SeededGenerator(seed: seed)
        func lead() async throws -> Projector {
          try await ledger.leader { settings in
            settings.levelsMoved = ahead ? 1 : 10_000
            settings.cachedCases = 20
          }
        }
        var leader = try await lead()
        var told: [String] = []
        var rest = events[...]
        // Some come hours or a day late.
        var late: [Event] = []
        while let first = rest.first ?? late.first {
          let now = max(first.occurredAt, local("2026-03-02 08:00")) + Int64(random.next() % 24) * 3_600_000_000
          let come = rest.prefix { $0.occurredAt <= now }
          rest = rest.dropFirst(come.count)
          var given = late
          late = []
          for event in come {
            if !rest.isEmpty, random.next() % 8 == 0 { late.append(event) } else { given.append(event) }
          }
          try await ledger.append(given, receivedAt: now)
          let current = leader
          try await ledger.connection.run { session in
            while case .projected = try current.projectNext(&session, now: now) {}
            while try current.raiseLevels(&session, now: now).more {}
          }
          let steps = random.next() % 6
          for _ in 0..<steps { _ = try await ledger.raise(leader, at: now) }
          if random.next() % 5 == 0 { leader = try await lead() }
          if random.next() % 3 == 0 { told += try await tellAll(ledger, limit: 20) }
          if random.next() % 10 == 0 { #expect(try await ledger.verify().differenceCount == 0) }
        }
        try await ledger.catchUp(leader, now: local("2026-07-01 00:00"))
        told += try await tellAll(ledger)
        return (try await ledger.dump(), told.sorted())
      }
    }
    let ahead = try await live(ahead: true)
    let atOnce = try await live(ahead: false)
    #expect(ahead.dump == atOnce.dump, "\(ahead.dump.difference(from: atOnce.dump).prefix(4))")
    #expect(ahead.told == atOnce.told, "\(ahead.told.difference(from: atOnce.told).prefix(4))")
    #expect(ahead.told.count > 100)
  }
}
