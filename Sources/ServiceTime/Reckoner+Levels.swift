extension Reckoner {
  /// Where a level lies now.
  public struct LevelInstant: Sendable, Equatable {
    /// The instant; not before the start.
    public var at: Instant
    /// Whether a day was asked that the calendar is not published for.
    public var provisional: Bool
  }

  /// The instant of a level; nil while the due time, or the level's own, is unknown.
  public func instant(of position: Level.Position) -> LevelInstant? {
    guard let due else { return nil }
    let found: (at: Instant, provisional: Bool)?
    switch position {
    case .due:
      found = (due.at, due.provisional)
    case .plain(let offset):
      found = (due.at + offset, due.provisional)
    case .daysBefore(let days):
      let day = dayBefore(due, days)
      found = (calendar.end(day, version.dayEnd), isProvisional(through: day, due))
    case .daysAfter(let days):
      found = line.day(days, after: due.day, worked: version.countsWorkedDays).map {
        (calendar.end($0, version.dayEnd), isProvisional(through: $0, due))
      }
    case .officeTime(let offset):
      found = officeLimit.flatMap { limit in
        line.instant(running: limit + offset, from: start).map {
          ($0, isProvisional(through: calendar.date(of: max(start, $0 + -1)), due))
        }
      }
    case .share(let hundredths):
      // The last office time asked for is that before due; at 24:00 it is the day's that it closes.
      let last = calendar.date(of: max(start, due.at + -1))
      found = (share(hundredths, due), !calendar.isPublished(calendar.date(of: start), last))
    }
    return found.map { LevelInstant(at: max($0.at, start), provisional: $0.provisional) }
  }

  /// The limit in office time with its extension, in microseconds; nil for limits in days.
  private var officeLimit: Int64? {
    guard case .workingHours(let limit) = version.limit else { return nil }
    return limit + Int64(extendedDays) * calendar.usualOfficeTime
  }

  /// D(N−k), or the k-th counted date before the day the limit rolled to; D0 is the start date.
  private func dayBefore(_ due: Due, _ days: Int) -> CivilDate {
    days == 0 ? due.day : line.day(days, before: due.day, notBelow: startDate, worked: version.countsWorkedDays)
  }

  /// The instant at which a share, in hundredths of a percent, of the office time to due has run.
  private func share(_ hundredths: Int64, _ due: Due) -> Instant {
    var from = start
    if case .workingDays(let limit) = version.limit, limit + extendedDays == 0 {
      from = max(start, calendar.midnight(due.day))
    }
    let total = line.running(from: from, to: due.at)
    guard total > 0 else { return due.at }
    let (high, low) = total.multipliedFullWidth(by: hundredths)
    let amount = Int64(10_000).dividingFullWidth((high, low)).quotient
    return line.instant(running: amount, from: from) ?? due.at
  }

  /// The first date of which a limit in working days asks whether it is worked.
  private func firstAsked(noDays: Bool) -> CivilDate {
    if version.startRule == .nextWorkingDay { return calendar.date(of: start) }
    return noDays ? startDate : startDate + 1
  }

  /// Whether a level in days rests on an unpublished day; one of calendar days asks no more than their due time.
  private func isProvisional(through day: CivilDate, _ due: Due) -> Bool {
    switch version.limit {
    case .calendarDays: due.provisional
    case .workingDays(let limit):
      !calendar.isPublished(min(day, firstAsked(noDays: limit + extendedDays == 0)), day)
    case .workingHours: !calendar.isPublished(calendar.date(of: start), day)
    }
  }
}

extension Reckoner {
  /// The counted dates from the start to the due day, ascending; nil while due is unknown.
  public func countedDates() -> [CivilDate]? {
    guard let due else { return nil }
    var dates: [CivilDate] = []
    if case .workingDays(let limit) = version.limit, limit + extendedDays == 0 { return [due.day] }
    var date = startDate + 1
    while date <= due.day {
      let isCounted = line.isCounted(date, worked: version.countsWorkedDays)
      if isCounted, !due.rolled || date < due.day || version.countsWorkedDays { dates.append(date) }
      date = date + 1
    }
    return dates
  }
}
