import TestSupport
import Testing

@testable import ServiceTime

/// A period of a share worked out by hand.
struct ShareCase: Sendable, CustomTestStringConvertible {
  var rule: String
  /// The days: `10/9` is a worked day with 10 events of which 9 count, `.` one with none; `~` in front: not worked.
  var days: String
  /// Millionths.
  var target: Int64
  /// The population of the period before.
  var previous: Int64
  /// The first day at whose end it is out of reach, and what had happened by then: `2 15/10`.
  var outOfReach: String?
  var isMet: Bool?
  var testDescription: String { rule }

  init(
    _ rule: String, _ days: String, target: Int64 = 900_000, previous: Int64 = 0, out outOfReach: String? = nil,
    met isMet: Bool?
  ) {
    self.rule = rule
    self.days = days
    self.target = target
    self.previous = previous
    self.outOfReach = outOfReach
    self.isMet = isMet
  }

  var track: ShareTrack {
    ShareTrack(
      target: ShareTarget(millionths: target), days: days.split(separator: " ").map { ShareCase.day($0) },
      previous: previous)
  }

  private static func day(_ text: Substring) -> ShareTrack.Day {
    let numbers = text.split(whereSeparator: { !$0.isNumber }).compactMap { Int64($0) }
    let tally = numbers.count == 2 ? ShareTally(population: numbers[0], counted: numbers[1]) : ShareTally()
    return ShareTrack.Day(worked: !text.hasPrefix("~"), tally: tally)
  }
}

/// Whether a share's target is met, and from when on it was out of reach.
@Suite struct ShareTrackTests {
  static let cases = [
    ShareCase("exactly met: 27 of 30", "10/9 10/9 10/9", met: true),
    ShareCase("one short; on the last day it is judged, not called out of reach", "10/9 10/9 10/8", met: false),
    ShareCase("one more than needed", "10/9 10/9 10/10", met: true),
    ShareCase("nothing happened", ". . ~", met: nil),
    ShareCase("nothing counts, on the first day (0 + 10) of 20", "10/0 10/10", out: "0 10/0", met: false),
    ShareCase("(5 + 30) of 40 is 87.5 %", "10/5 10/10 10/10 10/10", out: "0 10/5", met: false),
    ShareCase("(6 + 30) of 40 is 90 %: not yet", "10/6 10/10 10/10 10/10", met: true),
    ShareCase(
      "the pace falls: (6 + 10) of 20 at the end of the second day", "10/6 . . .", out: "1 10/6", met: false),
    ShareCase(
      "as many as in the period before are expected: (5 + 50) of 60, (25 + 30) of 60 on the third day",
      "10/5 10/10 10/10 10/10", previous: 60, met: false),
    ShareCase(
      "more than in the period before: the pace counts, (5 + 30) of 40", "10/5 10/10 10/10 10/10", previous: 20,
      out: "0 10/5", met: false),
    ShareCase("out of reach, and met after all: 45 of 50", "10/5 40/40 . .", out: "0 10/5", met: true),
    ShareCase("no pace before the first worked day", "~4/0 36/36 . .", met: true),
    ShareCase("a day off is none of those left: (7 + 10) of 20", "10/7 ~ 10/10", out: "0 10/7", met: false),
    ShareCase("events of a day off count: (8 + 20) of 32", "10/8 ~2/0 10/10 10/10", out: "1 12/8", met: false),
    ShareCase(
      "half an event is expected: (1 + 7.5) of 10.5 is 80.95 %", "3/1 . . . . . 30/30", target: 809_523,
      out: "2 3/1", met: true),
    ShareCase("the same, a millionth more", "3/1 . . . . . 30/30", target: 809_524, out: "1 3/1", met: true),
    ShareCase(
      "all must count: the first that does not", "1/1 1/0 1/1", target: 1_000_000, out: "1 2/1", met: false),
    ShareCase("all must count, and do", "1/1 1/1 1/1", target: 1_000_000, met: true),
    ShareCase("nothing is asked for", "5/0 5/0", target: 0, met: true),
    ShareCase("a period without a worked day", "~10/0 ~10/0 ~10/0", met: false),
    ShareCase("a third: 333,333 millionths are met by 1 of 3", "3/1", target: 333_333, met: true),
    ShareCase("a third, rounded up: missed by 1 of 3", "3/1", target: 333_334, met: false),
    ShareCase("figures beyond 64 bits in between", "4000000000000000000/3600000000000000000 .", met: true),
    ShareCase(
      "one short of it", "4000000000000000000/3599999999999999999 .", met: false),
  ]

  @Test(arguments: cases) func byHand(_ example: ShareCase) {
    let track = example.track
    let out = track.outOfReach.map { "\($0.day) \($0.tally.population)/\($0.tally.counted)" }
    #expect(out == example.outOfReach)
    #expect(track.isMet == example.isMet)
  }

  @Test(arguments: [
    (900_000, "0.9", "90"), (925_500, "0.9255", "92.55"), (0, "0", "0"), (1_000_000, "1", "100"),
    (333_333, "0.333333", "33.3333"), (1, "0.000001", "0.0001"), (100_000, "0.1", "10"),
  ])
  func targetsInWords(_ millionths: Int64, _ decimal: String, _ percent: String) {
    let target = ShareTarget(millionths: millionths)
    #expect(target.description == decimal)
    #expect(target.percent == percent)
  }

  // MARK: - Laws

  /// The same by fractions and a plain walk over days, each day by itself.
  @Test(arguments: 0..<200) func byAPlainWalk(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let days = (0..<random.pick(1...31)).map { _ -> ShareTrack.Day in
      let population = random.chance(30) ? 0 : Int64(random.pick(0...40))
      let counted = random.chance(70) ? population - population / 8 : Int64(random.pick(0...40))
      return ShareTrack.Day(
        worked: random.chance(70), tally: ShareTally(population: population, counted: min(counted, population)))
    }
    let previous = Int64(random.pick([0, 50, 400]))
    let target = Int64(random.pick([500_000, 800_000, 900_000, 950_000]))
    let track = ShareTrack(target: ShareTarget(millionths: target), days: days, previous: previous)
    var expected: Int?
    for last in days.indices.dropLast() where expected == nil {
      let past = days[...last]
      let run = Double(past.count { $0.worked })
      let left = Double(days[(last + 1)...].count { $0.worked })
      let population = Double(past.reduce(0) { $0 + $1.tally.population })
      let counted = Double(past.reduce(0) { $0 + $1.tally.counted })
      guard run > 0, population > 0 else { continue }
      let rest = max(population / run * left, Double(previous) - population, 0)
      if (counted + rest) / (population + rest) < Double(target) / 1_000_000 - 1e-9 { expected = last }
    }
    #expect(track.outOfReach?.day == expected)
  }

  /// Where the share so far reaches the target nothing is out of reach; what counts more is not out of reach sooner.
  @Test(arguments: 0..<100) func moreIsNotWorse(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let days = (0..<20).map { _ in
      ShareTrack.Day(
        worked: random.chance(75), tally: ShareTally(population: 10, counted: Int64(random.pick(6...10))))
    }
    let target = ShareTarget(millionths: 850_000)
    let track = ShareTrack(target: target, days: days, previous: 0)
    if let out = track.outOfReach {
      #expect(!target.isMet(Int128(out.tally.counted), of: Int128(out.tally.population)))
    }
    var better = days
    let at = random.pick(0...19)
    better[at].tally.counted = 10
    let improved = ShareTrack(target: target, days: better, previous: 0)
    #expect(improved.outOfReach?.day ?? 99 >= track.outOfReach?.day ?? 99)
  }
}
