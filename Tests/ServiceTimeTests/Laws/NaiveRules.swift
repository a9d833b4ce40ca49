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

  /// Rules drawn at random.
  init(random: inout SeededGenerator) {
    unit = random.pick([Unit.workingDays, .workingDays, .calendarDays, .workingHours])
    switch unit {
    case .workingDays: limit = random.pick(0...4)
    case .calendarDays: limit = random.pick(1...6)
    case .workingHours: limit = random.pick([60, 120, 210, 390, 180, 480, 600, 777, 1170, 1440])
    }
    floor = unit != .workingHours && limit > 0 && random.chance(30) ? random.pick(1...limit) : nil
    midnight = random.chance(40)
    rollForward = unit == .calendarDays && random.chance(50)
    nextWorkingDay = random.chance(30)
    closuresPause = random.chance(75)
    grace = random.chance(25) ? random.pick([30, 480, 1440]) : 0
  }

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
