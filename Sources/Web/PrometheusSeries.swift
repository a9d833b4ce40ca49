import CoreMetrics
import Synchronization

/// One line, or one histogram, of the page.
protocol PrometheusSeries: AnyObject, Sendable {
  /// What it stands at.
  var value: MetricFamily.Value { get }
}

/// Counts up; what is not a finite number above nought changes nothing.
final class CounterSeries: PrometheusSeries, CounterHandler, FloatingPointCounterHandler {
  private let sum = Mutex(0.0)

  var value: MetricFamily.Value { .number(sum.withLock { $0 }) }

  func increment(by amount: Int64) { increment(by: Double(amount)) }

  func increment(by amount: Double) {
    guard amount > 0, amount.isFinite else { return }
    sum.withLock { $0 += amount }
  }

  func reset() { sum.withLock { $0 = 0 } }
}

/// Holds the last value.
final class GaugeSeries: PrometheusSeries, RecorderHandler, MeterHandler {
  private let last = Mutex(0.0)

  var value: MetricFamily.Value { .number(last.withLock { $0 }) }

  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { last.withLock { $0 = value } }
  func increment(by amount: Double) { last.withLock { $0 += amount } }
  func decrement(by amount: Double) { last.withLock { $0 -= amount } }
}

/// Sorts observations into buckets; a timer's are seconds. What is not a finite number is not counted.
final class HistogramSeries: PrometheusSeries, RecorderHandler, TimerHandler {
  private let bounds: [Double]
  private let state: Mutex<(counts: [UInt64], sum: Double)>

  init(_ bounds: [Double]) {
    self.bounds = bounds
    state = Mutex((Array(repeating: 0, count: bounds.count + 1), 0))
  }

  var value: MetricFamily.Value {
    let (counts, sum) = state.withLock { $0 }
    return .histogram(counts: counts, sum: sum)
  }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    guard value.isFinite else { return }
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock { state in
      state.counts[bucket] += 1
      state.sum += value
    }
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}

/// Takes what goes beyond the bounds of a metric.
final class NoSeries: FloatingPointCounterHandler {
  func increment(by amount: Double) {}
  func reset() {}
}
