@testable import ServiceTime

/// The rules of a version, in days or minutes.
struct NaiveRules: Sendable {
  enum Unit: Sendable { case workingDays, calendarDays, workingHours }
  var unit: Unit
  /// Days, or minutes of office time.
  var limit: Int
  var floor: Int?
  var midnight: Bool
  var rollForward: Bool
  var nextWorkingDay: Bool
  var closuresPause: Bool
  /// Minutes.
  var grace: Int

  /// The same rules as the product writes them.
  func version(from date: CivilDate) -> CommitmentVersion {
    func limit(_ amount: Int) -> Limit {
      switch unit {
      case .workingDays: .workingDays(amount)
      case .calendarDays: .calendarDays(amount)
      case .workingHours: .workingHours(Int64(amount) * minute)
      }
    }
    return CommitmentVersion(
      from: date, limit: limit(self.limit), floor: floor.map(limit), dayEnd: midnight ? .midnight : .close,
      rollForward: rollForward, startRule: nextWorkingDay ? .nextWorkingDay : .asIs,
      closures: closuresPause ? .pause : .count, grace: Int64(grace) * minute)
  }
}
