import Feeds
import ServiceTime
import Simulator
import Testing

/// What the shipped policy makes of the cases.
@Suite struct VerdictTests {
  let office: SimulatedOffice

  init() throws { office = try SimulatedOffice() }

  private func clocks(_ scenario: Scenario) -> [Clock] {
    office.cases(6_000, scenario: scenario).flatMap {
      CaseFold(events: $0, rulebook: office.rulebook).clocks(asOf: office.end)
    }
  }

  @Test(arguments: [0, 40, 150])
  func asManyOverrunsAsAsked(asked: Int) {
    var scenario = Scenario.usual
    scenario.overruns = asked
    let clocks = clocks(scenario)
    for commitment in ["opening", "one_day", "dereg_notice"] {
      let finished = clocks.filter { $0.commitment == commitment && $0.verdict != nil }
      #expect(finished.count > 800)
      let late = finished.count { $0.verdict == .late }
      if asked == 0 { #expect(late == 0, "\(commitment)") }
      // Of notices there are few, and what runs late is more often still open at the end.
      let share = late * 1_000 / max(1, finished.count)
      #expect((asked * 65 / 100...asked * 130 / 100).contains(share), "\(commitment)")
    }
  }

  @Test func everyVerdictOccurs() {
    let clocks = clocks(.usual)
    let notices = clocks.filter { $0.commitment == "dereg_notice" }
    for verdict in Verdict.allCases { #expect(notices.contains { $0.verdict == verdict }, "\(verdict)") }
    #expect(notices.contains { $0.outcome == "objection_raised" && $0.state == .cancelled })
    #expect(notices.contains { $0.round == 2 })
    let openings = clocks.filter { $0.commitment == "opening" }
    for state in [Clock.State.running, .paused, .stopped, .cancelled] {
      #expect(openings.contains { $0.state == state }, "\(state)")
    }
    #expect(openings.contains { $0.round == 2 && $0.verdict != nil })
    #expect(openings.contains { $0.extendedDays > 0 })
    #expect(openings.contains { $0.pauses.contains { $0.kind == "reopened" } })
    #expect(
      openings.contains { $0.state == .running && $0.dueAt.map { $0 < office.end } ?? false }, "some are forgotten")
  }

  @Test func beforeTheYear2019LimitsWereLonger() {
    var simulator = Simulator(
      seed: 3, cases: 1_500, from: CivilDate(year: 2018, month: 3, day: 1),
      to: CivilDate(year: 2018, month: 12, day: 31),
      calendar: office.calendar)
    var notices: [Clock] = []
    while let events = simulator.nextCase() {
      notices += CaseFold(events: events, rulebook: office.rulebook).clocks(asOf: office.end)
        .filter { $0.commitment == "dereg_notice" && $0.verdict != nil }
    }
    #expect(notices.count > 100)
    #expect(notices.count { $0.verdict == .onTime } * 100 > notices.count * 85)
    #expect(
      notices.allSatisfy { $0.verdict != .onTime || $0.measures.countedDays == 45 || $0.measures.countedDays == 46 }
    )
  }

  @Test func creditCodesAreRight() {
    let codes = office.cases(2_000).joined().compactMap(\.uscc)
    #expect(codes.count > 1_500)
    #expect(codes.allSatisfy { CreditCode.isValid($0) })
    #expect(Set(codes).count > 1_200)
  }
}
