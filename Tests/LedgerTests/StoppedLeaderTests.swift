import Dispatch
import LibPQ
import ServiceTime
import Testing

@testable import Ledger

/// A leader that stops in the middle of a statement, and programs of a former version.
@Suite struct StoppedLeaderTests {
  /// One inside a COPY is ended by whoever stands by; one that works, or waits between statements, is left alone.
  @Test func aLeaderStoppedInsideACopyIsEnded() async throws {
    try await TestLedger.with { ledger async throws in
      let leader = try await ledger.connect()
      let other = try await ledger.connect()
      #expect(try await leader.run { try Leadership.seize(&$0) })
      // Idle: the time-outs of the session are for that.
      #expect(try await other.run { try Leadership.breakStale(&$0, silentFor: 0, patience: 0) } == false)
      let thaw = DispatchSemaphore(value: 0)
      async let ended: Void = leader.run { session in
        try session.begin()
        try session.copyIn(EventRows.copy) { _ in thaw.wait() }
      }
      let copying =
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'ClientRead' AND state = 'active'"
      while try await ledger.column(copying).isEmpty {}
      #expect(try await other.run { try Leadership.breakStale(&$0, silentFor: 60, patience: 0) } == false)
      #expect(try await other.run { try Leadership.seize(&$0) } == false)
      #expect(try await other.run { try Leadership.breakStale(&$0, silentFor: 0, patience: 0.01) })
      while try await !other.run({ try Leadership.seize(&$0) }) {}
      thaw.signal()
      do {
        try await ended
        Issue.record("it went on")
      } catch let error as PostgresError {
        #expect(error.isRetryable)
      }
      await other.close()
    }
  }

  /// What a program of a former version would write after a migration is refused, of a leader and of whoever appends.
  @Test func theFormerVersionWritesNothingMore() async throws {
    try await TestLedger.with { ledger async throws in
      let term = try #require(
        try await ledger.connection.run { try Leadership.acquire(&$0, holder: "old", now: TestLedger.now) })
      let other = try await ledger.connect()
      try await other.run { session in
        try Schema.checkUnchanged(&session)
        _ = try Schema.migrate(
          &session, now: TestLedger.now,
          Schema.migrations + [
            Schema.Migration(version: Schema.newest + 1, name: "9999_test.sql", sql: "SELECT 1;")
          ])
        #expect(throws: Schema.Fault.newer(Schema.newest + 1, than: Schema.newest)) {
          try Schema.checkUnchanged(&session)
        }
      }
      let batch = AppendBatch(
        feed: "f", source: "test", events: [.told("K1", "accepted", "2026-06-01 09:00")], receivedAt: TestLedger.now
      )
      let error = await #expect(throws: PostgresError.self) {
        try await ledger.connection.run { session in
          var appender = Appender()
          _ = try appender.append(batch, on: &session)
        }
      }
      #expect(error?.message.contains("install the newer bizclock") == true)
      #expect(error?.isRetryable == false)
      #expect(try await ledger.column("SELECT count(*)::text FROM bizclock.event") == ["0"])
      let current = try await ledger.connection.run { session in
        try Projector(term: term, rulebook: ledger.rulebook).isCurrent(&session)
      }
      #expect(!current)
      await other.close()
    }
  }
}
