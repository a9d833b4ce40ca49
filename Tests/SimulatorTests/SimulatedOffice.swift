import ServiceTime
import Settings
import Simulator

/// The shipped policy and calendar, and simulations by them.
struct SimulatedOffice {
  static let from = CivilDate(year: 2026, month: 1, day: 1)
  static let to = CivilDate(year: 2026, month: 6, day: 30)

  let rulebook: Rulebook
  let calendar: WorkCalendar

  init() throws {
    let draft = try PolicyDraft.parse(PolicyDocuments.shipped())
    rulebook = try Rulebook(
      policy: draft.policy, calendars: draft.calendars, zones: try ZoneFiles.load(for: draft.calendars))
    guard let calendar = rulebook.mainCalendar(process: "opening") else { throw Missing() }
    self.calendar = calendar
  }

  struct Missing: Error {}

  var end: Instant { calendar.midnight(SimulatedOffice.to + 1) }

  func simulator(seed: UInt64 = 7, cases: Int, scenario: Scenario = .usual) -> Simulator {
    Simulator(
      seed: seed, cases: cases, from: SimulatedOffice.from, to: SimulatedOffice.to, calendar: calendar,
      scenario: scenario)
  }

  func cases(seed: UInt64 = 7, _ count: Int, scenario: Scenario = .usual) -> [[Event]] {
    var simulator = simulator(seed: seed, cases: count, scenario: scenario)
    var cases: [[Event]] = []
    while let events = simulator.nextCase() { cases.append(events) }
    return cases
  }

  /// Every part's bytes.
  func delivered(
    _ simulator: Simulator, seed: UInt64 = 7, shuffled: Bool = false, duplicatePercent: Int = 0, parts: Int = 1
  ) -> [[UInt8]] {
    var delivery = Delivery(
      simulator, zone: calendar.zone, seed: seed, shuffled: shuffled, duplicatePercent: duplicatePercent,
      parts: parts)
    var bytes: [[UInt8]] = []
    while let chunk = delivery.next() {
      if chunk.part > bytes.count { bytes.append([]) }
      bytes[chunk.part - 1] += chunk.bytes
    }
    return bytes
  }
}

/// Lines without their line feeds.
func lines(_ bytes: [UInt8]) -> [[UInt8]] { bytes.split(separator: 10).map(Array.init) }

/// FNV-1a, 64 bits.
func hash(_ bytes: [UInt8]) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
}
