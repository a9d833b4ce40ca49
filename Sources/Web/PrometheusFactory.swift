import CoreMetrics
import Daemon
import Synchronization

/// Keeps what is counted through swift-metrics, for Prometheus to read.
///
/// A metric has a bounded number of label combinations; what goes beyond is counted as dropped and nothing else, so that
/// no data can fill the memory.
public final class PrometheusFactory: MetricsFactory {
  /// What a metric is that somebody makes under a name.
  struct Description: Sendable {
    var kind: Metric.Kind
    var help: String
  }

  /// Buckets of histograms that nobody described, in seconds.
  static let buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

  private struct Family: Sendable {
    var description: Description
    var series: [MetricFamily.Labels: any PrometheusSeries] = [:]
  }

  private struct State: Sendable {
    var families: [String: Family] = [:]
    var dropped: [String: Double] = [:]
  }

  private let known: [String: Description]
  private let most: Int
  private let state = Mutex(State())

  /// A factory that knows the daemon's metrics.
  ///
  /// - Parameter most: how many label combinations a metric may have.
  public convenience init(most: Int = 1_000) {
    self.init(
      Dictionary(
        uniqueKeysWithValues: Metric.allCases.map { ($0.rawValue, Description(kind: $0.kind, help: $0.help)) }),
      most: most)
  }

  init(_ known: [String: Description], most: Int) {
    self.known = known
    self.most = most
  }

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, .counter) { _ in CounterSeries() } ?? NOOPMetricsHandler.instance
  }

  public func makeFloatingPointCounter(label: String, dimensions: [(String, String)])
    -> any FloatingPointCounterHandler
  {
    series(label, dimensions, .counter) { _ in CounterSeries() } ?? NoSeries()
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, .gauge) { _ in GaugeSeries() } ?? NOOPMetricsHandler.instance
  }

  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    guard aggregate else {
      return series(label, dimensions, .gauge) { _ in GaugeSeries() } ?? NOOPMetricsHandler.instance
    }
    return histogram(label, dimensions) ?? NOOPMetricsHandler.instance
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions) ?? NOOPMetricsHandler.instance
  }

  private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramSeries? {
    series(label, dimensions, .histogram(PrometheusFactory.buckets)) { kind in
      guard case .histogram(let bounds) = kind else { return HistogramSeries(PrometheusFactory.buckets) }
      return HistogramSeries(bounds)
    }
  }

  // A series stays as long as the process: others may hold the same.
  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  public func destroyMeter(_ handler: any MeterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}

  /// The series of a name and labels, made if it is new; nil where the metric has too many, or is of another kind.
  private func series<S: PrometheusSeries>(
    _ label: String, _ dimensions: [(String, String)], _ fallback: Metric.Kind, _ make: (Metric.Kind) -> S
  ) -> S? {
    let name = PrometheusText.name(label, isLabel: false)
    let labels = PrometheusFactory.labels(dimensions)
    return state.withLock { state in
      let description =
        known[name] ?? state.families[name]?.description
        ?? Description(kind: fallback, help: label)
      var family = state.families[name] ?? Family(description: description)
      if let there = family.series[labels] { return there as? S }
      guard description.kind.isSame(as: fallback), family.series.count < most else {
        state.dropped[name, default: 0] += 1
        return nil
      }
      let series = make(description.kind)
      family.series[labels] = series
      state.families[name] = family
      return series
    }
  }

  private static func labels(_ dimensions: [(String, String)]) -> MetricFamily.Labels {
    var values: [String: String] = [:]
    for (name, value) in dimensions {
      var name = PrometheusText.name(name, isLabel: true)
      // A histogram's own label.
      if name == "le" { name = "exported_le" }
      if values[name] == nil { values[name] = value }
    }
    return values.map { MetricFamily.Label(name: $0, value: $1) }.sorted()
  }

  /// All that has been counted so far.
  func families() -> [MetricFamily] {
    let (families, dropped) = state.withLock { ($0.families, $0.dropped) }
    var result = families.map { name, family in
      MetricFamily(
        name: name, kind: family.description.kind, help: family.description.help,
        samples: family.series.map { MetricFamily.Sample(labels: $0, value: $1.value) })
    }
    if !dropped.isEmpty { result.append(MetricFamily(.labelsDropped, dropped.map { (["metric": $0], $1) })) }
    return result
  }
}

extension Metric.Kind {
  /// Whether both are counters, gauges or histograms.
  func isSame(as other: Metric.Kind) -> Bool {
    switch (self, other) {
    case (.counter, .counter), (.gauge, .gauge), (.histogram, .histogram): true
    default: false
    }
  }
}
