import Journal
import Synchronization

/// The demo's log: overruns and news of the service on the terminal, and the first overrun kept as it was logged.
final class DemoLog: LogSink {
  private let text = TextSink()
  private let kept = Mutex<(overrun: LogRecord?, raised: Int)>((nil, 0))

  /// The first alert of a limit overrun.
  var overrun: LogRecord? { kept.withLock { $0.overrun } }
  /// How many alerts were raised, the early warnings included.
  var raised: Int { kept.withLock { $0.raised } }
  var dropped: Int { text.dropped }

  func write(_ record: LogRecord) -> Bool {
    if record.event == .alertRaised {
      kept.withLock {
        $0.raised += 1
        if $0.overrun == nil, record.priority <= .error { $0.overrun = record }
      }
      // Early warnings are many; the dashboards count them.
      if record.priority > .error { return true }
    }
    switch record.event {
    case .alertResolved, .alertAmended, .alertWithdrawn: return true
    default: return text.write(record)
    }
  }

  func write(contentsOf records: [LogRecord]) -> Int {
    for (count, record) in records.enumerated() where !write(record) { return count }
    return records.count
  }
}
