import Synchronization
import Testing

@testable import Daemon
@testable import Web

/// What health and readiness tell.
@Suite struct HealthTests {
  /// What is missing is named, one thing at a time.
  @Test func whatIsMissingIsNamed() {
    var snapshot = DaemonState.Snapshot()
    snapshot.feeds = ["a", "b", "c"]
    func missing(_ isUp: Bool = true) -> String? {
      Readiness.missing(snapshot, isDatabaseUp: isUp)
    }
    #expect(missing(false) == "the database does not answer")
    #expect(missing() == "it is not known yet whether this daemon leads or stands by")
    snapshot.role = .standby
    #expect(missing() == "the directories of these feeds have not been looked into yet: a, b, c")
    snapshot.feedsSeen = ["c", "a", "other"]
    #expect(missing() == "the directories of these feeds have not been looked into yet: b")
    snapshot.feedsSeen.insert("b")
    #expect(missing() == nil)
    snapshot.role = .leading
    #expect(missing() == nil)
    #expect(missing(false) != nil)
  }

  /// Loops that are stuck make the daemon unhealthy, and are named.
  @Test func stuckLoopsAreNamed() async throws {
    let overdue = Mutex<[String]>([])
    try await WebOffice.withOffice(overdue: { overdue.withLock { $0 } }) { office in
      #expect(try await office.ask("/healthz").status == 200)
      overdue.withLock { $0 = ["spool office", "leader"] }
      let reply = try await office.ask("/healthz")
      #expect(reply.status == 503)
      #expect(reply.body == "{\"status\":\"stuck\",\"overdue\":[\"leader\",\"spool office\"]}\n")
      #expect(try await office.ask("/healthz", "HEAD").status == 503)
      overdue.withLock { $0 = [] }
      #expect(try await office.ask("/healthz").status == 200)
    }
  }

  /// A database that is away makes the daemon unready, not unhealthy; the metrics say so.
  @Test func withoutDatabaseItIsNotReady() async throws {
    try await WebOffice.withoutDatabase { office in
      let reply = try await office.ask("/readyz")
      #expect(reply.status == 503)
      #expect(reply.body == "{\"status\":\"not ready\",\"missing\":\"the database does not answer\"}\n")
      #expect(try await office.ask("/healthz").status == 200)
      let samples = try await office.samples()
      #expect(samples["bizclock_database_up"] == "0" && samples["bizclock_leader"] == "0")
      #expect(samples["bizclock_build_info{version=\"1.2.3\"}"] == "1")
      #expect(samples["bizclock_ledger_position"] == nil)
      #expect(samples["bizclock_levels_through_timestamp_seconds"] == nil)
    }
  }
}
