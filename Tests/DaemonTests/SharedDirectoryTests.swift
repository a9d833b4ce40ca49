import Foundation
import Journal
import ServiceTime
import Settings
import TestSupport
import Testing

@testable import Daemon

/// Two feeds whose paths lead to one directory, which no look at the paths tells: one reads it, the other says so.
@Suite struct SharedDirectoryTests {
  @Test func aDirectoryIsReadByOneFeed() async throws {
    try await DaemonTestBase.withOffice { conninfo, spool in
      let link = spool + "-link"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: spool)
      defer { unlink(link) }
      var configuration = DaemonTestBase.configuration(conninfo, spool: spool)
      configuration.feeds.append(
        FeedSettings(name: "twin", source: "twin", directory: link, format: .ndjson))
      let office = try await EmbeddedDaemon(
        conninfo: conninfo, spool: spool, at: try #require(Instant(rfc3339: DaemonTestBase.start)),
        configuration: configuration)
      do {
        let reading = try await reader(office)
        let refused = reading == "office" ? "twin" : "office"
        try office.put("1.ndjson", [DaemonTestBase.event("C1", "accepted", "2026-09-14T07:59:00+08:00")])
        try await office.projected(through: 1)
        #expect(
          try await office.query("SELECT feed, received::text FROM dashboard.feed_health WHERE received > 0") == [
            [reading, "1"]
          ])
        // Once its reader is gone the other has it.
        configuration.feeds.removeAll { $0.name == reading }
        try office.reload(configuration)
        try office.put("2.ndjson", [DaemonTestBase.event("C2", "accepted", "2026-09-14T07:59:00+08:00")])
        try await office.projected(through: 2)
        #expect(
          try await office.query("SELECT feed, received::text FROM dashboard.feed_health ORDER BY 2, 1")
            == [[reading, "1"], [refused, "1"]].sorted { $0[0] < $1[0] })
      } catch {
        await office.stop()
        throw error
      }
      await office.stop()
    }
  }

  /// The feed that has the directory, by the words of the one that has not.
  private func reader(_ office: EmbeddedDaemon) async throws -> String {
    let log = office.log
    return try await TestDeadline.within(TestDeadline.patience, "the refusal in the log") {
      for await record in log.stream() {
        for (reading, refused) in [("office", "twin"), ("twin", "office")]
        where record.message.hasPrefix("Feed \(refused): ")
          && record.message.contains(" leads to the directory of the feed \(reading), ")
        {
          return reading
        }
      }
      throw CancellationError()
    }
  }
}
