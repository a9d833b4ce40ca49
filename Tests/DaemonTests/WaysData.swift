import ServiceTime
import Settings
import Simulator
import Testing

@testable import Daemon

/// A data set that every way in can carry: simulated cases, cut to what the tables of an exchange database hold.
///
/// These have no events of their own for voids (a row is rewritten), no `sequence`, no two ends of one row at one
/// instant (it would not have ended), and tell the attributes of a case where it is applied for.
struct WaysData: Sendable {
  /// The events of each case, by time.
  let cases: [[Event]]
  /// An instant behind all of them.
  let end: Instant
  let zone: TimeZoneTable
  var count: Int { cases.reduce(0) { $0 + $1.count } }

  init(cases number: Int) throws {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    let rulebook = try RuleLoader.compile(draft.policy, draft.calendars)
    let calendar = try #require(rulebook.mainCalendar(process: "opening"))
    let last = try #require(CivilDate("2026-06-30"))
    var simulator = Simulator(seed: 21, cases: number, from: last + -180, to: last, calendar: calendar)
    var cases: [[Event]] = []
    while let events = simulator.nextCase() { cases.append(WaysData.plain(events)) }
    self.cases = cases
    // An end that was moved may lie past the last.
    end = calendar.midnight(last + 1) + 60_000_000
    zone = calendar.zone
  }

  /// What starts something that a row of an exchange table holds with its end.
  static let spans: [EventType: EventType] = [
    "step_started": "step_completed", "correction_requested": "correction_received", "suspended": "resumed",
    "notice_published": "notice_ended",
  ]

  private static func plain(_ told: [Event]) -> [Event] {
    var events = CaseFold.happened(told)
    var application = events.first
    for index in events.indices {
      var event = events[index]
      event.sequence = nil
      event.eventID = Identifier("\(index)")
      if event.type == "submitted" { application = event }
      let tells = event.type == "submitted" || event.type == "accepted" ? application : nil
      event.process = tells == nil ? nil : events[0].process
      event.region = tells?.region
      event.grid = tells?.grid
      event.channel = tells?.channel
      event.serviceWindow = tells?.serviceWindow
      event.entityType = tells?.entityType
      event.entityName = tells?.entityName
      event.uscc = nil
      event.tags = tells?.tags
      events[index] = event
    }
    for (start, finish) in pairs(events) where events[start].occurredAt == events[finish].occurredAt {
      events[finish].occurredAt = events[finish].occurredAt + 1_000_000
    }
    return events.sorted { $0.precedes($1) }
  }

  /// The places of starts with those of their ends.
  static func pairs(_ events: [Event]) -> [(Int, Int)] {
    var open: [(place: Int, end: EventType, step: String?)] = []
    var pairs: [(Int, Int)] = []
    for (place, event) in events.enumerated() {
      if let end = spans[event.type] {
        open.append((place, end, event.step))
      } else if let found = open.firstIndex(where: { $0.end == event.type && $0.step == event.step }) {
        pairs.append((open.remove(at: found).place, place))
      }
    }
    return pairs
  }

  // MARK: Files

  var ndjson: [UInt8] { bodies(of: cases.count).flatMap { $0 } }

  /// The lines in bodies of so many cases.
  func bodies(of number: Int) -> [[UInt8]] {
    stride(from: 0, to: cases.count, by: number).map { first in
      var encoder = EventLineEncoder(zone: zone)
      var bytes: [UInt8] = []
      for events in cases[first..<min(first + number, cases.count)] {
        for event in events { encoder.append(event, to: &bytes) }
      }
      return bytes
    }
  }

  var csv: String {
    var text =
      "event_id,case_id,type,occurred_at,process,step,source,region,grid,channel,service_window,entity_type,entity_name,"
      + "tags,extend_days\r\n"
    for events in cases {
      for event in events {
        let cells = [
          event.eventID.text, event.caseID.text, event.type.name, local(event.occurredAt), event.process,
          event.step,
          event.source.text, event.region, event.grid, event.channel, event.serviceWindow, event.entityType,
          event.entityName, event.tags?.joined(separator: ";"), event.extendDays.map(String.init),
        ]
        text += cells.map { "\"\(($0 ?? "").replacing("\"", with: "\"\""))\"" }.joined(separator: ",") + "\r\n"
      }
    }
    return text
  }

  /// A time without offset, as tables have it.
  func local(_ instant: Instant) -> String { "\(zone.local(instant))".replacing("T", with: " ") }
}
