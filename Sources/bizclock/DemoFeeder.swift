import Daemon
import Glibc
import ServiceTime
import Simulator
import Synchronization

/// Puts simulated events into the spool directory when their time has come, as an upstream system would.
final class DemoFeeder: Sendable {
  private struct State {
    var events: ChronologicalEvents
    var next: Event?
    var encoder: EventLineEncoder
    var files = 0
  }

  private let state: Mutex<State>
  private let directory: String
  private let clock: any WallClock

  init(events: ChronologicalEvents, directory: String, zone: TimeZoneTable, clock: any WallClock) {
    var events = events
    let next = events.next()
    state = Mutex(State(events: events, next: next, encoder: EventLineEncoder(zone: zone)))
    self.directory = directory
    self.clock = clock
  }

  /// Feeds until the demo's clock has reached an instant, or without end; `each` is told about once a second.
  func run(until end: Instant?, each: (Instant) async throws -> Void = { _ in }) async throws {
    var turn = 0
    while !Task.isCancelled {
      let now = clock.now()
      feed(upTo: now)
      if let end, now >= end { break }
      turn += 1
      if turn % 50 == 0 { try await each(now) }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Writes what has happened up to an instant into one file, and gives it its name when it is whole.
  private func feed(upTo now: Instant) {
    state.withLock { state in
      var bytes: [UInt8] = []
      while let event = state.next, event.occurredAt <= now {
        state.encoder.append(event, to: &bytes)
        state.next = state.events.next()
      }
      guard !bytes.isEmpty else { return }
      state.files += 1
      let name = "\(directory)/\(state.files).ndjson"
      let file = open(name + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard file >= 0 else { return }
      let whole = bytes.withUnsafeBytes { Terminal.write($0, to: file) }
      close(file)
      if whole { rename(name + ".part", name) }
    }
  }
}
