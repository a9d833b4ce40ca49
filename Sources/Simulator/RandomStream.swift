/// Pseudo-random numbers that are the same on every machine (SplitMix64, Steele, Lea and Flood 2014).
///
/// Only whole numbers are drawn: what floating point gives may differ from one machine to another.
struct RandomStream: Sendable {
  private var state: UInt64

  /// One of many independent streams of a seed.
  init(seed: UInt64, stream: UInt64) {
    state = RandomStream.mixed(seed &+ RandomStream.golden &* (RandomStream.mixed(stream) | 1))
  }

  private static let golden: UInt64 = 0x9e37_79b9_7f4a_7c15

  static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func next() -> UInt64 {
    state &+= RandomStream.golden
    return RandomStream.mixed(state)
  }

  /// A number in 0 ..< `limit`; 0 if there is none.
  mutating func below(_ limit: Int) -> Int {
    guard limit > 1 else { return 0 }
    return Int(next().multipliedFullWidth(by: UInt64(limit)).high)
  }

  /// A number of the range.
  mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }

  /// A number in 0 ..< `limit`, small ones more often than large ones.
  mutating func early(below limit: Int) -> Int { below(below(limit) + 1) }

  /// True as often as the share says, in thousandths.
  mutating func chance(_ perMille: Int) -> Bool { below(1_000) < perMille }

  /// One of the elements, each as often as the others; `fallback` if there are none.
  mutating func pick<Element>(_ elements: [Element], or fallback: @autoclosure () -> Element) -> Element {
    elements.isEmpty ? fallback() : elements[below(elements.count)]
  }

  /// The index of one of the weights, as often as it weighs; 0 if none weighs anything.
  mutating func weighted(_ weights: [Int]) -> Int {
    var rest = below(weights.reduce(0, +))
    for (index, weight) in weights.enumerated() {
      if rest < weight { return index }
      rest -= weight
    }
    return 0
  }
}
