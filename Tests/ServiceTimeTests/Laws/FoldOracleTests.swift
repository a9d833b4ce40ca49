import Testing

@testable import ServiceTime

/// Whole cases folded, against a plain reading of the rules.
@Suite struct FoldOracleTests {
  @Test(arguments: RandomOffice.seeds) func foldedAsRead(_ seed: UInt64) throws {
    let office = try RandomOffice.of(seed: seed)
    let now = office.naive.minute(office.first + 26, 0)
    for number in 0..<30 {
      var random = SeededGenerator(seed: seed << 32 | UInt64(number))
      let example = RandomCase(office, &random)
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
