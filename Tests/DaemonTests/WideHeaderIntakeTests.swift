import Feeds
import Foundation
import Journal
import Ledger
import ServiceTime
import Synchronization
import Testing

@testable import Daemon

/// Thousands of rows that are refused below a header row of a megabyte.
@Suite struct WideHeaderIntakeTests {
  @Test func allOfThemGoToQuarantine() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let header = "case_id,type,occurred_at," + String(repeating: "x", count: 1_000_000)
      let path = spool + "/wide.csv"
      try (header + "\n" + String(repeating: "bad\n", count: 1_200))
        .write(toFile: path, atomically: false, encoding: .utf8)
      let file = open(path, O_RDONLY | O_CLOEXEC)
      defer { close(file) }
      let now = Instant(rfc3339: DaemonTestBase.start) ?? .earliest
      let log = MemorySink()
      let intake = Intake(database: DatabaseSource(conninfo: conninfo), clock: ManualClock(now), log: log)
      let batches = Mutex<[Int]>([])
      let taken = try await intake.take(
        descriptor: file, origin: "wide.csv", feed: FeedDescription(name: "office", source: "office", format: .csv),
        history: false, batch: 5_000, stop: Doorbell(),
        progress: { total in batches.withLock { $0.append(total.quarantined) } })
      await intake.close()
      #expect(taken.outcome.quarantined == 1_200)
      #expect(log.records.isEmpty)
      // No transaction stores more than a batch may.
      let sizes = batches.withLock { totals in zip(totals, [0] + totals).map { $0 - $1 } }
      #expect(sizes.allSatisfy { $0 * header.utf8.count <= FeedLimits.quarantineBytes + 2 << 20 }, "\(sizes)")
      let stored = try await TestQuery.rows(
        conninfo,
        "SELECT count(*)::text, count(DISTINCT line)::text, min(octet_length(header))::text FROM bizclock.quarantine"
      )
      #expect(stored == [["1200", "1200", "\(header.utf8.count)"]])
    }
  }
}
