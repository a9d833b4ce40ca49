import Glibc
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// An exchange database that stands still.
@Suite(.alone) struct ExchangeFrozenTests {
  /// Frozen in the middle of a reading, and hearing no cancellation either, it does not hold up the daemon's end.
  @Test func itHoldsNoEndUp() async throws {
    let node = try PostgresNode()
    defer { node.remove() }
    try node.start()
    try node.createDatabase()
    try await ExchangeDesk.run(
      node.conninfo,
      ExchangeDesk.text("schema.sql") + """
        ALTER TABLE up_pro_accept RENAME TO accepted;
        CREATE VIEW up_pro_accept AS SELECT a.* FROM accepted a, (SELECT pg_sleep(600)) AS slow;
        GRANT SELECT ON up_pro_accept TO bizclock_exchange
        """)
    try await DaemonTestBase.withOffice { conninfo, spool in
      let desk = try ExchangeDesk(conninfo: conninfo, upstream: node.tcp, at: "2026-09-15T10:00:00+08:00")
      var configuration = DaemonTestBase.configuration(conninfo, spool: spool)
      configuration.feeds.append(desk.feed)
      let office = try await EmbeddedDaemon(
        conninfo: conninfo, spool: spool, at: desk.clock.now(), configuration: configuration)
      try await TestDeadline.within(.seconds(60), "a reading") {
        while try await TestQuery.rows(
          node.conninfo, "SELECT pid::text FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        ).isEmpty { try Task.checkCancellation() }
      }
      try node.signal(SIGSTOP)
      let begun = ContinuousClock.now
      await office.stop()
      let took = ContinuousClock.now - begun
      try node.signal(SIGCONT)
      print("ExchangeFrozenTests: ended after \(took)")
      #expect(took < .seconds(10))
    }
  }

  /// Frozen before it takes the connection, as what a black hole hides does: nor then.
  @Test func norWhileConnecting() async throws {
    try await ExchangeDesk.withNode { node, conninfo, spool in
      let desk = try ExchangeDesk(
        conninfo: conninfo, upstream: node.tcp + " connect_timeout=60", at: "2026-09-15T10:00:00+08:00")
      try node.signal(SIGSTOP)
      let stop = Doorbell()
      let reading = Task {
        var reader = try desk.reader(stop: stop)
        _ = try await reader.round()
      }
      // It waits for the answer to its first message then.
      try await TestDeadline.within(.seconds(60), "a connection") {
        while !ExchangeFrozenTests.isAsked(node.port) { try Task.checkCancellation() }
      }
      let begun = ContinuousClock.now
      stop.silence()
      _ = await reading.result
      let took = ContinuousClock.now - begun
      try node.signal(SIGCONT)
      #expect(took < .seconds(10), "ended after \(took)")
    }
  }

  /// Whether somebody has an established connection to a port of this machine.
  private static func isAsked(_ port: Int) -> Bool {
    let port = String(port, radix: 16, uppercase: true)
    let digits = String(repeating: "0", count: 4 - port.count) + port
    let lines = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
    return lines.split(separator: "\n").contains { line in
      let fields = line.split(separator: " ")
      return fields.count > 3 && fields[2].hasSuffix(":" + digits) && fields[3] == "01"
    }
  }
}
