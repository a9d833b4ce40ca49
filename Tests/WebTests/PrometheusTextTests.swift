import Daemon
import Testing

@testable import Web

/// The page is text that Prometheus reads.
@Suite struct PrometheusTextTests {
  @Test(arguments: [
    (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-7, "-7"), (0.25, "0.25"), (1e-7, "1e-07"),
    (1_732_445_100.125, "1732445100.125"),
    (9_007_199_254_740_991, "9007199254740991"), (1e300, "1e+300"), (.nan, "NaN"), (.infinity, "+Inf"),
    (-.infinity, "-Inf"),
  ])
  func numbers(_ value: Double, _ text: String) { #expect(PrometheusText.number(value) == text) }

  @Test(arguments: [
    ("plain", "plain", "plain"), ("a\"b", "a\\\"b", "a\"b"), ("a\\b", "a\\\\b", "a\\\\b"),
    ("a\nb", "a\\nb", "a\\nb"),
    ("企业\t开办", "企业\t开办", "企业\t开办"), ("\\n\"\n", "\\\\n\\\"\\n", "\\\\n\"\\n"), ("", "", ""),
    ("a\r\nb", "a\r\\nb", "a\r\\nb"),
  ])
  func escapes(_ text: String, _ label: String, _ help: String) {
    #expect(Array(PrometheusText.escapedLabel(text).utf8) == Array(label.utf8))
    #expect(Array(PrometheusText.escapedHelp(text).utf8) == Array(help.utf8))
  }

  @Test(arguments: [
    ("bizclock_leader", "bizclock_leader", "bizclock_leader"), ("a.b-c", "a_b_c", "a_b_c"), ("9a", "_9a", "_9a"),
    ("a:b", "a:b", "a_b"), ("", "_", "_"), ("é", "_", "_"),
  ])
  func names(_ text: String, _ metric: String, _ label: String) {
    #expect(PrometheusText.name(text, isLabel: false) == metric)
    #expect(PrometheusText.name(text, isLabel: true) == label)
  }

  /// Families and samples come in the order of their names, whatever the order they were made in.
  @Test func orderIsFixed() {
    func family(_ name: String, _ labels: [[String]]) -> MetricFamily {
      MetricFamily(
        name: name, kind: .gauge, help: "Help of \(name).",
        samples: labels.map { pairs in
          MetricFamily.Sample(
            labels: pairs.map { MetricFamily.Label(name: String($0.prefix(1)), value: String($0.dropFirst())) },
            value: .number(1))
        })
    }
    let page = PrometheusText.page([
      family("b", [["x2", "y1"], ["x10"], ["x1"], ["x2"]]), family("empty", []), family("a", [[]]),
    ])
    #expect(
      page == """
        # HELP a Help of a.
        # TYPE a gauge
        a 1
        # HELP b Help of b.
        # TYPE b gauge
        b{x="1"} 1
        b{x="10"} 1
        b{x="2"} 1
        b{x="2",y="1"} 1

        """)
  }

  /// Buckets are cumulated, the last is that of infinity and holds all.
  @Test func bucketsAreCumulative() {
    let page = PrometheusText.page([
      MetricFamily(
        name: "lag_seconds", kind: .histogram([0.5, 1, 60]), help: "Lag.",
        samples: [
          MetricFamily.Sample(
            labels: [MetricFamily.Label(name: "level", value: "red")],
            value: .histogram(counts: [1, 0, 2, 3], sum: 200.5))
        ])
    ])
    #expect(
      page == """
        # HELP lag_seconds Lag.
        # TYPE lag_seconds histogram
        lag_seconds_bucket{level="red",le="0.5"} 1
        lag_seconds_bucket{level="red",le="1"} 1
        lag_seconds_bucket{level="red",le="60"} 3
        lag_seconds_bucket{level="red",le="+Inf"} 6
        lag_seconds_sum{level="red"} 200.5
        lag_seconds_count{level="red"} 6

        """)
  }

  /// The names keep Prometheus' rules: counters end in _total and nothing else does, units are base units.
  @Test(arguments: Metric.allCases) func metricsAreNamedByTheRules(_ metric: Metric) {
    let name = metric.rawValue
    #expect(PrometheusText.name(name, isLabel: true) == name)
    #expect(name.hasSuffix("_total") == (metric.kind == .counter))
    #expect(!name.contains("milli") && !name.contains("_ms") && !name.contains("minutes"))
    #expect(metric.help.hasSuffix(".") && !metric.help.contains("\n"))
    if case .histogram(let bounds) = metric.kind {
      #expect(name.hasSuffix("_seconds"))
      #expect(bounds == Array(Set(bounds)).sorted() && bounds.allSatisfy(\.isFinite))
    }
  }
}
