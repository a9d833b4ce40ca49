import ServiceTime

/// The limits that simulated officers work towards, from a date on.
///
/// They decide when a case is simulated as in time or late; the policy in force alone decides what is.
public struct PromisedTimes: Sendable, Equatable {
  /// The first date on which a start is promised these.
  public var from: CivilDate
  /// From acceptance to completion of an opening, in working days.
  public var openingDays: Int
  /// From acceptance to the licence, in working days.
  public var licenceDays: Int
  /// Length of the notice before a deregistration, in calendar days.
  public var noticeDays: Int

  /// Limits; arguments as the properties.
  public init(from: CivilDate, openingDays: Int, licenceDays: Int, noticeDays: Int) {
    self.from = from
    self.openingDays = openingDays
    self.licenceDays = licenceDays
    self.noticeDays = noticeDays
  }

  /// The limits of the shipped policy: 5 working days and 45 calendar days before 2019, then 2, 1 and 7.
  public static let shipped = [
    PromisedTimes(
      from: CivilDate(year: 1970, month: 1, day: 1), openingDays: 5, licenceDays: 3, noticeDays: 45),
    PromisedTimes(
      from: CivilDate(year: 2019, month: 1, day: 1), openingDays: 2, licenceDays: 1, noticeDays: 7),
  ]
}
