import Dispatch
import LibPQ
import ServiceTime
import Synchronization
import Testing

@testable import Ledger

/// The append lock: positions in the order of commits, and nobody waits for the frozen without end.
@Suite struct AppendLockTests {
  @Test func positionsAreInTheOrderOfCommits() async throws {
    try await TestLedger.with { ledger async throws in
      let shared = (0..<40).map { Event.told("S\($0)", "accepted", "2026-06-01 09:00") }
      let underway = Underway(2)
      @Sendable func load(_ name: String) async throws -> AppendOutcome {
        defer { underway.end() }
        let connection = try await ledger.connect()
        let total = try await connection.run { session -> AppendOutcome in
          var appender = Appender()
          var total = AppendOutcome()
          for number in 0..<40 {
            let own = (0...number % 5).map {
              Event.told("\(name)\(number)", "step_started", "2026-06-01 09:0\($0)")
            }
            total += try appender.append(
              AppendBatch(
                feed: name, source: "test", events: own + [shared[number]], receivedAt: TestLedger.now),
              on: &session)
          }
          return total
        }
        await connection.close()
        return total
      }
      async let a = load("A")
      async let b = load("B")
      // Whoever reads position n + 1 has read n: dense positions are as many as the last one says, at any moment.
      var last: Int64 = 0
      while underway.isAny {
        let (count, head) = try await ledger.connection.run { session -> (Int64, Int64) in
          let row = try session.execute("SELECT count(*), coalesce(max(position), 0) FROM bizclock.event")
          return (try row.int8(0, 0), try row.int8(0, 1))
        }
        #expect(count == head)
        #expect(head >= last)
        last = head
      }
      let outcomes = try await [a, b]
      #expect(outcomes.map(\.new).reduce(0, +) == 280)
      #expect(outcomes.map(\.duplicate).reduce(0, +) == 40)
    }
  }

  /// How many loads have not ended yet, however they end.
  private final class Underway: Sendable {
    private let count: Mutex<Int>
    init(_ count: Int) { self.count = Mutex(count) }
    var isAny: Bool { count.withLock { $0 > 0 } }
    func end() { count.withLock { $0 -= 1 } }
  }

  @Test func theFrozenIsEnded() async throws {
    try await TestLedger.with { ledger async throws in
      let frozen = try await ledger.connect()
      let thaw = DispatchSemaphore(value: 0)
      async let ended: Void = frozen.run { session in
        try session.begin()
        _ = try session.execute("UPDATE bizclock.ledger_head SET position = position + 1")
        try session.copyIn(EventRows.copy) { _ in thaw.wait() }
      }
      try await waitsForClient(ledger)

      // Whoever comes next waits no longer than it says, and what it ends is not another that waits.
      let next = try await ledger.connect(["lock_timeout": "50ms"])
      let batch = AppendBatch(
        feed: "f", source: "test", events: [.told("K1", "accepted", "2026-06-01 09:00")], receivedAt: TestLedger.now
      )
      let refused = await #expect(throws: PostgresError.self) {
        try await next.run { session in
          var appender = Appender()
          _ = try appender.append(batch, on: &session)
        }
      }
      #expect(refused?.code == .lockNotAvailable)
      #expect(refused?.isRetryable == true)
      // It has said nothing for less than a minute.
      #expect(try await next.run { try AppendLock.breakStale(&$0, silentFor: 60, patience: 0) } == 0)
      #expect(try await next.run { try AppendLock.breakStale(&$0, silentFor: 0, patience: 0.01) } == 1)
      let outcome = try await next.run { session -> AppendOutcome in
        var appender = Appender()
        return try appender.append(batch, on: &session)
      }
      #expect(outcome.position == 1)
      #expect(try await next.run { try AppendLock.breakStale(&$0, silentFor: 0, patience: 0) } == 0)
      thaw.signal()
      do {
        try await ended
        Issue.record("it went on")
      } catch let error as PostgresError {
        #expect(error.isRetryable)
      }
      await next.close()
    }
  }

  /// One that is slow but sends is not frozen.
  @Test func theSlowIsLeftAlone() async throws {
    try await TestLedger.with { ledger async throws in
      let slow = try await ledger.connect()
      let go = DispatchSemaphore(value: 0)
      // More than one chunk, so that some of it is sent.
      let event = StoredEvent(
        event: .told("K1", "accepted", "2026-06-01 09:00", id: String(repeating: "x", count: 120)),
        position: 1, receivedAt: TestLedger.now, history: false)
      async let done: Void = slow.run { session in
        try session.begin()
        _ = try session.execute("UPDATE bizclock.ledger_head SET position = position + 1")
        try session.copyIn(EventRows.copy) { writer throws(PostgresError) in
          go.wait()
          for number in 0..<2_000 {
            var next = event
            next.event.caseID = Identifier("K\(number)")
            try EventRows.write(next, to: &writer)
          }
          go.wait()
        }
        session.rollbackQuietly()
      }
      try await waitsForClient(ledger)
      let waiting = try await ledger.connect()
      async let ended = waiting.run { try AppendLock.breakStale(&$0, silentFor: 0, patience: 1) }
      while try await ledger.column("SELECT query FROM pg_stat_activity WHERE wait_event = 'PgSleep'").isEmpty {}
      go.signal()
      let count = try await ended
      #expect(count == 0)
      go.signal()
      try await done
      await waiting.close()
    }
  }

  /// Returns once a session of the database is inside a COPY and waits for its client.
  private func waitsForClient(_ ledger: TestLedger) async throws {
    let query = """
      SELECT query FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'ClientRead' AND query LIKE 'COPY%' AND state = 'active'
      """
    while try await ledger.column(query).isEmpty {}
  }
}
