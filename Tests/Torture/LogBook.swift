import Foundation
import Synchronization

/// What all daemons have logged about alerts, and each daemon's last lines.
final class LogBook: Sendable {
  /// The lines of one alert id.
  struct Lines: Sendable {
    /// How often `alert.raised` was logged.
    var raised = 0
    /// The `recorded_at` of those lines.
    var recordedAt: Set<String> = []
    /// Whether `alert.unrecorded` was logged: the level was told while the database was away.
    var isUnrecorded = false
  }

  private struct State {
    var alerts: [String: Lines] = [:]
    var counts: [String: Int] = [:]
    var last: [String: [String]] = [:]
    var alertLines = 0
  }

  private let state = Mutex(State())
  private let folder: String

  /// A book whose lines are also kept in files of a folder.
  init(folder: String) { self.folder = folder }

  /// By alert id, what was logged.
  var alerts: [String: Lines] { state.withLock { $0.alerts } }

  /// How often an event was logged.
  func count(_ event: String) -> Int { state.withLock { $0.counts[event] ?? 0 } }

  /// How many lines about alerts came so far.
  var alertLines: Int { state.withLock { $0.alertLines } }

  /// The last lines of a daemon.
  func lastLines(of daemon: String) -> [String] { state.withLock { $0.last[daemon] ?? [] } }

  /// Reads a daemon's log to its end; `isStuck` says whether to leave it unread for now, `onReady` is told when it serves.
  func read(_ descriptor: Int32, of daemon: String, isStuck: () -> Bool, onReady: () -> Void) {
    let file = open("\(folder)/\(daemon).log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    defer {
      close(descriptor)
      close(file)
    }
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      while isStuck() { usleep(10_000) }
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      _ = write(file, buffer, count)
      rest += buffer[..<count]
      var start = 0
      while let end = rest[start...].firstIndex(of: 10) {
        if take(String(decoding: rest[start..<end], as: UTF8.self), daemon) == "ready" { onReady() }
        start = end + 1
      }
      rest.removeSubrange(..<start)
    }
    // What a killed process did not finish is no line.
    if !rest.isEmpty { _ = take(String(decoding: rest, as: UTF8.self), daemon) }
  }

  /// Takes a line in, and says what event it is of.
  private func take(_ line: String, _ daemon: String) -> String? {
    let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    let event = object?["event"] as? String
    let alert = object?["alert_id"] as? String
    let recordedAt = object?["recorded_at"] as? String
    state.withLock { state in
      state.last[daemon, default: []].append(line)
      if state.last[daemon, default: []].count > 60 { state.last[daemon]?.removeFirst(20) }
      state.counts[event ?? (object == nil ? "(no JSON)" : "(no event)"), default: 0] += 1
      guard let alert, let event, event.hasPrefix("alert.") else { return }
      state.alertLines += 1
      var lines = state.alerts[alert] ?? Lines()
      if event == "alert.raised" {
        lines.raised += 1
        if let recordedAt { lines.recordedAt.insert(recordedAt) }
      }
      if event == "alert.unrecorded" { lines.isUnrecorded = true }
      state.alerts[alert] = lines
    }
    return event
  }
}
