import Testing

@testable import ServiceTime

/// The duration sketch: buckets that can be added and subtracted, and quantiles that are close.
@Suite struct SketchTests {
  /// A sketch as metric cells hold it: a count per bucket.
  struct Sketch: Equatable {
    var counts: [Int32: Int] = [:]

    mutating func add(_ value: Int64, _ times: Int = 1) {
      let bucket = DurationSketch.bucket(of: value)
      counts[bucket, default: 0] += times
      if counts[bucket] == 0 { counts[bucket] = nil }
    }

    /// The middle of the bucket in which the value of a rank lies.
    func quantile(_ share: Double) -> Double {
      let total = counts.values.reduce(0, +)
      let rank = max(1, Int((share * Double(total)).rounded(.up)))
      var seen = 0
      for (bucket, count) in counts.sorted(by: { $0.key < $1.key }) {
        seen += count
        if seen >= rank { return SketchTests.middle(bucket) }
      }
      return 0
    }
  }

  /// The middle of a bucket, from the words: exact below 64, then 64 to each power of two.
  static func middle(_ bucket: Int32) -> Double {
    guard bucket >= 64 else { return Double(bucket) }
    let octave = (bucket - 64) / 64
    let place = (bucket - 64) % 64
    let width = Double(UInt64(1) << UInt64(octave))
    return Double(64 + place) * width + (width - 1) / 2
  }

  @Test func exactBelowSixtyFour() {
    for value in Int64(0)..<64 { #expect(DurationSketch.bucket(of: value) == Int32(value)) }
    #expect(DurationSketch.bucket(of: -1) == 0)
    #expect(DurationSketch.bucket(of: .min) == 0)
    #expect(DurationSketch.bucket(of: 64) == 64)
    #expect(DurationSketch.bucket(of: 127) == 127)
    #expect(DurationSketch.bucket(of: 128) == 128)
    #expect(DurationSketch.bucket(of: 129) == 128)
    #expect(DurationSketch.bucket(of: .max) == 64 + 56 * 64 + 63)
  }

  @Test func buckets() {
    var random = SeededGenerator(seed: 64)
    for _ in 0..<5_000 {
      let value = Int64.random(in: 0...(Int64.max >> Int64(random.pick(0...60))), using: &random)
      let bucket = DurationSketch.bucket(of: value)
      #expect(abs(SketchTests.middle(bucket) - Double(value)) <= Double(value) * 0.008, "\(value)")
      if value < .max {
        #expect(
          DurationSketch.bucket(of: value + 1) - bucket <= 1 && DurationSketch.bucket(of: value + 1) >= bucket)
      }
    }
  }

  @Test(arguments: UInt64(0)..<5) func addedAndSubtracted(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var sketch = Sketch()
    for _ in 0..<500 { sketch.add(Int64(random.pick(0...1_000_000_000))) }
    let before = sketch
    let others = (0..<500).map { _ in Int64(random.pick(0...1_000_000_000)) }
    for value in others { sketch.add(value) }
    for value in others.shuffled(using: &random) { sketch.add(value, -1) }
    #expect(sketch == before, "seed \(seed)")
  }

  @Test(arguments: UInt64(0)..<20) func quantiles(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var sketch = Sketch()
    let scale = Int64(1) << Int64(random.pick(4...50))
    let values = (0..<random.pick(1...700)).map { _ in Int64.random(in: 0...scale, using: &random) }.sorted()
    for value in values { sketch.add(value) }
    for share in [0.01, 0.25, 0.5, 0.9, 0.95, 1] {
      let exact = Double(values[max(1, Int((share * Double(values.count)).rounded(.up))) - 1])
      #expect(abs(sketch.quantile(share) - exact) <= exact * 0.02, "seed \(seed), share \(share)")
    }
  }
}
