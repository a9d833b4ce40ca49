import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// What becomes of each event of a batch, and of the positions.
@Suite struct AppenderTests {
  private static let accepted = Event.told("K1", "accepted", "2026-06-01 09:00")

  private static func changed(_ event: Event = accepted, _ change: (inout Event) -> Void) -> Event {
    var event = event
    change(&event)
    return event
  }

  /// A word an event: the first telling, the same again, or something else under the same id.
  enum Word: Sendable {
    case first, same, other, another
    var event: Event {
      switch self {
      case .first, .same: AppenderTests.accepted
      case .other: AppenderTests.changed { $0.region = "469005100" }
      case .another: AppenderTests.changed { $0.occurredAt = local("2026-06-01 09:01") }
      }
    }
  }

  struct Telling: Sendable, CustomTestStringConvertible {
    var batches: [[Word]]
    var new: Int
    var duplicate: Int
    var conflict: Int
    var testDescription: String { "\(batches)" }
    init(_ batches: [[Word]], _ new: Int, _ duplicate: Int, _ conflict: Int) {
      self.batches = batches
      self.new = new
      self.duplicate = duplicate
      self.conflict = conflict
    }
  }

  /// The first to arrive stays; what says the same is a duplicate, what says something else a conflict, however the
  /// input is cut into batches.
  @Test(
    arguments: [
      Telling([[.first]], 1, 0, 0),
      Telling([[.first, .same]], 1, 1, 0),
      Telling([[.first, .other]], 1, 0, 1),
      Telling([[.first, .other, .same, .other]], 1, 1, 2),
      Telling([[.first], [.same]], 1, 1, 0),
      Telling([[.first], [.other]], 1, 0, 1),
      // The ledger counts, not what the batch said first.
      Telling([[.first], [.other, .same]], 1, 1, 1),
      Telling([[.first], [.other, .other]], 1, 0, 2),
      Telling([[.first], [.other, .another, .same]], 1, 1, 2),
      Telling([[.first, .same], [.same, .other], [.other, .same, .same]], 1, 4, 2),
      Telling([[.other, .first]], 1, 0, 1),
    ], [true, false])
  func newDuplicateConflict(_ telling: Telling, remembers: Bool) async throws {
    try await TestLedger.with { ledger async throws in
      let total = try await ledger.connection.run { session -> AppendOutcome in
        var appender = Appender()
        var total = AppendOutcome()
        for words in telling.batches {
          // One that knows nothing finds out by the unique key.
          if !remembers { appender = Appender() }
          total += try appender.append(
            AppendBatch(feed: "f", source: "test", events: words.map(\.event), receivedAt: TestLedger.now),
            on: &session)
        }
        return total
      }
      #expect(total.new == telling.new)
      #expect(total.duplicate == telling.duplicate)
      #expect(total.quarantined == telling.conflict)
      #expect(total.position == 1)
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.event"), ["1"])
      let first = telling.batches[0][0].event
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', position, occurred_at, region) FROM bizclock.event"),
        [first.region == nil ? "1 2026-06-01 09:00:00+08" : "1 2026-06-01 09:00:00+08 469005100"])
    }
  }

  /// Every field of the contract is compared, by its bytes; `kept` is not one.
  @Test func everyContractFieldCounts() async throws {
    let whole = AppenderTests.changed { event in
      event.sequence = 1
      event.step = "licence"
      event.region = "469005100"
      event.grid = "g1"
      event.serviceWindow = "w1"
      event.channel = "window"
      event.entityName = "海南乐公司"
      event.entityType = "enterprise"
      event.uscc = "91460000MA5T00000X"
      event.tags = ["a", "b"]
      event.voids = "x"
      event.extendDays = 1
      event.kept = #"{"id_card":"1"}"#
    }
    func other(_ change: (inout Event) -> Void) -> Event { AppenderTests.changed(whole, change) }
    let conflicts: [Event] = [
      other { $0.type = "submitted" }, other { $0.occurredAt = $0.occurredAt + 1 }, other { $0.sequence = nil },
      other { $0.process = "deregistration" }, other { $0.step = nil }, other { $0.region = "" },
      other { $0.grid = "g2" }, other { $0.serviceWindow = "w2" }, other { $0.channel = "online" },
      // 樂 has two code points that Swift takes for equal.
      other { $0.entityName = "海南\u{6A02}公司" }, other { $0.entityType = "individual" }, other { $0.uscc = nil },
      other { $0.tags = ["b", "a"] }, other { $0.tags = [] }, other { $0.tags = nil }, other { $0.voids = "y" },
      other { $0.extendDays = 2 },
    ]
    let same = [other { $0.kept = nil }, other { $0.kept = #"{"id_card":"2"}"# }]
    try await TestLedger.with { ledger async throws in
      #expect(try await ledger.append([whole]).new == 1)
      let outcome = try await ledger.append(conflicts + same)
      #expect(outcome.new == 0)
      #expect(outcome.duplicate == same.count)
      #expect(outcome.quarantined == conflicts.count)
      let stored = try await ledger.connection.run { session -> StoredEvent in
        try EventRows.read(try session.execute("SELECT \(EventRows.columns) FROM bizclock.event"), 0)
      }
      #expect(stored.event.saysTheSame(as: whole))
      #expect(stored.event.kept == whole.kept)
      #expect(stored.receivedAt == TestLedger.now)
    }
  }

  /// Case, source and id together are the key, by their bytes.
  @Test func otherKeysAreOtherEvents() async throws {
    func like(_ change: (inout Event) -> Void) -> Event { AppenderTests.changed(AppenderTests.accepted, change) }
    let events = [
      AppenderTests.accepted, like { $0.caseID = "K2" }, like { $0.source = "other" }, like { $0.eventID = "2" },
      like { $0.caseID = "k1" }, like { $0.caseID = "K1 " }, like { $0.eventID = "\u{6A02}" },
      like { $0.eventID = "\u{F914}" },
    ]
    try await TestLedger.with { ledger async throws in
      #expect(try await ledger.append(events).new == events.count)
      #expect(try await ledger.append(events).duplicate == events.count)
    }
  }

  @Test func voidsOfVoids() async throws {
    let first = Event.void(AppenderTests.accepted, "2026-06-01 10:00", id: "v1")
    let second = Event.void(first, "2026-06-01 11:00", id: "v2")
    let third = AppenderTests.changed(second) { $0.voids = "v3" }
    try await TestLedger.with { ledger async throws in
      #expect(try await ledger.append([second, first, AppenderTests.accepted]).new == 3)
      let again = try await ledger.append([first, third, second])
      #expect([again.new, again.duplicate, again.quarantined] == [0, 2, 1])
    }
  }

  @Test func positionsAreDense() async throws {
    let events = (1...40).map { Event.told("K\($0 % 7)", "step_started", "2026-06-01 09:00", id: "\($0)") }
    try await TestLedger.with { ledger async throws in
      try await ledger.connection.run { session in
        var appender = Appender()
        var expected: Int64 = 0
        for (given, new) in [
          (events[0..<5], 5), (events[0..<5], 0), (events[3..<9], 4), (events[0..<0], 0), (events[9..<40], 31),
        ] {
          let outcome = try appender.append(
            AppendBatch(feed: "f", source: "test", events: Array(given), receivedAt: TestLedger.now), on: &session)
          expected += Int64(new)
          #expect(outcome.new == new)
          #expect(outcome.position == expected)
        }
      }
      #expect(
        try await ledger.column("SELECT event_id FROM bizclock.event ORDER BY position")
          == (1...40).map(String.init))
      try await expectRows(
        ledger.column(
          "SELECT concat_ws(' ', min(position), max(position), count(DISTINCT position)) FROM bizclock.event"),
        ["1 40 40"])
    }
  }

  /// A commit whose answer was lost: the same batch by the same appender, which does not know that it is there.
  @Test func repeatedAfterUnknownOutcome() async throws {
    let events = (1...50).map { Event.told("K\($0)", "accepted", "2026-06-01 09:00") }
    let batch = AppendBatch(
      feed: "f", source: "test", events: events, rejects: [.reject("bad", line: 51)], receivedAt: TestLedger.now)
    try await TestLedger.with { ledger async throws in
      _ = try await ledger.connection.run { session -> AppendOutcome in
        var appender = Appender()
        return try appender.append(batch, on: &session)
      }
      let again = try await ledger.connection.run { session -> AppendOutcome in
        var appender = Appender()
        return try appender.append(batch, on: &session)
      }
      #expect([again.new, again.duplicate, again.quarantined] == [0, 50, 1])
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.event"), ["50"])
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.quarantine"), ["1"])
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', received, duplicates, quarantined) FROM bizclock.feed"),
        ["50 50 1"])
    }
  }

  /// A batch that fails leaves nothing, and the next is appended as if it had never been.
  @Test func failedBatchLeavesNothing() async throws {
    try await TestLedger.with { ledger async throws in
      try await ledger.execute("ALTER TABLE bizclock.feed ADD CONSTRAINT few CHECK (received < 3)")
      let events = (1...5).map { Event.told("K\($0)", "accepted", "2026-06-01 09:00") }
      await #expect(throws: PostgresError.self) { try await ledger.append(events) }
      try await expectRows(ledger.column("SELECT count(*)::text FROM bizclock.event"), ["0"])
      try await expectRows(ledger.column("SELECT position::text FROM bizclock.ledger_head"), ["0"])
      #expect(try await ledger.append(Array(events.prefix(2))).position == 2)
    }
  }

  @Test func feedsAreCounted() async throws {
    try await TestLedger.with { ledger async throws in
      let late = Event.told("K1", "completed", "2026-06-02 09:00")
      let early = Event.told("K1", "accepted", "2026-06-01 09:00")
      try await ledger.append([late, early, early], receivedAt: local("2026-06-02 10:00"))
      try await ledger.append([early], receivedAt: local("2026-06-02 09:30"))
      try await expectRows(
        ledger.column(
          """
          SELECT concat_ws(' ', name, source, last_event_at, last_received_at, received, duplicates, quarantined)
          FROM bizclock.feed
          """), ["test test 2026-06-02 09:00:00+08 2026-06-02 10:00:00+08 2 2 0"])
    }
  }

  /// `kept` is stored as it came, also where jsonb would refuse it.
  @Test(arguments: [#"{"n":1e999999}"#, #"{"a":"\ud800"}"#, #"{"b":  [1, {"c":null}] , "b":2}"#])
  func keptAsItCame(_ kept: String) async throws {
    try await TestLedger.with { ledger async throws in
      let event = AppenderTests.changed { $0.kept = kept }
      #expect(try await ledger.append([event]).new == 1)
      try await expectRows(ledger.column("SELECT kept::text FROM bizclock.event"), [kept])
    }
  }
}

extension QuarantineEntry {
  /// A line that could not be read.
  static func reject(_ text: String, line: Int64, origin: String = "a.ndjson") -> QuarantineEntry {
    QuarantineEntry(
      origin: origin, line: line, byteOffset: line * 100, totalBytes: Int64(text.utf8.count), code: "bad_json",
      message: "a comma or } is expected", bytes: Array(text.utf8))
  }
}
