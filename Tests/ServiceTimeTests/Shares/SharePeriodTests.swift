import Testing

@testable import ServiceTime

/// Periods of shares: months, quarters and years, and the midnights at which their levels lie.
@Suite struct SharePeriodTests {
  struct Row: Sendable {
    var period: ShareCommitment.Period
    var date: String
    var first: String
    var previous: String
    var next: String
    var name: String
    var number: Int32
    init(
      _ period: ShareCommitment.Period, _ date: String, _ first: String, _ previous: String, _ next: String,
      _ name: String, _ number: Int32
    ) {
      self.period = period
      self.date = date
      self.first = first
      self.previous = previous
      self.next = next
      self.name = name
      self.number = number
    }
  }

  @Test(arguments: [
    Row(.month, "2026-11-24", "2026-11-01", "2026-10-01", "2026-12-01", "2026-11", 202_611),
    Row(.month, "2026-12-31", "2026-12-01", "2026-11-01", "2027-01-01", "2026-12", 202_612),
    Row(.month, "2027-01-01", "2027-01-01", "2026-12-01", "2027-02-01", "2027-01", 202_701),
    Row(.quarter, "2026-11-24", "2026-10-01", "2026-07-01", "2027-01-01", "2026-Q4", 202_610),
    Row(.quarter, "2026-03-31", "2026-01-01", "2025-10-01", "2026-04-01", "2026-Q1", 202_601),
    Row(.quarter, "2026-04-01", "2026-04-01", "2026-01-01", "2026-07-01", "2026-Q2", 202_604),
    Row(.year, "2026-11-24", "2026-01-01", "2025-01-01", "2027-01-01", "2026", 202_601),
  ])
  func arithmetic(_ row: Row) {
    let first = row.period.first(of: ShippedPolicy.date(row.date))
    #expect(first.description == row.first)
    #expect(row.period.previous(first).description == row.previous)
    #expect(row.period.next(first).description == row.next)
    #expect(row.period.name(first) == row.name)
    #expect(row.period.number(first) == row.number)
    #expect(ShareCommitment.Period.first(number: row.number) == first)
  }

  /// September 2026 in an office without holidays has 22 worked days. On the 21st, the 15th of them, (5 + 4⅔) of
  /// 14⅔ are 65.9 %; the period ends at the midnight after the 30th.
  @Test func levelsLieOnMidnights() throws {
    let office = TestOffice()
    let share = ShareCommitment(
      id: "share", process: "opening", population: [EventMatcher("completed")],
      counted: CaseScope(channels: ["online"]), target: ShareTarget(millionths: 900_000), period: .month)
    let day = ShippedPolicy.date("2026-09-21")
    let span = ShareSpan(
      share, first: ShippedPolicy.date("2026-09-01"), calendar: try office.compiled(), previous: 0
    ) { $0 == day ? ShareTally(population: 10, counted: 5) : ShareTally() }
    #expect(span.track.days.count == 30)
    #expect(span.track.days.count { $0.worked } == 22)
    #expect(office.text(span.end) == "10-01 00:00")
    #expect(
      span.reaches.map { "\($0.level) \(office.text($0.at) ?? "") \($0.tally.counted)/\($0.tally.population)" }
        == ["unreachable 09-22 00:00 5/10", "missed 10-01 00:00 5/10"])
    #expect(span.reaches.map(\.level.priority) == [.warning, .error])
  }

  /// What is met reaches no level.
  @Test func metReachesNone() throws {
    let office = TestOffice()
    let share = ShareCommitment(
      id: "share", process: "opening", population: [EventMatcher("completed")],
      counted: CaseScope(channels: ["online"]), target: ShareTarget(millionths: 900_000), period: .quarter)
    let span = ShareSpan(
      share, first: ShippedPolicy.date("2026-07-01"), calendar: try office.compiled(), previous: 7
    ) { _ in ShareTally(population: 10, counted: 9) }
    #expect(span.track.days.count == 92)
    #expect(span.reaches.isEmpty)
    #expect(span.track.isMet == true)
  }
}
