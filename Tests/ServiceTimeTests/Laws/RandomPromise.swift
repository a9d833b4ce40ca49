@testable import ServiceTime

/// A promise drawn at random, of a process of its own.
struct RandomPromise: Sendable {
  let rules: NaiveRules
  let commitment: Commitment

  init(number: Int, first: Int, _ random: inout SeededGenerator) {
    rules = NaiveRules(random: &random)
    var levels = [Level(name: "red", position: .due)]
    let plain = Int64(random.pick([-2_880, -600, -30, 60, 1_440])) * minute
    levels.append(Level(name: "plain", position: .plain(plain)))
    if rules.unit == .workingHours {
      levels.append(Level(name: "hours", position: .officeTime(Int64(random.pick(-rules.limit...200)) * minute)))
    } else {
      if rules.limit > 0 {
        levels.append(Level(name: "yellow", position: .daysBefore(random.pick(1...rules.limit))))
      }
      levels.append(Level(name: "escalated", position: .daysAfter(random.pick(1...2))))
    }
    if random.chance(20) { levels.append(Level(name: "share", position: .share(8_000))) }
    commitment = Commitment(
      id: "promise\(number)", process: "process\(number)", start: [EventMatcher("accepted")],
      stop: [EventMatcher("completed"), EventMatcher("rejected"), EventMatcher("step_completed:licence")],
      cancel: [EventMatcher("withdrawn")], pause: ShippedPolicy.pauses, calendar: "office",
      versions: [rules.version(from: CivilDate(dayNumber: Int32(first + random.pick(0...3))))],
      levels: levels, reopen: random.chance(25) ? [random.pick(["completed", "step_completed", "rejected"])] : nil)
  }
}
