import ServiceTime
import Synchronization

/// What was handed over and what must come of it, known from what was written alone.
final class Truth: Sendable {
  /// A line that must be in quarantine: where it stands.
  struct Place: Hashable, Sendable, CustomStringConvertible {
    var origin: String
    var line: Int
    var description: String { "\(origin):\(line)" }
  }

  /// Why, and its bytes.
  struct Bad: Sendable, Equatable {
    var code: String
    var bytes: [UInt8]
  }

  /// A case of the process `live`, as far as it was told.
  private struct Live {
    var start: Int64?
    var stop: Int64?
    var isStopVoided = false
  }

  private struct State {
    /// By case, source and id, all that the event says.
    var events: [String: String] = [:]
    var bad: [Place: Bad] = [:]
    var live: [String: Live] = [:]
    var files: [(directory: String, name: String)] = []
  }

  private let state = Mutex(State())

  /// Nothing was handed over.
  init() {}

  /// Notes what a file holds, just before it is handed over; `origin` is what quarantine calls it.
  func tell(_ contents: Contents, origin: String, directory: String?) {
    state.withLock { state in
      for event in contents.events {
        state.events[Truth.key(event)] = Truth.text(event)
        guard event.caseID.text.hasPrefix("LV") else { continue }
        var live = state.live[event.caseID.text] ?? Live()
        switch event.type.name {
        case "accepted": live.start = event.occurredAt.microseconds
        case "completed": live.stop = event.occurredAt.microseconds
        default: live.isStopVoided = true
        }
        state.live[event.caseID.text] = live
      }
      for (line, bad) in contents.bad { state.bad[Place(origin: origin, line: line)] = bad }
      if let directory { state.files.append((directory, origin)) }
    }
  }

  var eventCount: Int { state.withLock { $0.events.count } }
  var files: [(directory: String, name: String)] { state.withLock { $0.files } }
  /// How many files were put into directories so far.
  var fileCount: Int { state.withLock { $0.files.count } }
  var bad: [Place: Bad] { state.withLock { $0.bad } }

  /// What an event says, by its key.
  func event(_ key: String) -> String? { state.withLock { $0.events[key] } }
  /// All keys.
  var keys: Set<String> { state.withLock { Set($0.events.keys) } }

  /// The alerts of live cases that must stand once every level up to an instant has been raised, with their instants;
  /// levels after it are left out.
  func liveAlerts(through instant: Int64) -> [String: Int64] {
    state.withLock { state in
      var alerts: [String: Int64] = [:]
      for (caseID, live) in state.live {
        guard let start = live.start else { continue }
        let due = start + Office.liveLimit
        let levels = [
          ("yellow", start + Office.liveLimit / 2), ("red", due), ("escalated", due + Office.liveEscalation),
        ]
        for (level, at) in levels where at <= instant {
          // Closed at the very instant: not reached.
          if let stop = live.stop, !live.isStopVoided, stop <= at { continue }
          alerts["\(caseID)/live/1/\(level)/1"] = at
        }
      }
      return alerts
    }
  }

  private static let separator = "\u{1f}"

  static func key(_ event: Event) -> String {
    [event.caseID.text, event.source.text, event.eventID.text].joined(separator: separator)
  }

  static func text(_ event: Event) -> String {
    text([
      event.type.name, "\(event.occurredAt.microseconds)", event.sequence.map { "\($0)" }, event.process,
      event.step,
      event.region, event.grid, event.serviceWindow, event.channel, event.entityName, event.entityType, event.uscc,
      event.tags.map { $0.joined(separator: ";") }, event.voids?.text, event.extendDays.map { "\($0)" },
    ])
  }

  /// The ledger's rows as `text` and `key` have them, all values as text.
  static let columns = """
    case_id, source, event_id, type, (extract(epoch FROM occurred_at) * 1000000)::int8::text, sequence::text, process, \
    step, region, grid, service_window, channel, entity_name, entity_type, uscc, array_to_string(tags, ';'), voids, \
    extend_days::text
    """

  /// A row that was selected with `columns`.
  static func read(_ row: [String?]) -> (key: String, text: String) {
    (row[..<3].map { $0 ?? "" }.joined(separator: separator), text(Array(row[3...])))
  }

  private static func text(_ values: [String?]) -> String {
    values.map { $0 ?? "\u{0}" }.joined(separator: separator)
  }
}
