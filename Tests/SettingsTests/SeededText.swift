/// Random texts that a seed repeats (SplitMix64).
struct SeededText: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A text of fragments.
  mutating func text(_ fragments: [String]) -> String {
    (0..<Int.random(in: 0...30, using: &self)).map { _ in fragments.randomElement(using: &self) ?? "" }.joined()
  }

  /// The text with a few characters changed, removed, doubled or taken from a list of fragments.
  mutating func mutated(_ text: String, fragments: [String]) -> String {
    var scalars = Array(text.unicodeScalars)
    for _ in 0..<Int.random(in: 1...4, using: &self) {
      let at = Int.random(in: 0...scalars.count, using: &self)
      switch Int.random(in: 0..<5, using: &self) {
      case 0 where at < scalars.count: scalars[at] = Unicode.Scalar(UInt8.random(in: 0...255, using: &self))
      case 1 where at < scalars.count: scalars.remove(at: at)
      case 2 where at < scalars.count: scalars.removeSubrange(at..<min(scalars.count, at + 30))
      case 3 where at < scalars.count: scalars.insert(contentsOf: scalars[at..<min(scalars.count, at + 30)], at: at)
      default: scalars.insert(contentsOf: (fragments.randomElement(using: &self) ?? "").unicodeScalars, at: at)
      }
    }
    return String(String.UnicodeScalarView(scalars))
  }
}
