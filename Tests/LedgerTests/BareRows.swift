import LibPQ
import ServiceTime

@testable import Ledger

/// The rows of clocks, cases and events as they are stored, for reckoning in a test what views reckon in SQL.
struct BareRows: Sendable {
  /// A clock with what reports tell it apart by; empty where not known.
  struct Clock: Sendable {
    var process, commitment, versionFrom, region, channel, entityType, reportTag: String
    var outcome, verdict, stoppedDay, dueDay: String
    var isOverdue, early: Bool
    var countedDays, hours: Double

    var dimensions: [String] { [process, commitment, versionFrom, region, channel, entityType, reportTag] }

    /// The region's prefixes; an unknown region has one, which is empty.
    var prefixes: [String] {
      region.isEmpty ? [""] : [2, 4, 6, 9, 12].filter { $0 <= region.count }.map { String(region.prefix($0)) }
    }

    func month(_ day: String) -> String { day.prefix(8) + "01" }
  }

  var clocks: [Clock] = []
  var events: [Event] = []

  init(_ session: inout Session, now: Instant) throws {
    let found = try session.execute(
      """
      SELECT ARRAY[f.process, c.commitment, c.version_from::text, f.region, f.channel, f.entity_type, f.report_tag,
          c.outcome, c.verdict, c.stopped_day::text, c.due_day::text],
        c.state IN ('running', 'paused') AND coalesce(c.due_at < $1, false), c.early, c.counted_days, c.working_us
      FROM bizclock.clock c JOIN bizclock.case_file f ON f.case_id = c.case_id
      """, [.timestamptz(now.microseconds)])
    for row in 0..<found.rowCount {
      let t = try (found.optionalTextArray(row, 0) ?? []).map { $0 ?? "" }
      clocks.append(
        Clock(
          process: t[0], commitment: t[1], versionFrom: t[2], region: t[3], channel: t[4], entityType: t[5],
          reportTag: t[6], outcome: t[7], verdict: t[8], stoppedDay: t[9], dueDay: t[10],
          isOverdue: try found.bool(row, 1), early: try found.bool(row, 2),
          countedDays: Double(try found.int4(row, 3)), hours: Double(try found.int8(row, 4)) / 3.6e9))
    }
    let stored = try session.execute("SELECT \(EventRows.columns) FROM bizclock.event")
    for row in 0..<stored.rowCount { events.append(try EventRows.read(stored, row).event) }
  }

  /// What `step_time` should say, by process and step.
  func steps(_ rulebook: Rulebook) -> [String: Figures] {
    var started: [String: Int] = [:]
    var finished: [String: Int] = [:]
    var hours: [String: [Double]] = [:]
    var caseHours: [String: Double] = [:]
    for (_, events) in Dictionary(grouping: events, by: \.caseID) {
      let happened = Event.happenedInOrder(events)
      guard let process = happened.last(where: { $0.process != nil })?.process,
        let calendar = rulebook.mainCalendar(process: process), let first = happened.first, let last = happened.last
      else { continue }
      func office(_ from: Event, _ to: Event) -> Double {
        Double(calendar.officeTime(until: to.occurredAt) - calendar.officeTime(until: from.occurredAt)) / 3.6e9
      }
      caseHours[process, default: 0] += office(first, last)
      var open: [String: Event] = [:]
      for event in happened {
        guard let step = event.step else { continue }
        let key = "\(process)|\(step)"
        if event.type == "step_started" {
          started[key, default: 0] += 1
          open[step] = event
        } else if event.type == "step_completed" {
          finished[key, default: 0] += 1
          if let start = open.removeValue(forKey: step) { hours[key, default: []].append(office(start, event)) }
        }
      }
    }
    var steps: [String: Figures] = [:]
    for key in Set(started.keys).union(finished.keys) {
      let sorted = (hours[key] ?? []).sorted()
      let sum = sorted.reduce(0, +)
      let whole = caseHours[String(key.prefix { $0 != "|" })] ?? 0
      steps[key] = Figures(
        counts: [started[key] ?? 0, finished[key] ?? 0, sorted.count],
        rates: sorted.isEmpty ? [nil, nil] : [sum / Double(sorted.count), sum / whole],
        quantiles: [50, 90, 95].map { Figures.rank(sorted, $0) })
    }
    return steps
  }
}

extension Event {
  /// The events of a case that happened, in event order.
  static func happenedInOrder(_ events: [Event]) -> [Event] {
    CaseFold.happened(events).filter { $0.type != .voided }.sorted { $0.precedes($1) }
  }
}
