import Daemon
import Foundation
import LibPQ
import TestSupport
import Testing

@testable import Web

/// Connections that are kept between requests, and that the server has ended meanwhile.
@Suite struct KeptConnectionTests {
  /// A session that the server ended, as it does when nobody has asked for ten minutes, is no database that is away:
  /// who asks next is answered as always.
  @Test func anEndedSessionIsNotTold() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      #expect(try await office.post([WebOffice.event("K1", "accepted", EventsTests.at)]).status == 202)
      try await office.projected(through: 1)
      let probe = DatabaseProbe(
        office.daemon.database, clock: office.clock, log: office.log,
        freshness: DatabaseProbe.Freshness(pulse: .zero, holdings: .zero, failure: .zero))
      for _ in 0..<3 {
        #expect(try await office.ask("/v1/cases/K1", token: WebOffice.read).status == 200)
        let known = await probe.look(counting: true)
        #expect(known.isUp && known.failures == 0)
        try await KeptConnectionTests.endSessions(office)
      }
      await probe.close()
    }
  }

  /// Many who ask at once on an ended session are all answered.
  @Test func allWhoWaitAreAnswered() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      #expect(try await office.post([WebOffice.event("K1", "accepted", EventsTests.at)]).status == 202)
      try await office.projected(through: 1)
      #expect(try await office.ask("/v1/cases/K1", token: WebOffice.read).status == 200)
      try await KeptConnectionTests.endSessions(office)
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<10 {
          group.addTask { try await office.ask("/v1/cases/K1", token: WebOffice.read).status }
        }
        for try await status in group { #expect(status == 200) }
      }
    }
  }

  /// A database that is really away, dead or frozen, is told within the time of an answer.
  @Test func aDatabaseThatIsAwayIsToldInTime() async throws {
    let node = try PostgresNode()
    defer { node.remove() }
    try node.start()
    try node.createDatabase()
    try await WebOffice.migrate(node.conninfo)
    try await WebOffice.withOffice(at: node.conninfo, limits: WebInterface.Limits()) { office in
      try await office.ready()
      let probe = DatabaseProbe(
        office.daemon.database, clock: office.clock, log: office.log,
        freshness: DatabaseProbe.Freshness(pulse: .zero, holdings: .zero, failure: .zero))
      #expect(try await office.ask("/v1/cases/K1", token: WebOffice.read).status == 404)
      #expect(await probe.look(counting: true).isUp)
      try node.signal(SIGSTOP)
      #expect(try await office.ask("/v1/cases/K1", token: WebOffice.read).status == 503)
      #expect(await probe.look(counting: true).isUp == false)
      try node.signal(SIGCONT)
      try await TestDeadline.within(TestDeadline.patience, "the database is back") {
        while try await office.ask("/v1/cases/K1", token: WebOffice.read).status != 404 {}
        while await !probe.look(counting: true).isUp {}
      }
      try node.kill()
      #expect(try await office.ask("/v1/cases/K1", token: WebOffice.read).status == 503)
      #expect(await probe.look(counting: true).isUp == false)
      await probe.close()
    }
  }

  /// Ends the sessions of those who ask, and waits until they are gone.
  private static func endSessions(_ office: WebOffice) async throws {
    let theirs = "application_name = 'bizclock metrics' AND datname = current_database()"
    let ended = try await office.rows(
      "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE \(theirs)")
    #expect(!ended.isEmpty)
    try await TestDeadline.within(TestDeadline.patience, "the end of their sessions") {
      while try await office.rows("SELECT 'x' FROM pg_stat_activity WHERE \(theirs)") != [] {}
    }
  }
}
