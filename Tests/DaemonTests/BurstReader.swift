import Foundation
import Synchronization
import TestSupport

/// Reads a burst of records as the journal would, on a thread of its own, and halts where a test wants to act between
/// two lines.
final class BurstReader: Sendable {
  /// What it has read.
  struct Reading: Sendable {
    /// The ids of raised alerts, in their order.
    var alerts: [String] = []
    /// How many levels each summary counts.
    var summaries: [String] = []
    /// How many times it was said that records were refused.
    var refusals = 0
  }

  /// The counts of alert lines at which it has halted; it goes on after `goOn`.
  let halts: AsyncStream<Int>
  /// Where it listens.
  var path: String { receiver.path }

  private let receiver: JournalReceiver
  private let reading = Mutex(Reading())
  private let isOver = Mutex(false)
  private let mayGoOn = DispatchSemaphore(value: 0)
  private let end: AsyncStream<Void>

  /// Begins to read; halts at these counts of alert lines.
  init(haltingAt counts: [Int]) throws {
    receiver = try JournalReceiver()
    let (halts, halted) = AsyncStream.makeStream(of: Int.self)
    let (end, ended) = AsyncStream.makeStream(of: Void.self)
    self.halts = halts
    self.end = end
    let counts = Set(counts)
    Thread { [self] in
      while !isOver.withLock({ $0 }) {
        guard receiver.wait(atMost: 100) else { continue }
        while let datagram = receiver.next() {
          guard let lines = take(datagram), counts.contains(lines) else { continue }
          halted.yield(lines)
          mayGoOn.wait()
        }
      }
      halted.finish()
      ended.finish()
    }.start()
  }

  /// Lets it go on after a halt.
  func goOn() { mayGoOn.signal() }

  /// Ends the reading and gives what was read.
  func finish() async -> Reading {
    isOver.withLock { $0 = true }
    goOn()
    for await _ in end {}
    return reading.withLock { $0 }
  }

  /// Takes a record in; the count of alert lines if it is one.
  private func take(_ datagram: JournalDatagram) -> Int? {
    reading.withLock { reading in
      switch datagram.quickValue("BIZCLOCK_EVENT") {
      case "alert.raised":
        reading.alerts.append(datagram.quickValue("BIZCLOCK_ALERT_ID") ?? "")
        return reading.alerts.count
      case "alert.summary": reading.summaries.append(datagram.quickValue("BIZCLOCK_RAISED") ?? "")
      case "log.refused": reading.refusals += 1
      default: break
      }
      return nil
    }
  }
}
