import Daemon

/// Writes metrics in Prometheus' text format 0.0.4.
enum PrometheusText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The page: families in the order of their names, samples in that of their labels; those without samples left out.
  static func page(_ families: [MetricFamily]) -> String {
    var out = ""
    for family in families.sorted(by: { $0.name < $1.name }) where !family.samples.isEmpty {
      out += "# HELP \(family.name) \(escapedHelp(family.help))\n"
      out += "# TYPE \(family.name) \(type(family.kind))\n"
      for sample in family.samples.sorted(by: { $0.labels.lexicographicallyPrecedes($1.labels) }) {
        switch sample.value {
        case .number(let value): line(family.name, sample.labels, number(value), &out)
        case .histogram(let counts, let sum): histogram(family, sample.labels, counts, sum, &out)
        }
      }
    }
    return out
  }

  private static func histogram(
    _ family: MetricFamily, _ labels: MetricFamily.Labels, _ counts: [UInt64], _ sum: Double, _ out: inout String
  ) {
    guard case .histogram(let bounds) = family.kind else { return }
    var total: UInt64 = 0
    for (index, count) in counts.enumerated() {
      total += count
      let bound = index < bounds.count ? number(bounds[index]) : "+Inf"
      line(family.name + "_bucket", labels, String(total), &out, le: bound)
    }
    line(family.name + "_sum", labels, number(sum), &out)
    line(family.name + "_count", labels, String(total), &out)
  }

  private static func line(
    _ name: String, _ labels: MetricFamily.Labels, _ value: String, _ out: inout String, le bound: String? = nil
  ) {
    out += name
    var pairs = labels.map { "\($0.name)=\"\(escapedLabel($0.value))\"" }
    if let bound { pairs.append("le=\"\(bound)\"") }
    if !pairs.isEmpty { out += "{\(pairs.joined(separator: ","))}" }
    out += " \(value)\n"
  }

  private static func type(_ kind: Metric.Kind) -> String {
    switch kind {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }

  /// A number as Prometheus reads it.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    // Whole numbers without a fraction, as long as a double holds them exactly.
    if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
    return "\(value)"
  }

  static func escapedLabel(_ text: String) -> String {
    escaped(text) { scalar in
      switch scalar {
      case "\\": "\\\\"
      case "\"": "\\\""
      case "\n": "\\n"
      default: nil
      }
    }
  }

  static func escapedHelp(_ text: String) -> String {
    escaped(text) { scalar in
      switch scalar {
      case "\\": "\\\\"
      case "\n": "\\n"
      default: nil
      }
    }
  }

  private static func escaped(_ text: String, _ replacement: (Unicode.Scalar) -> String?) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      if let other = replacement(scalar) { out += other } else { out.unicodeScalars.append(scalar) }
    }
    return out
  }

  /// A name as Prometheus takes it: what may not stand in it becomes an underscore.
  static func name(_ text: String, isLabel: Bool) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      let isDigit = ("0"..."9").contains(scalar)
      let isLetter =
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_" || (!isLabel && scalar == ":")
      if out.isEmpty, isDigit { out += "_" }
      out += isDigit || isLetter ? String(scalar) : "_"
    }
    return out.isEmpty ? "_" : out
  }
}
