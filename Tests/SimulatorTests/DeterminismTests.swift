import ServiceTime
import Simulator
import Testing

/// The same arguments give the same bytes, on every machine and in every version.
@Suite struct DeterminismTests {
  let office: SimulatedOffice

  init() throws { office = try SimulatedOffice() }

  @Test func sameSeedSameBytes() {
    let first = office.delivered(office.simulator(cases: 500))
    #expect(first == office.delivered(office.simulator(cases: 500)))
    #expect(first != office.delivered(office.simulator(seed: 8, cases: 500)))
  }

  @Test func bytesOfAKnownSimulation() {
    // A change of these numbers is a change of what every demo, test and benchmark is fed with: make it knowingly.
    let plain = office.delivered(office.simulator(seed: 1, cases: 200))[0]
    #expect(hash(plain) == 8_460_866_136_058_984_828)
    let mixed = office.delivered(
      office.simulator(seed: 1, cases: 200), seed: 1, shuffled: true, duplicatePercent: 20, parts: 3)
    #expect(
      mixed.map(hash) == [
        15_440_350_239_325_927_050, 4_131_662_771_926_318_686, 11_462_819_069_354_045_909,
      ])
  }

  @Test func otherArgumentsOtherCases() {
    let ids = Set(office.cases(200).map { $0[0].caseID })
    for others in [office.cases(seed: 8, 200), office.cases(201)] {
      #expect(ids.isDisjoint(with: others.map { $0[0].caseID }))
    }
  }

  @Test(arguments: [1, 2, 17, 1_000])
  func asManyCasesAsAsked(count: Int) {
    let cases = office.cases(count)
    #expect(cases.count == count)
    #expect(Set(cases.map { $0[0].caseID }).count == count)
  }

  @Test func noCasesWhereThereIsNoTime() {
    let backwards = Simulator(
      seed: 1, cases: 10, from: SimulatedOffice.to, to: SimulatedOffice.from, calendar: office.calendar)
    #expect(Array(ChronologicalEvents(backwards)).isEmpty)
  }

  @Test func aShortWindow() {
    var scenario = Scenario.usual
    scenario.lastStart = SimulatedOffice.from + 20
    let cases = office.cases(400, scenario: scenario)
    #expect(cases.count == 400)
    for events in cases { #expect(office.calendar.date(of: events[0].occurredAt) <= SimulatedOffice.from + 20) }
    let weekLater = office.calendar.midnight(SimulatedOffice.from + 28)
    #expect(cases.joined().contains { $0.occurredAt > weekLater }, "what has started goes on")
  }
}
