import Daemon
import Journal
import Ledger
import ServiceTime

/// Puts together what `/metrics` shows: what the services counted, what they know, and what the database tells.
struct MetricsPage: Sendable {
  let factory: PrometheusFactory
  let state: DaemonState
  let log: any LogSink
  let version: String
  /// Nil before there is a database to ask.
  let probe: DatabaseProbe?

  /// The page as it is now; with the database away, what is known.
  func text() async -> String {
    let known = await probe?.look(counting: true) ?? DatabaseProbe.Known()
    return PrometheusText.page(
      factory.families() + ProcessFigures.families() + own(known) + MetricsPage.database(known))
  }

  private func own(_ known: DatabaseProbe.Known) -> [MetricFamily] {
    let snapshot = state.snapshot
    let leads = snapshot.role == .leading
    return [
      MetricFamily(.buildInfo, [(["version": version], 1)]),
      MetricFamily(.leader, leads ? 1 : 0),
      MetricFamily(.databaseUp, known.isUp ? 1 : 0),
      MetricFamily(.logRefused, Double(log.dropped)),
      MetricFamily(.looksFailed, Double(known.failures)),
      // Only who leads knows; of what it knew, its successor knows better.
      MetricFamily(.levelsThrough, leads ? snapshot.levelsThrough?.seconds : nil),
    ]
  }

  private static func database(_ known: DatabaseProbe.Known) -> [MetricFamily] {
    var families: [MetricFamily] = []
    if let pulse = known.pulse {
      families += [
        MetricFamily(.ledgerPosition, Double(pulse.head)),
        MetricFamily(.projectedPosition, Double(pulse.position)),
        MetricFamily(.eventsBehind, Double(max(0, pulse.head - pulse.position))),
        MetricFamily(.nextLevel, pulse.nextLevel?.seconds),
        MetricFamily(.alertLinesWaiting, Double(pulse.linesWaiting)),
        MetricFamily(.feedLastReceived, pulse.feeds.map { (["feed": $0.name], $0.lastReceivedAt?.seconds) }),
        MetricFamily(.feedStalled, pulse.feeds.map { (["feed": $0.name], $0.isStalled ? 1 : 0) }),
      ]
    }
    if let holdings = known.holdings {
      families += [
        MetricFamily(
          .openClocks,
          holdings.clocks.flatMap { clocks -> [(KeyValuePairs<String, String>, Double?)] in
            [
              (["commitment": clocks.commitment, "state": "running"], Double(clocks.running)),
              (["commitment": clocks.commitment, "state": "paused"], Double(clocks.paused)),
            ]
          }),
        MetricFamily(
          .overdueClocks, holdings.clocks.map { (["commitment": $0.commitment], Double($0.overdue)) }),
        // A feed with nothing in quarantine shows it: an alarm must be able to end.
        MetricFamily(
          .quarantineOpen,
          Set(holdings.quarantine.keys).union(known.pulse?.feeds.map(\.name) ?? [])
            .map { (["feed": $0], Double(holdings.quarantine[$0] ?? 0)) }),
      ]
    }
    return families
  }
}

extension Instant {
  /// Seconds since 1970 UTC.
  fileprivate var seconds: Double { Double(microseconds) / 1e6 }
}
