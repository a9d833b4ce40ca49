import Foundation
import LibPQ
import Synchronization
import TestSupport
import Testing

@testable import Daemon
@testable import Ledger

/// What may befall a database under a running daemon: it waits, says in words what is wrong and what to do, loses
/// nothing and goes on by itself.
@Suite(.serialized, .alone) struct DatabaseTroubleTests {
  /// Something that goes wrong with the whole database, its end, and what is said of it.
  struct Trouble: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var begin: [String]
    var end: [String]
    var told: String
  }

  private static let troubles = [
    Trouble(
      testDescription: "connection limit", begin: ["ALTER ROLE office CONNECTION LIMIT 0"],
      end: ["ALTER ROLE office CONNECTION LIMIT -1"], told: "The database takes no more connections"),
    Trouble(
      testDescription: "another password", begin: ["ALTER ROLE office PASSWORD 'second'"],
      end: ["ALTER ROLE office PASSWORD 'first'"], told: "The database refuses the login"),
    Trouble(
      testDescription: "an expired password", begin: ["ALTER ROLE office VALID UNTIL '2020-01-01'"],
      end: ["ALTER ROLE office VALID UNTIL 'infinity'"], told: "The database refuses the login"),
    Trouble(
      testDescription: "read-only", begin: ["ALTER ROLE office SET default_transaction_read_only = on"],
      end: ["ALTER ROLE office RESET default_transaction_read_only"], told: "The database is read-only"),
    Trouble(
      testDescription: "no such database", begin: ["ALTER DATABASE bizclock RENAME TO away"],
      end: ["ALTER DATABASE away RENAME TO bizclock"], told: "The database is not there"),
    Trouble(
      testDescription: "short statements", begin: ["ALTER ROLE office SET statement_timeout = '50ms'"],
      end: ["ALTER ROLE office RESET statement_timeout"], told: ""),
  ]

  @Test func troublesThatPass() async throws {
    try await TroubledOffice.with { office in
      let hba = "local all bizclock trust\nhost all office 127.0.0.1/32 scram-sha-256\n"
      try hba.write(toFile: office.node.data + "/pg_hba.conf", atomically: false, encoding: .utf8)
      try office.node.reload()
      let load = try Load(seed: 41, files: DatabaseTroubleTests.troubles.count)
      let admin = office.node.conninfo.replacingDatabase("postgres")
      for (trouble, file) in zip(DatabaseTroubleTests.troubles, load.files) {
        let before = office.daemon.lines.count
        // A session that is being made just now would hold the database.
        try await TestDeadline.within(TestDeadline.patience, "\(trouble)") {
          while true {
            try Task.checkCancellation()
            try await office.endSessions(admin)
            do {
              for sql in trouble.begin { _ = try await TestQuery.rows(admin, sql) }
              break
            } catch let error as PostgresError where error.code == SQLState("55006") {}
          }
        }
        try await office.endSessions(admin)
        try office.folder.put(file)
        let daemon = office.daemon
        func told(_ text: String) async throws {
          try await TestDeadline.within(TestDeadline.patience, "\(trouble.testDescription): \(text)") {
            while !daemon.lines.dropFirst(before).contains(where: { $0.contains(text) }) {
              try Task.checkCancellation()
              await Task.yield()
            }
          }
        }
        if !trouble.told.isEmpty { try await told(trouble.told) }
        for sql in trouble.end { _ = try await TestQuery.rows(admin, sql) }
        try await office.folder.moved(file.name)
        if !trouble.told.isEmpty { try await told("database.back") }
        let lines = office.daemon.lines.dropFirst(before)
        // The leader and the feed tell once each; what came before the trouble itself may be another thing.
        #expect(lines.count { $0.contains("database.lost") } <= 6, "\(trouble.testDescription): \(lines)")
      }
      try await office.folder.finished(load)
      try await SameAsUndisturbed.check(load, office.folder, [office.daemon])
      let secret = office.daemon.lines.contains { $0.contains("first") && $0.contains("password=") }
      #expect(!secret)
    }
  }

  /// A table locked by an administrator: told who holds it; nobody is elected again and again, and the database does
  /// not count as lost.
  @Test func anAdministratorsLock() async throws {
    try await TroubledOffice.with { office in
      let admin = try await Connection.connect(office.node.conninfo)
      try await admin.run { session in
        try session.begin()
        try session.execute("LOCK TABLE bizclock.event IN ACCESS EXCLUSIVE MODE")
      }
      let load = try Load(seed: 42, files: 1)
      try office.folder.put(load.files[0])
      try await office.daemon.logged(containing: "at the table bizclock.event")
      await admin.close()
      try await office.folder.finished(load)
      #expect(office.count("leader.elected") == 1)
      #expect(office.count("leader.deposed") == 0)
      #expect(office.count("database.lost") == 0)
      #expect(office.count("holds up bizclock") <= 2)
      try await SameAsUndisturbed.check(load, office.folder, [office.daemon])
    }
  }

  /// Statements cancelled at any moment, as an impatient administrator does.
  @Test func statementsCancelledAtAnyMoment() async throws {
    try await TroubledOffice.with { office in
      let load = try Load(seed: 43, files: 10)
      let isEnough = Atomic(false)
      let connection = try await Connection.connect(office.node.conninfo)
      let cancelling = Task {
        var hit: Int64 = 0
        // So many that each step meets one; without a bound a slow machine would get nowhere. One at least: on a busy
        // machine three files may be through before this task has its first turn.
        while hit < 300, !(hit > 0 && isEnough.load(ordering: .relaxed)) {
          try Task.checkCancellation()
          hit += try await connection.run { session in
            try session.execute(
              """
              SELECT count(*) FROM pg_stat_activity
              WHERE application_name LIKE 'bizclock %' AND state = 'active' AND random() < 0.5 AND pg_cancel_backend(pid)
              """
            ).int8(0, 0)
          }
        }
        return hit
      }
      for file in load.files { try office.folder.put(file) }
      // With every other statement cancelled it gets on, if slowly.
      try await office.folder.moved(load.files[2].name)
      isEnough.store(true, ordering: .relaxed)
      let hit = try await TestDeadline.within(TestDeadline.patience, "a statement cancelled") {
        try await withTaskCancellationHandler {
          try await cancelling.value
        } onCancel: {
          cancelling.cancel()
        }
      }
      await connection.close()
      print("DatabaseTroubleTests: \(hit) statements were cancelled")
      try await office.folder.finished(load)
      try await SameAsUndisturbed.check(load, office.folder, [office.daemon])
    }
  }

  /// A database that refuses what the leader writes: that is told, and no election with it.
  @Test func anElectionThatLeadsToNothingIsNotTold() async throws {
    try await DaemonTestBase.withDaemon { office in
      try await office.settled(at: office.clock.now())
      _ = try await office.query(
        "ALTER TABLE bizclock.clock ADD CONSTRAINT poison CHECK (case_id <> 'X') NOT VALID")
      try office.put("1.ndjson", [DaemonTestBase.event("X", "accepted", "2026-09-14T07:59:00+08:00")])
      let conninfo = office.conninfo
      let before = try await TestQuery.rows(conninfo, "SELECT epoch::text FROM bizclock.projector")
      try await TestDeadline.within(TestDeadline.patience, "five more terms") {
        while try await TestQuery.rows(
          conninfo, "SELECT (epoch >= \(before[0][0]) + 5)::text FROM bizclock.projector") != [["true"]]
        { try Task.checkCancellation() }
      }
      #expect(office.lines(.leaderElected).count == 1)
      #expect(office.log.records.count { $0.message.contains("refuses the work") } == 1)
      _ = try await office.query("ALTER TABLE bizclock.clock DROP CONSTRAINT poison")
      try await office.projected(through: 1)
      #expect(office.lines(.leaderElected).count == 2)
    }
  }

  /// Another daemon's upgrade: those of the former version stop with words and the status that is not restarted.
  @Test func aNewerSchemaEndsTheOlderDaemons() async throws {
    try await TwoOffices.started { first, second, conninfo in
      let connection = try await Connection.connect(conninfo)
      try await connection.run { session in
        _ = try Schema.migrate(
          &session, now: SystemClock.read(),
          Schema.migrations + [
            Schema.Migration(
              version: Schema.newest + 1, name: "9999_test.sql",
              sql: "ALTER TABLE bizclock.feed ADD COLUMN note text;")
          ])
      }
      await connection.close()
      for office in [first, second] {
        #expect(try await office.daemon.exit() == 78)
        #expect(office.daemon.lines.contains { $0.contains("This daemon stops") && $0.contains("newer bizclock") })
      }
    }
  }
}
