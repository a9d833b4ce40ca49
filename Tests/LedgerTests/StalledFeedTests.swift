import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// What the ledger knows of silent feeds, and marks while they are.
@Suite struct StalledFeedTests {
  private static let morning = local("2026-06-01 09:05")

  private func alerts(_ ledger: TestLedger) async throws -> [String] {
    try await ledger.column(
      """
      SELECT concat_ws(' ', a.case_id, a.level, a.feed_stalled, CASE WHEN a.retrospective THEN 'retrospective' END,
        (SELECT o.fields ->> 'feed_stalled' FROM bizclock.log_outbox o WHERE o.event = 'alert.raised'
          AND o.case_id = a.case_id AND o.commitment = a.commitment AND o.level = a.level ORDER BY o.id DESC LIMIT 1))
      FROM bizclock.alert a WHERE a.commitment = 'opening' ORDER BY a.case_id, a.level_at
      """)
  }

  private func stall(_ ledger: TestLedger, _ isStalled: Bool = true) async throws {
    try await ledger.execute("UPDATE bizclock.feed SET stalled = \(isStalled) WHERE name = 'test'")
  }

  private func append(_ ledger: TestLedger, _ events: [Event], at now: Instant) async throws {
    try await ledger.connection.run { session in
      var appender = Appender()
      _ = try appender.append(
        AppendBatch(feed: "other", source: "other", events: events, receivedAt: now), on: &session)
    }
  }

  private func other(_ caseID: String, _ type: EventType, _ at: String) -> Event {
    var event = Event.told(caseID, type, at)
    event.source = "other"
    return event
  }

  /// A feed that was renamed leaves a silent row behind; its successor brings the same source.
  @Test func aRenamedFeedIsNotSilent() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: StalledFeedTests.morning)
      try await ledger.execute(
        "INSERT INTO bizclock.feed (name, source, stalled) SELECT 'former', source, true FROM bizclock.feed")
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30"))
      try await expectRows(alerts(ledger), ["K1 yellow f"])
      try await ledger.tell(leader, [.told("K2", "accepted", "2026-06-01 09:00")], at: local("2026-06-02 17:40"))
      try await expectRows(alerts(ledger), ["K1 yellow f", "K2 yellow f"])
    }
  }

  /// A feed that was renamed while it still delivered: its row would say for ever that it is not silent, but it is served
  /// no more. One that was only misspelt for a while is gone, and back when it is served again.
  @Test func whatIsServedNoMoreSaysNothing() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: StalledFeedTests.morning)
      func serve(_ names: [String], _ at: String) async throws {
        try await ledger.connection.run { session in
          for name in names { try FeedRegister.register(name, source: "test", now: local(at), on: &session) }
        }
      }
      try await serve(["test", "successor"], "2026-06-01 09:00")
      try await ledger.execute("UPDATE bizclock.feed SET stalled = true WHERE name = 'successor'")
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30"))
      try await expectRows(alerts(ledger), ["K1 yellow f"])
      try await serve(["successor", "mispelt"], "2026-06-03 09:00")
      _ = try await ledger.raise(leader, at: local("2026-06-03 17:30"))
      // The misspelt one is served, too.
      try await expectRows(alerts(ledger), ["K1 yellow f", "K1 red f"])
      let known = "SELECT feed FROM dashboard.feed_health ORDER BY feed"
      try await expectRows(ledger.column(known), ["mispelt", "successor", "test"])
      try await serve(["successor"], "2026-06-03 09:31")
      try await expectRows(ledger.column(known), ["successor", "test"])
      let status = try await ledger.connection.run { try ServiceStatus.read(&$0, now: local("2026-06-03 09:31")) }
      #expect(status?.feeds.map(\.name) == ["successor", "test"])
      _ = try await ledger.raise(leader, at: local("2026-06-08 17:30"))
      try await expectRows(alerts(ledger), ["K1 yellow f", "K1 red f", "K1 escalated t true"])
      try await serve(["mispelt"], "2026-06-03 09:40")
      try await expectRows(ledger.column(known), ["mispelt", "successor", "test"])
    }
  }

  /// Events that name a source of their own, as CloudEvents do, are known to be the feed's that brought them; a sender
  /// that names ever more of them fills no table.
  @Test func sourcesThatEventsName() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      var far = Event.told("K1", "accepted", "2026-06-01 09:00")
      far.source = "https://far.example"
      try await ledger.tell(
        leader, [far, .told("K2", "accepted", "2026-06-01 09:00")], at: StalledFeedTests.morning)
      try await ledger.execute("UPDATE bizclock.feed SET source = 'office'")
      try await stall(ledger)
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30"))
      try await expectRows(alerts(ledger), ["K1 yellow t true", "K2 yellow f"])
      let many = (0..<2_500).map { number in
        var event = Event.told("M", "inspected", "2026-06-01 09:00", id: "\(number)")
        event.source = Identifier("s\(number)")
        return event
      }
      try await ledger.append(many, batch: 300)
      let count = try await ledger.column("SELECT (count(*) BETWEEN 1000 AND 2000)::text FROM bizclock.feed_source")
      #expect(count == ["true"])
    }
  }

  /// On their instant, and by what comes in of another feed: only of cases that the silent feed brings events of, and
  /// not of what is history.
  @Test func marksWhatIsRaised() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: StalledFeedTests.morning)
      try await append(ledger, [other("K2", "accepted", "2026-06-01 09:00")], at: StalledFeedTests.morning)
      try await ledger.catchUp(leader, now: StalledFeedTests.morning)
      try await stall(ledger)
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30"))
      try await expectRows(alerts(ledger), ["K1 yellow t true", "K2 yellow f"])
      // Projected past the instant.
      try await append(
        ledger, [other("K1", "inspected", "2026-06-02 10:00"), other("K2", "inspected", "2026-06-02 10:00")],
        at: local("2026-06-03 18:00"))
      try await append(ledger, [other("K3", "accepted", "2026-06-01 09:00")], at: local("2026-06-03 18:00"))
      try await ledger.connection.run { session in
        while case .projected = try leader.projectNext(&session, now: local("2026-06-03 18:00")) {}
      }
      try await expectRows(
        alerts(ledger),
        [
          "K1 yellow t true", "K1 red t true", "K2 yellow f", "K2 red f", "K3 yellow f retrospective", "K3 red f",
        ])
      try await stall(ledger, false)
      _ = try await ledger.raise(leader, at: local("2026-06-08 17:30"))
      try await expectRows(
        alerts(ledger).filter { $0.contains("escalated") }, ["K1 escalated f", "K2 escalated f", "K3 escalated f"])
      #expect(try await ledger.verify().differenceCount == 0)
    }
  }

  /// Raised anew under its id: what counts is then.
  @Test(arguments: [true, false]) func raisedAnew(_ isStalledFirst: Bool) async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: StalledFeedTests.morning)
      try await stall(ledger, isStalledFirst)
      _ = try await ledger.raise(leader, at: local("2026-06-03 17:30"))
      let done = other("K1", "completed", "2026-06-02 16:00")
      try await append(ledger, [done], at: local("2026-06-03 18:00"))
      try await ledger.catchUp(leader, now: local("2026-06-03 18:00"))
      try await stall(ledger, !isStalledFirst)
      try await append(ledger, [.void(done, "2026-06-03 18:01")], at: local("2026-06-03 18:01"))
      try await ledger.catchUp(leader, now: local("2026-06-03 18:01"))
      let flag = isStalledFirst ? "f" : "t true"
      try await expectRows(alerts(ledger), ["K1 yellow \(flag)", "K1 red \(flag)"])
    }
  }

  /// An amended alert keeps what was true when it was raised.
  @Test func amended() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: StalledFeedTests.morning)
      try await stall(ledger)
      _ = try await ledger.raise(leader, at: local("2026-06-03 17:30"))
      try await stall(ledger, false)
      try await append(ledger, [other("K1", "accepted", "2026-05-29 09:00")], at: local("2026-06-03 18:00"))
      try await ledger.catchUp(leader, now: local("2026-06-03 18:00"))
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', level, feed_stalled, amended_at IS NOT NULL) FROM bizclock.alert
          WHERE commitment = 'opening' ORDER BY level_at
          """), ["yellow t t", "red t t"])
    }
  }

  /// The first delivery takes the mark back and says so once; a mark set while it waits for the row is seen.
  @Test func resumes() async throws {
    try await TestLedger.with { ledger async throws in
      let first = try await ledger.append(
        [.told("K1", "accepted", "2026-06-01 09:00")], receivedAt: StalledFeedTests.morning)
      #expect(!first.hasResumed)
      try await stall(ledger)
      let second = try await ledger.append([], receivedAt: local("2026-06-02 09:00"))
      #expect(!second.hasResumed)
      let third = try await ledger.append(
        [.told("K1", "accepted", "2026-06-01 09:00")], receivedAt: local("2026-06-02 10:00"))
      #expect(third.duplicate == 1 && third.hasResumed && third.silentSince == StalledFeedTests.morning)
      let fourth = try await ledger.append(
        [.told("K2", "accepted", "2026-06-01 09:00")], receivedAt: local("2026-06-02 11:00"))
      #expect(!fourth.hasResumed)

      let marking = try await ledger.connect()
      try await marking.run { session in
        try session.begin()
        _ = try session.execute("UPDATE bizclock.feed SET stalled = true WHERE name = 'test'")
      }
      let appending = Task {
        let connection = try await ledger.connect()
        let outcome = try await connection.run { session in
          var appender = Appender()
          return try appender.append(
            AppendBatch(
              feed: "test", source: "test", events: [.told("K3", "accepted", "2026-06-01 09:00")],
              receivedAt: local("2026-06-02 12:00")), on: &session)
        }
        await connection.close()
        return outcome
      }
      let blocked =
        "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      while try await ledger.column(blocked) != ["1"] {}
      try await marking.run { try $0.commit() }
      #expect(try await appending.value.hasResumed)
      try await expectRows(ledger.column("SELECT stalled::text FROM bizclock.feed"), ["false"])
      await marking.close()
    }
  }

  /// Known from the first look on; marked once, and not if it delivered since it was looked at.
  @Test func register() async throws {
    try await TestLedger.with { ledger async throws in
      let (one, two) = (local("2026-06-01 08:00"), local("2026-06-01 10:00"))
      try await ledger.connection.run { session in
        let first = try FeedRegister.look(at: "test", source: "test", now: one, on: &session)
        #expect(first == FeedRegister.Entry(lastReceivedAt: nil, watchedSince: one, isStalled: false))
        #expect(try FeedRegister.look(at: "test", source: "test", now: two, on: &session).watchedSince == one)
        #expect(try !FeedRegister.clear("test", on: &session))
        #expect(try FeedRegister.stall("test", as: first, on: &session))
        #expect(try !FeedRegister.stall("test", as: first, on: &session))
        #expect(try FeedRegister.look(at: "test", source: "test", now: two, on: &session).isStalled)
        #expect(try FeedRegister.clear("test", on: &session))
      }
      try await ledger.append([.told("K1", "accepted", "2026-06-01 09:00")], receivedAt: two)
      try await ledger.connection.run { session in
        let stale = FeedRegister.Entry(lastReceivedAt: nil, watchedSince: one, isStalled: false)
        #expect(try !FeedRegister.stall("test", as: stale, on: &session))
        let now = try FeedRegister.look(at: "test", source: "test", now: two, on: &session)
        #expect(now.quietSince == two)
        #expect(try FeedRegister.stall("test", as: now, on: &session))
        #expect(try ServiceStatus.read(&session, now: two)?.feeds.map(\.isStalled) == [true])
      }
    }
  }

  /// A source that was mistaken is corrected by whoever registers, looks or counts next, and marks go by it.
  @Test func theSourceFollowsTheConfiguration() async throws {
    try await TestLedger.with { ledger async throws in
      func sources() async throws -> [String] {
        try await ledger.column(
          "SELECT concat_ws(' ', name, source, watched_since) FROM bizclock.feed ORDER BY name")
      }
      try await ledger.connection.run { session in
        try FeedRegister.register("test", source: "mistaken", now: StalledFeedTests.morning, on: &session)
        try FeedRegister.register("other", source: "other", now: StalledFeedTests.morning, on: &session)
      }
      try await expectRows(sources(), ["other other", "test mistaken"])
      try await ledger.connection.run {
        try FeedRegister.register("test", source: "again", now: StalledFeedTests.morning, on: &$0)
      }
      try await expectRows(sources(), ["other other", "test again"])
      let leader = try await ledger.leader()
      try await ledger.tell(leader, [.told("K1", "accepted", "2026-06-01 09:00")], at: StalledFeedTests.morning)
      try await expectRows(sources(), ["other other", "test test"])
      try await stall(ledger)
      _ = try await ledger.raise(leader, at: local("2026-06-02 17:30"))
      try await expectRows(alerts(ledger), ["K1 yellow t true"])
      _ = try await ledger.connection.run {
        try FeedRegister.look(at: "other", source: "corrected", now: StalledFeedTests.morning, on: &$0)
      }
      try await expectRows(sources(), ["other corrected 2026-06-01 09:05:00+08", "test test"])
    }
  }
}
