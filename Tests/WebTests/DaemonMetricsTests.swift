import Ledger
import Testing

@testable import Daemon
@testable import Web

/// What the services tell of a batch is what the page shows.
@Suite struct DaemonMetricsTests {
  private static func line(
    _ event: String, level: String = "red", at: Int64 = 1_000_000, recorded: Int64 = 1_000_000, told: Int64? = nil
  ) -> PendingLine {
    var numbers = ["level_at": at, "recorded_at": recorded]
    numbers["data_at"] = told
    return PendingLine(
      id: 1, event: event,
      subject: AlertID(caseID: "C1", commitment: "opening", round: 1, level: level, revision: 1), texts: [:],
      numbers: numbers)
  }

  /// How late a level was recorded is reckoned from its instant, or the later arrival of what told it.
  @Test(
    arguments: [
      (1_000_000, 1_250_000, nil, 0.25), (1_000_000, 1_000_000, nil, 0), (1_000_000, 900_000, nil, 0),
      (1_000_000, 61_500_000, 61_000_000, 0.5), (1_000_000, 1_500_000, 500_000, 0.5),
      // A change of rules told it at the moment of recording: nobody could have been earlier.
      (1_000_000, 61_500_000, 61_500_000, nil),
    ] as [(Int64, Int64, Int64?, Double?)])
  func lag(_ at: Int64, _ recorded: Int64, _ told: Int64?, _ lag: Double?) {
    #expect(
      DaemonMetrics.lag(DaemonMetricsTests.line("alert.raised", at: at, recorded: recorded, told: told)) == lag)
  }

  @Test func batchesAreCounted() {
    let factory = PrometheusFactory()
    let metrics = DaemonMetrics(factory)
    metrics.begins(feed: "office")
    var outcome = AppendOutcome()
    outcome.new = 3
    outcome.quarantined = 2
    metrics.appended(outcome, feed: "office", in: .milliseconds(20))
    metrics.appended(outcome, feed: "other \"feed\"", in: .milliseconds(700))
    metrics.projected(in: .milliseconds(3))
    metrics.databaseLost()
    let raised = DaemonMetricsTests.line("alert.raised", recorded: 1_040_000)
    let summary = PendingLine(id: 2, event: "alert.summary", subject: nil, texts: [:], numbers: ["raised": 2])
    metrics.logged([raised, raised, DaemonMetricsTests.line("alert.resolved"), summary])
    let lines = PrometheusText.page(factory.families()).split(separator: "\n").map(String.init)
    for expected in [
      "bizclock_feed_events_total{feed=\"office\",result=\"new\"} 3",
      "bizclock_feed_events_total{feed=\"office\",result=\"duplicate\"} 0",
      "bizclock_feed_events_total{feed=\"office\",result=\"quarantined\"} 2",
      "bizclock_feed_events_total{feed=\"other \\\"feed\\\"\",result=\"new\"} 3",
      "bizclock_append_seconds_bucket{le=\"0.01\"} 0", "bizclock_append_seconds_bucket{le=\"0.025\"} 1",
      "bizclock_append_seconds_bucket{le=\"1\"} 2", "bizclock_append_seconds_count 2",
      "bizclock_project_seconds_bucket{le=\"0.005\"} 1", "bizclock_database_lost_total 1",
      "bizclock_alerts_total{commitment=\"opening\",event=\"raised\",level=\"red\"} 2",
      "bizclock_alerts_total{commitment=\"opening\",event=\"resolved\",level=\"red\"} 1",
      "bizclock_detection_seconds_bucket{le=\"0.025\"} 0", "bizclock_detection_seconds_bucket{le=\"0.05\"} 2",
      "bizclock_detection_seconds_count 2",
    ] {
      #expect(lines.contains(expected), "\(expected)")
    }
    #expect(lines.count { $0.hasPrefix("bizclock_alerts_total") } == 2)
  }
}
