/// A calendar as it is written down: which days are worked, office hours, closures, and its horizon.
///
/// A calendar with a `base` is a layer: what it leaves out it takes from its base, what it says wins.
public struct CalendarDefinition: Sendable, Equatable {
  /// Name by which commitments and layers refer to it.
  public var id: String
  /// The calendar below this layer.
  public var base: String?
  /// IANA zone; nil inherits.
  public var timeZone: String?
  /// Days of the week that are worked; nil inherits.
  public var week: Set<Weekday>?
  /// Office hours of a worked day, ascending, not overlapping; nil inherits.
  public var hours: [OfficeHours]?
  /// Days that differ from the plain week.
  public var days: [DayOverride]
  /// Prefixes of region codes whose cases this layer counts instead of its base.
  public var regions: [String]
  /// The first day for which the calendar is published; nil inherits, or is the first of `days`.
  public var publishedFrom: CivilDate?
  /// The last day for which the calendar is published; nil inherits, or there is no horizon.
  public var publishedUntil: CivilDate?
  /// Dates that are holidays every year even past the horizon; nil inherits, or is `statutoryFixedHolidays`.
  public var fixedHolidays: [MonthDay]?
  /// Local closures (typhoon 停工), by time.
  public var closures: [Closure]

  /// A definition with what is given; everything left out is inherited.
  public init(
    id: String, base: String? = nil, timeZone: String? = nil, week: Set<Weekday>? = nil,
    hours: [OfficeHours]? = nil, days: [DayOverride] = [], regions: [String] = [],
    publishedFrom: CivilDate? = nil, publishedUntil: CivilDate? = nil, fixedHolidays: [MonthDay]? = nil,
    closures: [Closure] = []
  ) {
    self.id = id
    self.base = base
    self.timeZone = timeZone
    self.week = week
    self.hours = hours
    self.days = days
    self.regions = regions
    self.publishedFrom = publishedFrom
    self.publishedUntil = publishedUntil
    self.fixedHolidays = fixedHolidays
    self.closures = closures
  }

  /// Mainland China's statutory holidays with a fixed date: 1 January, 1–2 May, 1–3 October
  /// (全国年节及纪念日放假办法).
  public static let statutoryFixedHolidays: [MonthDay] = [
    MonthDay(month: 1, day: 1), MonthDay(month: 5, day: 1), MonthDay(month: 5, day: 2),
    MonthDay(month: 10, day: 1), MonthDay(month: 10, day: 2), MonthDay(month: 10, day: 3),
  ]
}

/// A span of office time within a day, in seconds since local midnight, `open` < `close` ≤ 86,400.
public struct OfficeHours: Sendable, Hashable {
  /// Seconds since local midnight.
  public var open: Int32
  /// Seconds since local midnight, up to 86,400.
  public var close: Int32
  /// Hours from `open` to `close`, in seconds since local midnight.
  public init(open: Int32, close: Int32) {
    self.open = open
    self.close = close
  }
}

/// A month 1–12 and a day.
public struct MonthDay: Sendable, Hashable {
  /// Month 1–12.
  public var month: Int
  /// Day of the month 1–31.
  public var day: Int
  /// A month and a day.
  public init(month: Int, day: Int) {
    self.month = month
    self.day = day
  }
}

/// A day that differs from the plain week.
public struct DayOverride: Sendable, Hashable {
  /// What a day is instead.
  public enum Kind: String, Sendable {
    /// No office work.
    case holiday
    /// A day off by the week, worked instead (调休).
    case makeupWorkday = "makeup_workday"
  }
  /// The date.
  public var date: CivilDate
  /// What it is.
  public var kind: Kind
  /// The name people know it by, e.g. 国庆节.
  public var name: String
  /// Office hours of this day alone; nil takes the calendar's.
  public var hours: [OfficeHours]?
  /// An override of one date.
  public init(date: CivilDate, kind: Kind, name: String, hours: [OfficeHours]? = nil) {
    self.date = date
    self.kind = kind
    self.name = name
    self.hours = hours
  }
}

/// A local closure by time; open-ended while `to` is nil.
public struct Closure: Sendable, Hashable {
  /// Its beginning.
  public var from: Instant
  /// Its end, not included; nil while it lasts.
  public var to: Instant?
  /// Its name, e.g. 台风停工.
  public var name: String
  /// A closure from an instant to another or without end.
  public init(from: Instant, to: Instant?, name: String) {
    self.from = from
    self.to = to
    self.name = name
  }
}
