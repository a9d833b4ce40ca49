import Journal
import Ledger
import LibPQ
import TestSupport
import Testing

@testable import Daemon

/// What is said of what the database keeps bizclock waiting for.
@Suite struct WaitWatchTests {
  private static func lock(_ transaction: String, table: String? = "bizclock.event", seconds: Double = 30)
    -> Waits.Wait
  {
    Waits.Wait(
      waiter: "bizclock append",
      cause: .session(
        pid: 7, transaction: transaction, table: table, owner: "psql, role postgres, idle in transaction"),
      seconds: seconds)
  }

  /// Told once it has lasted, then once a minute, though looks in between miss it; and when it is over.
  @Test func aLockIsToldWhenItLasts() {
    var watch = WaitWatch()
    let start = ContinuousClock.now
    var told: [(Int, LogPriority)] = []
    for second in stride(from: 0, to: 80, by: 2) {
      let there = second < 70 && second % 6 != 2
      // Whoever waits may need one table after the other.
      let waits =
        there ? [WaitWatchTests.lock("a", table: second % 4 == 0 ? "bizclock.event" : "bizclock.feed")] : []
      for (priority, message) in watch.sentences(waits, at: start + .seconds(second)) {
        told.append((second, priority))
        if priority == .warning {
          #expect(message.contains("Session 7 of the database (psql, role postgres, idle in transaction)"))
          #expect(message.contains("SELECT pg_terminate_backend(7)"))
        }
      }
    }
    #expect(told.map(\.0) == [4, 64, 74])
    #expect(told.map(\.1) == [.warning, .warning, .notice])
  }

  /// Daemons that take turns at a lock hold each other up for moments: each time with another transaction.
  @Test func turnsAtALockAreNotTold() {
    var watch = WaitWatch()
    let start = ContinuousClock.now
    for second in stride(from: 0, to: 60, by: 2) {
      #expect(watch.sentences([WaitWatchTests.lock("\(second)", seconds: 0)], at: start + .seconds(second)).isEmpty)
    }
  }

  @Test func aStandbyThatIsAwayIsToldByHowLongItWas() {
    var watch = WaitWatch()
    let start = ContinuousClock.now
    func wait(_ seconds: Double) -> [Waits.Wait] {
      [Waits.Wait(waiter: "bizclock append", cause: .standby, seconds: seconds)]
    }
    #expect(watch.sentences(wait(0.01), at: start).isEmpty)
    #expect(watch.sentences(wait(0.02), at: start + .seconds(20)).isEmpty)
    #expect(watch.sentences(wait(5), at: start + .seconds(30)).map(\.0) == [.warning])
    #expect(watch.sentences(wait(7), at: start + .seconds(32)).isEmpty)
  }

  /// What an administrator has set for the role or the database is made for other programs: ours is named for every purpose.
  @Test(arguments: [DatabaseSource.Purpose.append, .lead, .listen, .ask, .administer])
  func timeOutsOfTheRoleDoNotCount(_ purpose: DatabaseSource.Purpose) async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let names = [
        "statement_timeout", "lock_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout",
      ]
      let strict = names.map { "-c \($0)=999" }.joined(separator: " ")
      let connection = try await DatabaseSource(conninfo: "\(conninfo) options='\(strict)'").connect(purpose)
      let values = try await connection.run { session in
        try names.map { try session.execute("SELECT current_setting($1)", [.text($0)]).text(0, 0) }
      }
      #expect(!values.contains("999ms"), "\(values)")
      await connection.close()
    }
  }

  /// What was told to be taken in must outlast a crash of the server, whatever was set for other programs; what waits
  /// for a standby, or for less than that, is the administrator's choice.
  @Test(arguments: ["off", "local", "remote_write", "on", "remote_apply"])
  func acknowledgedIsOnDisk(_ chosen: String) async throws {
    try await TestCluster.shared.withDatabase { conninfo in
      let plain = try await Connection.connect(conninfo)
      let database = try await plain.run { try $0.execute("SELECT current_database()").text(0, 0) }
      try await plain.run {
        _ = try $0.execute("ALTER DATABASE \"\(database)\" SET synchronous_commit = \(chosen)")
      }
      await plain.close()
      for purpose in [DatabaseSource.Purpose.append, .ask, .administer, .lead, .observe] {
        let connection = try await DatabaseSource(conninfo: conninfo).connect(purpose)
        let found = try await connection.run { session in
          // Whose it is: what the session says for itself outlasts a reading of the server's configuration.
          let row = try session.execute("SELECT setting, source FROM pg_settings WHERE name = 'synchronous_commit'")
          return [try row.text(0, 0), try row.text(0, 1)]
        }
        let isOurs = ["on", "off"].contains(chosen) && [.append, .ask, .administer].contains(purpose)
        #expect(found == (isOurs ? ["on", "session"] : [chosen, "database"]), "\(purpose)")
        await connection.close()
      }
    }
  }

  @Test func repeatsAreDamped() {
    var damper = Damper()
    let start = ContinuousClock.now
    #expect((0..<30).map { damper.allow(at: start + .seconds($0 * 4)) }.filter { $0 }.count == 6)
  }
}
