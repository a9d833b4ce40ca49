import TestSupport
import Testing

@testable import ServiceTime

/// Whole cases folded, against a plain reading of the rules.
@Suite struct FoldOracleTests {
  @Test(arguments: RandomOffice.seeds) func foldedAsRead(_ seed: UInt64) throws {
    try FoldOracleTests.compare(seed, count: 30, manyPauses: false)
  }

  /// With many pauses: most of them are settled when the levels are reached and the clock stops.
  @Test(arguments: RandomOffice.seeds) func manyPausesFoldedAsRead(_ seed: UInt64) throws {
    try FoldOracleTests.compare(seed, count: 6, manyPauses: true)
  }

  private static func compare(_ seed: UInt64, count: Int, manyPauses: Bool) throws {
    let office = try RandomOffice.of(seed: seed)
    let now = office.naive.minute(office.first + 26, 0)
    for number in 0..<count {
      var random = SeededGenerator(seed: seed << 32 | UInt64(number))
      let example = RandomCase(office, &random, manyPauses: manyPauses)
      let expected = NaiveFold(office, example.rules, example.commitment, example.events).described(asOf: now)
      let found = CaseFold(events: example.events.shuffled(using: &random), rulebook: example.rulebook)
        .clocks(asOf: RandomOffice.instant(now))
      let told = example.events.map { "\($0.occurredAt) \($0.type) \($0.source)/\($0.eventID)" }
      #expect(
        NaiveFold.described(found) == expected,
        "seed \(seed), case \(number): \(example.rules)\n\(told.joined(separator: "\n"))")
    }
  }
}
