import CoreMetrics
import Ledger
import ServiceTime
import Synchronization

/// What the services count while they work: by batch, never by event.
public final class DaemonMetrics: Sendable {
  private let factory: any MetricsFactory
  private let lost: Counter
  private let detection: Recorder
  private let append: CoreMetrics.Timer
  private let project: CoreMetrics.Timer
  private let counters = Mutex<[Key: Counter]>([:])

  private enum Key: Hashable {
    case feed(String, String)
    case alert(commitment: String, level: String, event: String)
  }

  /// Counts through a factory; without one, into nothing.
  public init(_ factory: any MetricsFactory = NOOPMetricsHandler.instance) {
    self.factory = factory
    lost = Counter(label: Metric.databaseLost.rawValue, factory: factory)
    detection = Recorder(label: Metric.detection.rawValue, factory: factory)
    append = CoreMetrics.Timer(label: Metric.append.rawValue, factory: factory)
    project = CoreMetrics.Timer(label: Metric.project.rawValue, factory: factory)
  }

  /// A feed is read: its counters are there from the first scrape on, so that their first step shows.
  func begins(feed: String) {
    for result in ["new", "duplicate", "quarantined"] { counter(.feed(feed, result)).increment(by: 0) }
  }

  func databaseLost() { lost.increment() }

  /// A batch was appended.
  func appended(_ outcome: AppendOutcome, feed: String, in duration: Duration) {
    append.recordNanoseconds(duration.nanoseconds)
    for (result, count) in [
      ("new", outcome.new), ("duplicate", outcome.duplicate), ("quarantined", outcome.quarantined),
    ] where count > 0 {
      counter(.feed(feed, result)).increment(by: count)
    }
  }

  /// A batch was projected.
  func projected(in duration: Duration) { project.recordNanoseconds(duration.nanoseconds) }

  /// Lines of alerts were written to the log and taken off the queue.
  func logged(_ lines: some Sequence<PendingLine>) {
    var counts: [Key: Int] = [:]
    for line in lines {
      guard let subject = line.subject, line.event.hasPrefix("alert.") else { continue }
      let event = String(line.event.dropFirst("alert.".count))
      counts[.alert(commitment: subject.commitment, level: subject.level, event: event), default: 0] += 1
      if event == "raised", let lag = DaemonMetrics.lag(line) { detection.record(lag) }
    }
    for (key, count) in counts { counter(key).increment(by: count) }
  }

  /// How late a level was recorded, in seconds; nil where nobody could have been earlier, as after a change of rules.
  static func lag(_ line: PendingLine) -> Double? {
    guard let at = line.numbers["level_at"], let recorded = line.numbers["recorded_at"] else { return nil }
    let told = line.numbers["data_at"]
    guard told != recorded else { return nil }
    return Double(max(0, recorded - max(at, told ?? at))) / 1e6
  }

  private func counter(_ key: Key) -> Counter {
    counters.withLock { counters in
      if let known = counters[key] { return known }
      let counter =
        switch key {
        case .feed(let feed, let result):
          Counter(
            label: Metric.feedEvents.rawValue, dimensions: [("feed", feed), ("result", result)], factory: factory)
        case .alert(let commitment, let level, let event):
          Counter(
            label: Metric.alerts.rawValue,
            dimensions: [("commitment", commitment), ("level", level), ("event", event)], factory: factory)
        }
      counters[key] = counter
      return counter
    }
  }
}

extension Duration {
  /// Whole nanoseconds, held within 64 bits.
  fileprivate var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : product &+ attoseconds / 1_000_000_000
  }
}
