import Journal
import LibPQ
import ServiceLifecycle
import ServiceTime

/// Warns once a day, from the first day of the month before it, that a calendar ends: due times past its last published
/// day are provisional until the next year's notice is applied.
struct HorizonService: Service {
  let database: DatabaseSource
  let clock: any WallClock
  let log: any LogSink
  let heart: Heartbeat
  let stop = Doorbell()

  func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      var said: CivilDate?
      repeat {
        heart.away()
        let now = clock.now()
        let today = TimeZoneTable.utc.date(of: now)
        // A database that is away is the leader's to tell; here it is only asked again.
        if said != today, let records = try? await warnings(now: now) {
          for record in records { log.write(record) }
          said = today
        }
        heart.beat(within: .seconds(600))
      } while await stop.wait(atMost: .seconds(said == nil ? 10 : 600))
    } onCancelOrGracefulShutdown: {
      stop.silence()
    }
    heart.end()
  }

  /// The warnings of the calendars in force that end soon, or have ended.
  func warnings(now: Instant) async throws -> [LogRecord] {
    let connection = try await database.connect(.ask)
    let rulebook = try await connection.run { try RuleLoader.load(&$0)?.1 }
    await connection.close()
    return HorizonService.warnings(rulebook?.calendars.values.sorted { $0.id < $1.id } ?? [], now: now)
  }

  static func warnings(_ calendars: [WorkCalendar], now: Instant) -> [LogRecord] {
    calendars.compactMap { calendar in
      guard let last = calendar.publishedUntil else { return nil }
      // A layer ends with its base, which says so.
      if let base = calendars.first(where: { $0.id == calendar.base }), base.publishedUntil == last { return nil }
      let today = calendar.date(of: now)
      guard today >= firstWarning(last) else { return nil }
      let left = last - today
      var record = LogRecord(
        time: now.microseconds, priority: .warning, event: .calendarHorizon,
        message: "Calendar \(calendar.id) is published until \(last), \(words(left)): due times past it are "
          + "provisional. Add the next year's days and run: bizclock calendar apply.")
      record.set("calendar", .text(calendar.id))
      record.set("published_until", .text(last.description))
      record.set("days_left", .integer(Int64(left)))
      return record
    }
  }

  /// The first day of the month before that of the last published day: 1 November for a calendar of a year.
  private static func firstWarning(_ last: CivilDate) -> CivilDate {
    let (year, month, _) = last.fields
    return month == 1
      ? CivilDate(year: year - 1, month: 12, day: 1) : CivilDate(year: year, month: month - 1, day: 1)
  }

  private static func words(_ days: Int) -> String {
    switch days {
    case ..<0: "\(-days) days ago"
    case 0: "today"
    case 1: "one day from now"
    default: "\(days) days from now"
    }
  }
}
