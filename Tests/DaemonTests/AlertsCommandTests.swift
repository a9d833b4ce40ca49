import Foundation
import ServiceTime
import TestSupport
import Testing

@testable import Daemon

/// `bizclock alerts` as people and programs call it; one at a time, for each starts many programs.
@Suite(.serialized) struct AlertsCommandTests {
  private static let feed = "{ name: office, source: office, kind: spool, directory: SPOOL, format: ndjson }"

  /// Two openings long overdue, one of them of a case whose number holds slashes.
  private static func withOverruns(_ body: @Sendable (QuarantineOffice) async throws -> Void) async throws {
    try await QuarantineOffice.with([feed]) { office in
      let lines = [("K/1", "469005100"), ("L1", "469006")].map { name, region in
        DaemonTestBase.event(
          name, "accepted", "2026-06-01T09:00:00+08:00",
          more: #","region":"\#(region)","service_window":"A\u001b[3""#) + "\n"
      }
      let loaded = try await office.run(["ingest", "--feed", "office", "-"], input: lines.joined())
      #expect(loaded.status == 0, "\(loaded.errors)")
      try await body(office)
    }
  }

  @Test func listing() async throws {
    try await AlertsCommandTests.withOverruns { office in
      let list = try await office.run(["alerts", "list", "--commitment", "opening"])
      #expect(list.status == 0)
      let lines = list.output.split(separator: "\n").map {
        $0.split(separator: " ", omittingEmptySubsequences: true)
      }
      #expect(
        lines.dropFirst(2).map { $0.first.map(String.init) } == [
          "K/1/opening/1/escalated/1", "L1/opening/1/escalated/1", "K/1/opening/1/red/1", "L1/opening/1/red/1",
          "K/1/opening/1/yellow/1", "L1/opening/1/yellow/1",
        ])
      #expect(list.output.contains("  critical  2026-06-03T17:30:00+08:00  2026-06-08T17:30:00+08:00  "))
      #expect(list.output.contains("A\\u{1b}[3"))
      #expect(!list.output.unicodeScalars.contains("\u{1b}"))
      let json = try await office.json([
        "alerts", "list", "--json", "--commitment", "opening", "--region", "469005", "--level", "red", "--since",
        "2026-06-03",
      ])
      let alerts = try #require(json["alerts"] as? [[String: Any]])
      #expect(alerts.map { $0["alert_id"] as? String } == ["K/1/opening/1/red/1"])
      #expect(alerts.first?["case_id"] as? String == "K/1")
      #expect(alerts.first?["due_at"] as? String == "2026-06-03T17:30:00+08:00")
      #expect((alerts.first?["overrun_seconds"] as? Int ?? 0) > 86_400)
      #expect(alerts.first?["acknowledged_by"] is NSNull)
      #expect(try await office.json(["alerts", "list", "--json", "--limit", "4"])["more"] as? Int == 6)
      #expect(try await office.run(["alerts", "list", "--level", "blue"]).output == "No alert stands.\n")
      let wrong = try await office.run(["alerts", "list", "--since", "yesterday"])
      #expect(wrong.status == 64)
      #expect(wrong.errors.contains("yesterday is not a time"))
    }
  }

  @Test func acknowledging() async throws {
    try await AlertsCommandTests.withOverruns { office in
      let red = "K/1/opening/1/red/1"
      let ack = ["alerts", "ack", "--by", "Li", "--reason"]
      #expect(try await office.run(["alerts", "ack", red, "--by", "Li"]).status == 64)
      #expect(try await office.run(ack + [" ", red]).status == 64)
      #expect(try await office.run(ack + ["a storm", red, "--all-of", "L1"]).status == 64)
      for (id, words) in [
        (
          "K/1/opening/2/red/1",
          "There is no alert K/1/opening/2/red/1; nothing was recorded. Is one of these meant: K/1/"
        ),
        ("K/l/opening/1/red/1", "Is one of these meant: K/1/opening/1/red/1"),
        (
          "online_tax/202609/red/1",
          "There is no alert online_tax/202609/red/1; nothing was recorded. See: bizclock"
        ),
        ("L1", "it is a case: --all-of acknowledges all"), ("nonsense", "is not the id of an alert"),
      ] {
        let run = try await office.run(ack + ["a storm", red, id])
        #expect(run.status == 66, "\(id)")
        #expect(run.errors.contains(words), "\(run.errors)")
      }
      let count = "SELECT count(*)::text FROM dashboard.alert WHERE acknowledged_at IS NOT NULL"
      #expect(try await office.rows(count) == [["0"]])

      let done = try await office.run(ack + ["a storm", red])
      #expect(done.output == "acknowledged 1\n")
      #expect(done.status == 0)
      let row = "SELECT acknowledged_by, reason FROM dashboard.alert WHERE alert_id = '\(red)'"
      #expect(try await office.rows(row) == [["Li", "a storm"]])
      let again = try await office.run(["alerts", "ack", red, "--by", "Wang", "--reason", "no idea", "--json"])
      #expect(again.status == 0)
      #expect(again.output == "{\"acknowledged\":0,\"kept\":1,\"alert_ids\":[\"\(red)\"]}\n")
      #expect(again.errors.contains("\(red) was acknowledged by Li at "))
      #expect(again.errors.contains(": a storm; --replace replaces that"))
      #expect(try await office.rows(row) == [["Li", "a storm"]])
      #expect(
        try await office.run(["alerts", "ack", red, "--by", "Wang", "--reason", "a flood", "--replace"]).errors
          .contains("; replaced"))
      #expect(try await office.rows(row) == [["Wang", "a flood"]])
      let open = try await office.run([
        "alerts", "list", "--unacknowledged", "--level", "red", "--commitment", "opening",
      ])
      #expect(!open.output.contains(red))
      #expect(open.output.contains("L1/opening/1/red/1"))
      let explained = try await office.run(["explain", "K/1"]).output
      #expect(explained.contains("acknowledged ") && explained.contains(" by Wang: a flood"))

      #expect(try await office.run(ack + ["late", "--all-of", "L1"]).output == "acknowledged 5\n")
      #expect(try await office.run(ack + ["late", "--all-of", "nobody"]).status == 66)
      #expect(try await office.rows(count) == [["6"]])
      // Loading more changes projections, not what was recorded.
      let later = DaemonTestBase.event("K/1", "correction_requested", "2026-06-01T10:00:00+08:00") + "\n"
      #expect(try await office.run(["ingest", "--feed", "office", "-"], input: later).status == 0)
      #expect(
        try await office.rows(
          "SELECT (withdrawn_at IS NOT NULL)::text, acknowledged_by, reason FROM dashboard.alert WHERE alert_id = '\(red)'"
        )
          == [["true", "Wang", "a flood"]])
      #expect(
        try await office.run(ack + ["late", red]).errors.contains(
          "\(red) was withdrawn: the level was never reached"))
    }
  }

  /// The alert of a share has no case.
  @Test func theAlertOfAShare() async throws {
    try await AlertsCommandTests.withOverruns { office in
      _ = try await office.rows(
        """
        INSERT INTO bizclock.alert (case_id, commitment, round, level, revision, due_at, level_at, recorded_at,
          retrospective, priority)
        VALUES ('', 'online_tax', 202609, 'red', 1, '2026-10-01Z', '2026-10-01Z', '2026-10-01Z', false, 'error')
        RETURNING level
        """)
      let list = try await office.json(["alerts", "list", "--commitment", "online_tax", "--json"])
      let alerts = try #require(list["alerts"] as? [[String: Any]])
      #expect(alerts.map { $0["alert_id"] as? String } == ["online_tax/202609/red/1"])
      #expect(alerts.first?["overrun_seconds"] is NSNull)
      let nobody = try await office.run(["alerts", "ack", "--all-of", "", "--by", "Li", "--reason", "a slip"])
      #expect(nobody.status == 64)
      #expect(nobody.errors.contains("--all-of is empty"))
      #expect(
        try await office.rows("SELECT count(*)::text FROM bizclock.alert WHERE acknowledged_at IS NOT NULL") == [
          ["0"]
        ])
      let done = try await office.run([
        "alerts", "ack", "online_tax/202609/red/1", "--by", "Li", "--reason", "the portal was down",
      ])
      #expect(done.output == "acknowledged 1\n")
      #expect(
        try await office.rows("SELECT reason FROM bizclock.alert WHERE case_id = ''") == [["the portal was down"]])
    }
  }
}
