/// Random numbers that a seed repeats (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The bytes with a few of them changed, removed, doubled or taken from a list of fragments.
  mutating func mutated(_ bytes: [UInt8], fragments: [[UInt8]]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &self) {
      let at = Int.random(in: 0...bytes.count, using: &self)
      switch Int.random(in: 0..<6, using: &self) {
      case 0 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &self)
      case 1 where at < bytes.count: bytes.remove(at: at)
      case 2 where at < bytes.count: bytes.removeSubrange(at..<min(bytes.count, at + 5))
      case 3 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &self)
      case 4 where at < bytes.count: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 7)], at: at)
      default: bytes.insert(contentsOf: fragments.randomElement(using: &self) ?? [], at: at)
      }
    }
    return bytes
  }
}
