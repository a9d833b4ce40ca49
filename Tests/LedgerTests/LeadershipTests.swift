import ServiceTime
import Testing

@testable import Ledger

/// One session leads; each election begins a new term.
@Suite struct LeadershipTests {
  @Test func oneAtATime() async throws {
    try await TestLedger.with { ledger async throws in
      let other = try await ledger.connect()
      func acquire(other takes: Bool, _ holder: String) async throws -> LeaderTerm? {
        try await (takes ? other : ledger.connection).run {
          try Leadership.acquire(&$0, holder: holder, now: TestLedger.now)
        }
      }
      let held: @Sendable () async throws -> Bool = { try await other.run { try Leadership.isHeld(&$0) } }
      #expect(try await !held())
      let first = try #require(try await acquire(other: false, "a"))
      #expect(try await held())
      #expect(try await acquire(other: true, "b") == nil)
      // Won again after it was deposed by a change of rules; giving it up once gives it up.
      let second = try #require(try await acquire(other: false, "a"))
      #expect(second.epoch == first.epoch + 1)
      try await ledger.connection.run { try Leadership.release(&$0) }
      #expect(try await !held())
      let third = try #require(try await acquire(other: true, "b"))
      #expect(third.epoch == first.epoch + 2)
      try await expectRows(
        ledger.column("SELECT concat_ws(' ', holder, elected_at) FROM bizclock.projector"),
        ["b 2026-11-23 00:00:00+08"])
      // A session that ends, however it does, leads no more.
      await other.close()
      while try await ledger.connection.run({ try Leadership.isHeld(&$0) }) {}
      #expect(try await acquire(other: false, "a")?.epoch == first.epoch + 3)
    }
  }
}
