import Foundation
import LibPQ
import ServiceTime
import TestSupport
import Testing

@testable import Daemon
@testable import Web

/// What is answered while the database does not commit: never 202.
@Suite struct EventsAwayTests {
  private static let line = WebOffice.event("K1", "accepted", EventsTests.at)

  private static func post(_ client: RawClient) async -> Bool {
    await client.post(
      "/v1/events", Array(line.utf8), token: WebOffice.hall, fields: ["Content-Type: application/x-ndjson"])
  }

  /// Takes the append lock.
  private static func hold(_ holder: Connection) async throws {
    try await holder.run { session in
      _ = try session.execute("BEGIN")
      _ = try session.execute("UPDATE bizclock.ledger_head SET position = position")
    }
  }

  /// Returns when a post waits for the append lock.
  private static func waitsForLock(_ office: WebOffice) async throws {
    try await TestDeadline.within(TestDeadline.patience, "a wait for the lock") {
      while try await office.rows(
        """
        SELECT 'x' FROM pg_stat_activity
        WHERE application_name = 'bizclock append' AND wait_event_type = 'Lock' AND datname = current_database()
        """) == []
      {}
    }
  }

  @Test func withoutDatabaseItIsToTryAgain() async throws {
    try await WebOffice.withoutDatabase { office in
      let state = office.daemon.state
      _ = await state.wait { $0.feedsRead.contains("hall") }
      let reply = try await office.post([EventsAwayTests.line])
      #expect(reply.status == 503 && reply["Retry-After"] == "5")
      #expect(reply.body.contains("send the same again later, nothing is counted twice"))
      #expect(try await office.ask("/v1/cases/K1", token: WebOffice.read).status == 503)
      #expect(try await office.ask("/v1/cases/K1", token: WebOffice.read)["Retry-After"] == "5")
      #expect(try await office.ask("/healthz").status == 200)
    }
  }

  /// The answer comes after the commit: none while another holds the append lock.
  @Test func theAnswerWaitsForTheCommit() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let holder = try await Connection.connect(office.conninfo)
      try await EventsAwayTests.hold(holder)
      let client = try RawClient(office.address)
      #expect(await EventsAwayTests.post(client))
      try await EventsAwayTests.waitsForLock(office)
      #expect(!client.hasAnswer)
      try await holder.run { session in _ = try session.execute("COMMIT") }
      #expect(try await client.reply().body.contains("\"new\":1"))
      await holder.close()
    }
  }

  /// A commit that fails is no 202; what was posted beside it is taken in.
  @Test func aCommitThatFailsIsRefused() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      _ = try await office.rows(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.case_id = 'K1' THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NULL; END $$
        """)
      _ = try await office.rows(
        """
        CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON bizclock.event DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse()
        """)
      let others = (2...20).map { WebOffice.event("K\($0)", "accepted", EventsTests.at) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          let reply = try await office.post([EventsAwayTests.line])
          #expect(reply.status == 500 && reply.body.contains("the log of the daemon says why"), "\(reply)")
        }
        for line in others {
          group.addTask {
            let reply = try await office.post([line])
            #expect(reply.status == 202 && reply.body.contains("\"new\":1"), "\(reply)")
          }
        }
        try await group.waitForAll()
      }
      #expect(try await office.rows("SELECT case_id FROM bizclock.event").count == 19)
      #expect(office.log.records.contains { $0.message.contains("Feed hall: the ledger refuses") })
      _ = try await office.rows("DROP TRIGGER refuse ON bizclock.event")
      #expect(try await office.post([EventsAwayTests.line]).body.contains("\"new\":1"))
    }
  }

  /// A server that is frozen, killed and started again: 503, and then the same again counts once.
  @Test func aFrozenOrDeadServerIsToldAndPasses() async throws {
    let node = try PostgresNode()
    defer { node.remove() }
    try node.start()
    try node.createDatabase()
    try await WebOffice.migrate(node.conninfo)
    var limits = WebInterface.Limits()
    limits.commit = .milliseconds(700)
    try await WebOffice.withOffice(at: node.conninfo, limits: limits) { office in
      try await office.ready()
      #expect(try await office.post([EventsAwayTests.line]).status == 202)
      try node.signal(SIGSTOP)
      let second = EventsAwayTests.line.replacing("K1", with: "K2")
      for _ in 0..<2 {
        let reply = try await office.post([EventsAwayTests.line, second])
        #expect(reply.status == 503 && reply["Retry-After"] == "5")
      }
      try node.signal(SIGCONT)
      try await EventsAwayTests.accepted(office, [EventsAwayTests.line, second])
      try node.kill()
      let reply = try await office.post([second])
      #expect(reply.status == 503 && reply["Retry-After"] == "5")
      try node.start()
      try await EventsAwayTests.accepted(office, [second, second.replacing("K2", with: "K3")])
      #expect(
        try await office.rows("SELECT case_id FROM bizclock.event ORDER BY 1") == [["K1"], ["K2"], ["K3"]])
    }
  }

  private static func accepted(_ office: WebOffice, _ lines: [String]) async throws {
    try await TestDeadline.within(TestDeadline.patience, "an acceptance") {
      while try await office.post(lines).status != 202 {}
    }
  }

  /// When the daemon stops, what was posted whole is answered, what was not is refused, and nobody waits long.
  @Test func theEndFinishesWhatIsInFlight() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let holder = try await Connection.connect(office.conninfo)
      try await EventsAwayTests.hold(holder)
      let whole = try RawClient(office.address)
      #expect(await EventsAwayTests.post(whole))
      let half = try RawClient(office.address)
      #expect(
        await half.send(
          "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: \(WebOffice.hall)\r\nContent-Type: application/x-ndjson\r\n"
            + "Content-Length: 5000\r\n\r\n" + EventsAwayTests.line + "\n"))
      try await EventsAwayTests.waitsForLock(office)
      await office.shutDown()
      try await holder.run { session in _ = try session.execute("COMMIT") }
      await holder.close()
      #expect(try await whole.reply().body.contains("\"new\":1"))
      let reply = try await half.reply()
      #expect(reply.status == 503 && reply.body.contains("the daemon is stopping"), "\(reply)")
      try await TestDeadline.within(.seconds(20), "the end") { await office.ended() }
      #expect(try await office.rows("SELECT case_id FROM bizclock.event") == [["K1"]])
    }
  }
}
