import Synchronization

@testable import ServiceTime

/// Calendars and rulebooks made ready once per definition.
final class CompiledCalendars: Sendable {
  static let shared = CompiledCalendars()

  private let calendars = Mutex<[(CalendarDefinition, TimeZoneTable, WorkCalendar)]>([])
  private let rulebooks = Mutex<[(Commitment, [CalendarDefinition], TimeZoneTable, Rulebook)]>([])

  func calendar(_ definition: CalendarDefinition, _ zone: TimeZoneTable) throws -> WorkCalendar {
    try calendars.withLock { known in
      if let found = known.first(where: { $0.0 == definition && $0.1 == zone }) { return found.2 }
      let calendar = try require(WorkCalendar(definition, over: nil, zone: zone))
      known.append((definition, zone, calendar))
      return calendar
    }
  }

  func rulebook(
    _ commitment: Commitment, _ definitions: [CalendarDefinition], _ zone: TimeZoneTable
  ) throws -> Rulebook {
    try rulebooks.withLock { known in
      if let found = known.first(where: { $0.0 == commitment && $0.1 == definitions && $0.2 == zone }) {
        return found.3
      }
      let zones = Dictionary(definitions.compactMap(\.timeZone).map { ($0, zone) }, uniquingKeysWith: { a, _ in a })
      let rulebook = try Rulebook(
        policy: Policy(commitments: [commitment]), calendars: definitions, zones: zones)
      known.append((commitment, definitions, zone, rulebook))
      return rulebook
    }
  }
}
