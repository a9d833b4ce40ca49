import ServiceTime

/// On which day and at what time applications arrive, in order of time.
struct CaseSchedule: Sendable {
  private let office: Office
  private let from: CivilDate
  private let cases: Int
  /// Weight of the first days together, one more than there are days.
  private let weightBefore: [Int]
  private var random: RandomStream
  private var day = 0
  /// Submissions of the day, latest first.
  private var waiting: [Submission] = []

  init(office: Office, from: CivilDate, to: CivilDate, cases: Int, random: RandomStream) {
    self.office = office
    self.from = from
    self.cases = to < from ? 0 : max(0, cases)
    self.random = random
    var total = 0
    var weightBefore = [0]
    for offset in 0..<max(0, to - from + 1) {
      total += CaseSchedule.weight(of: from + offset, office.calendar, &self.random)
      weightBefore.append(total)
    }
    self.weightBefore = weightBefore
  }

  /// The next arrival; nil after the last.
  mutating func next() -> Submission? {
    while waiting.isEmpty, day + 1 < weightBefore.count {
      arrive(on: from + day, count: share(weightBefore[day + 1]) - share(weightBefore[day]))
      day += 1
    }
    return waiting.popLast()
  }

  /// How many cases a weight stands for.
  private func share(_ weight: Int) -> Int {
    guard let total = weightBefore.last, total > 0 else { return 0 }
    // In two parts, so that the product fits whatever the number of cases.
    return cases / total * weight + cases % total * weight / total
  }

  /// Rest days bring a trickle, the last three worked days of a month a burst.
  private static func weight(of date: CivilDate, _ calendar: WorkCalendar, _ random: inout RandomStream) -> Int {
    let usual = 80 + random.below(41)
    guard calendar.isWorked(date) else { return usual / 8 }
    let (year, month, day) = date.fields
    let monthEnd = date + (CivilDate.daysInMonth(year: year, month: month) - day)
    if calendar.workedDays(after: date, through: monthEnd) < 3 { return usual * 5 / 2 }
    return calendar.isWorked(date + -1) ? usual : usual * 5 / 4
  }

  private mutating func arrive(on date: CivilDate, count: Int) {
    let spans = office.calendar.isWorked(date) ? office.calendar.officeSpans(of: date) : []
    let midnight = office.calendar.midnight(date)
    let length = Int((office.calendar.midnight(date + 1) - midnight) / 1_000_000)
    waiting = (0..<count).map { _ in
      let channel: Channel
      if spans.isEmpty {
        channel = random.chance(900) ? .online : .selfService
      } else {
        channel = [.online, .window, .selfService][random.weighted([55, 33, 12])]
      }
      let at: Instant
      if channel == .window || (channel == .online && !spans.isEmpty && random.chance(580)) {
        at = inOfficeHours(spans)
      } else if channel == .online, random.chance(150) {
        at = midnight.later(seconds: random.below(length))
      } else {
        // Waking hours, from seven to half past ten, thinning out.
        at = midnight.later(seconds: min(length - 1, 25_200 + random.early(below: 55_800)))
      }
      return Submission(at: at, channel: channel)
    }
    // Arrivals of one second stay in the order in which they were drawn.
    let order = waiting.indices.sorted { (waiting[$0].at, $0) > (waiting[$1].at, $1) }
    waiting = order.map { waiting[$0] }
  }

  /// In office hours, with a rush when the doors open.
  private mutating func inOfficeHours(_ spans: [(open: Instant, close: Instant)]) -> Instant {
    let span = spans[random.below(spans.count)]
    let length = max(1, Int((span.close - span.open) / 1_000_000))
    let rush = random.chance(300)
    return span.open.later(seconds: rush ? random.early(below: min(length, 2_700)) : random.below(length))
  }
}
