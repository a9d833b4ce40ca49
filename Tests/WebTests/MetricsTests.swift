import Daemon
import Ledger
import ServiceTime
import TestSupport
import Testing

@testable import Web

/// What is on the page is what happened.
@Suite struct MetricsTests {
  /// Events, duplicates, bad lines, open and overdue clocks, alerts and their detection.
  @Test func theDaysWorkIsCounted() async throws {
    try await WebOffice.withOffice { office in
      let events = [
        WebOffice.event("A", "accepted", "2026-09-11T09:00:00+08:00"),
        WebOffice.event("B", "accepted", "2026-09-14T07:00:00+08:00"),
        WebOffice.event("B", "suspended", "2026-09-14T07:30:00+08:00"),
      ]
      try office.put("1.ndjson", events + ["no JSON", events[0]])
      try await office.projected(through: 3)
      try await office.ready()
      var samples = try await office.samples()
      for (name, value) in [
        "bizclock_leader": "1", "bizclock_database_up": "1", "bizclock_ledger_position": "3",
        "bizclock_projected_position": "3", "bizclock_events_behind": "0",
        "bizclock_feed_events_total{feed=\"office\",result=\"new\"}": "3",
        "bizclock_feed_events_total{feed=\"office\",result=\"duplicate\"}": "1",
        "bizclock_feed_events_total{feed=\"office\",result=\"quarantined\"}": "1",
        "bizclock_quarantine_open{feed=\"office\"}": "1", "bizclock_feed_stalled{feed=\"office\"}": "0",
        "bizclock_open_clocks{commitment=\"opening\",state=\"running\"}": "1",
        "bizclock_open_clocks{commitment=\"opening\",state=\"paused\"}": "1",
        "bizclock_overdue_clocks{commitment=\"opening\"}": "0", "bizclock_append_seconds_count": "1",
        "bizclock_append_seconds_bucket{le=\"+Inf\"}": "1", "bizclock_log_refused_total": "0",
        "bizclock_database_lost_total": "0", "bizclock_alert_lines_waiting": "0",
        "bizclock_metrics_looks_failed_total": "0",
      ] {
        #expect(samples[name] == value, "\(name) is \(samples[name] ?? "not there")")
      }
      let began = office.clock.now()
      func seconds(_ instant: Instant?) -> String? {
        instant.map { PrometheusText.number(Double($0.microseconds) / 1e6) }
      }
      #expect(samples["bizclock_feed_last_received_timestamp_seconds{feed=\"office\"}"] == seconds(began))
      #expect(samples["bizclock_levels_through_timestamp_seconds"] == seconds(began))
      #expect(samples["bizclock_next_level_timestamp_seconds"] == seconds(office.daemon.state.snapshot.nextLevel))
      #expect(samples["bizclock_next_level_timestamp_seconds"] != nil)

      // The limit of A passes: the alert is counted at once, and how late it was recorded.
      let before = samples["bizclock_detection_seconds_count"].flatMap { Int($0) } ?? -1
      try await office.advance(to: "2026-09-15T17:30:00.020+08:00")
      try await office.ready()
      samples = try await office.samples()
      #expect(
        samples["bizclock_alerts_total{commitment=\"opening\",event=\"raised\",level=\"red\"}"] == "1")
      let after = samples["bizclock_detection_seconds_count"].flatMap { Int($0) } ?? -1
      #expect(before >= 0 && after > before)
    }
  }

  /// However many ask at once, the database is asked once; and no more than every few seconds.
  @Test func scrapesAreSparing() async throws {
    try await WebOffice.withOffice { office in
      try await office.ready()
      let probe = DatabaseProbe(
        office.daemon.database, clock: office.clock, log: office.log,
        freshness: DatabaseProbe.Freshness(pulse: .seconds(600), holdings: .seconds(600), failure: .seconds(600)))
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<50 { group.addTask { _ = await probe.look(counting: number % 2 == 0) } }
      }
      let known = await probe.look(counting: true)
      #expect(known.isUp && known.pulse != nil && known.holdings != nil)
      // One that counts, and one before it at most that did not.
      #expect(known.looks <= 2)
      await probe.close()
    }
  }

  /// Old answers are asked for anew.
  @Test func answersGrowOld() async throws {
    try await WebOffice.withOffice { office in
      let probe = DatabaseProbe(
        office.daemon.database, clock: office.clock, log: office.log,
        freshness: DatabaseProbe.Freshness(pulse: .zero, holdings: .zero, failure: .zero))
      for count in 1...3 { #expect(await probe.look(counting: true).looks == count) }
      await probe.close()
    }
  }

  /// A database that refuses to answer is told in the log, once.
  @Test func aRefusalIsToldOnce() async throws {
    try await WebOffice.withOffice { office in
      let probe = DatabaseProbe(
        DatabaseSource(conninfo: office.daemon.database.conninfo.replacingDatabase("postgres")),
        clock: office.clock,
        log: office.log, freshness: DatabaseProbe.Freshness(pulse: .zero, holdings: .zero, failure: .zero))
      for _ in 0..<3 { #expect(await probe.look(counting: true).isUp == false) }
      await probe.close()
      let told = office.log.records.filter { $0.message.contains("refuses to tell the figures") }
      #expect(told.count == 1)
    }
  }
}
