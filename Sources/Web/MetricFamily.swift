import Daemon

/// A metric with all its samples at one moment.
struct MetricFamily: Sendable, Equatable {
  /// Names and values, in the order of their names.
  typealias Labels = [Label]

  struct Label: Sendable, Hashable, Comparable {
    var name: String
    var value: String

    static func < (a: Label, b: Label) -> Bool { (a.name, a.value) < (b.name, b.value) }
  }

  /// What one sample tells.
  enum Value: Sendable, Equatable {
    case number(Double)
    /// Observations by bucket, not cumulated; the last has no upper bound.
    case histogram(counts: [UInt64], sum: Double)
  }

  struct Sample: Sendable, Equatable {
    var labels: Labels
    var value: Value
  }

  var name: String
  var kind: Metric.Kind
  var help: String
  var samples: [Sample]

  init(name: String, kind: Metric.Kind, help: String, samples: [Sample] = []) {
    self.name = name
    self.kind = kind
    self.help = help
    self.samples = samples
  }

  /// A known metric with numbers by labels; nil values are left out.
  init(_ metric: Metric, _ samples: [(KeyValuePairs<String, String>, Double?)]) {
    self.init(
      name: metric.rawValue, kind: metric.kind, help: metric.help,
      samples: samples.compactMap { labels, value in
        value.map { Sample(labels: labels.map { Label(name: $0, value: $1) }.sorted(), value: .number($0)) }
      })
  }

  /// A known metric with one number; nil leaves it out.
  init(_ metric: Metric, _ value: Double?) { self.init(metric, [(KeyValuePairs<String, String>(), value)]) }
}
