import CoreMetrics
import Daemon
import Testing

@testable import Web

/// What is counted through swift-metrics is on the page.
@Suite struct PrometheusFactoryTests {
  private static func factory(most: Int = 1_000) -> PrometheusFactory {
    PrometheusFactory(
      [
        "requests_total": PrometheusFactory.Description(kind: .counter, help: "Requests."),
        "depth": PrometheusFactory.Description(kind: .gauge, help: "Depth."),
        "lag_seconds": PrometheusFactory.Description(kind: .histogram([0.1, 1]), help: "Lag."),
      ], most: most)
  }

  private static func lines(_ factory: PrometheusFactory) -> [String] {
    PrometheusText.page(factory.families()).split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
  }

  /// Two handles of the same name and labels, in whatever order, are one series.
  @Test func handlesShareTheirSeries() {
    let factory = PrometheusFactoryTests.factory()
    Counter(label: "requests_total", dimensions: [("path", "/a"), ("status", "200")], factory: factory).increment()
    Counter(label: "requests_total", dimensions: [("status", "200"), ("path", "/a")], factory: factory)
      .increment(by: 4)
    FloatingPointCounter(label: "requests_total", dimensions: [("path", "/b")], factory: factory).increment(by: 0.5)
    #expect(
      PrometheusFactoryTests.lines(factory) == [
        "requests_total{path=\"/a\",status=\"200\"} 5", "requests_total{path=\"/b\"} 0.5",
      ])
  }

  @Test func gaugesHoldTheLastValue() {
    let factory = PrometheusFactoryTests.factory()
    let meter = Meter(label: "depth", factory: factory)
    meter.set(7)
    meter.increment(by: 2.5)
    meter.decrement(by: 1.0)
    #expect(PrometheusFactoryTests.lines(factory) == ["depth 8.5"])
    Gauge(label: "depth", factory: factory).record(-3)
    #expect(PrometheusFactoryTests.lines(factory) == ["depth -3"])
    meter.set(Double.nan)
    #expect(PrometheusFactoryTests.lines(factory) == ["depth NaN"])
  }

  /// A bound belongs to its bucket; timers are told in seconds; what is no number is not counted.
  @Test func histogramsSortByUpperBounds() {
    let factory = PrometheusFactoryTests.factory()
    let recorder = Recorder(label: "lag_seconds", factory: factory)
    for value in [0.1, 0.5, 1, 1.5, 0, .nan, .infinity] { recorder.record(value) }
    CoreMetrics.Timer(label: "lag_seconds", factory: factory).recordMilliseconds(250)
    #expect(
      PrometheusFactoryTests.lines(factory) == [
        "lag_seconds_bucket{le=\"0.1\"} 2", "lag_seconds_bucket{le=\"1\"} 5", "lag_seconds_bucket{le=\"+Inf\"} 6",
        "lag_seconds_sum 3.35", "lag_seconds_count 6",
      ])
  }

  /// Nothing takes from a counter.
  @Test func countersOnlyGrow() {
    let factory = PrometheusFactoryTests.factory()
    let counter = Counter(label: "requests_total", factory: factory)
    counter.increment(by: 3)
    counter.increment(by: -2)
    counter.increment(by: 0)
    #expect(PrometheusFactoryTests.lines(factory) == ["requests_total 3"])
  }

  /// Data cannot fill the memory with labels: beyond the cap they are counted and dropped; what is there goes on.
  @Test func labelsAreBounded() {
    let factory = PrometheusFactoryTests.factory(most: 10)
    for number in 0..<25 {
      Counter(label: "requests_total", dimensions: [("path", "\(number)")], factory: factory).increment()
    }
    Counter(label: "requests_total", dimensions: [("path", "3")], factory: factory).increment()
    Counter(label: "depth", factory: factory).increment()
    let lines = PrometheusFactoryTests.lines(factory)
    #expect(lines.count { $0.hasPrefix("requests_total") } == 10)
    #expect(lines.contains("requests_total{path=\"3\"} 2"))
    #expect(lines.contains("bizclock_metrics_labels_dropped_total{metric=\"requests_total\"} 15"))
    // Of another kind than it is known for: dropped as well.
    #expect(lines.contains("bizclock_metrics_labels_dropped_total{metric=\"depth\"} 1"))
  }

  @Test func namesAndLabelsAreMadeToFit() {
    let factory = PrometheusFactoryTests.factory()
    CoreMetrics.Timer(
      label: "lag_seconds", dimensions: [("le", "x"), ("a.b", "1"), ("a_b", "2")], factory: factory
    )
    .recordNanoseconds(0)
    #expect(
      PrometheusFactoryTests.lines(factory).first == "lag_seconds_bucket{a_b=\"1\",exported_le=\"x\",le=\"0.1\"} 1")
  }

  @Test func nothingIsLostAmongThreads() async {
    let factory = PrometheusFactoryTests.factory()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for number in 0..<1_000 {
            Counter(label: "requests_total", dimensions: [("path", "\(number % 5)")], factory: factory).increment()
            Recorder(label: "lag_seconds", factory: factory).record(0.5)
          }
        }
      }
    }
    let lines = PrometheusFactoryTests.lines(factory)
    #expect((0..<5).allSatisfy { lines.contains("requests_total{path=\"\($0)\"} 1600") })
    #expect(lines.contains("lag_seconds_count 8000") && lines.contains("lag_seconds_sum 4000"))
  }
}
