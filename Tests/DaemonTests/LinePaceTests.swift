import Testing

@testable import Daemon

/// How many log lines are written at a time, by how the log took those before.
@Suite struct LinePaceTests {
  /// Milliseconds that a slice took, how many of its lines were written, and the size of the next.
  @Test(
    arguments: [
      // Quick: twice as many each time, up to a bound.
      [(1, 50, 100), (1, 100, 200), (1, 200, 400), (1, 400, 800), (1, 800, 1_600), (1, 1_600, 1_600)],
      // Slow: half of it, down to a bound.
      [(50, 50, 25), (60, 25, 12), (900, 12, 10), (900, 10, 10), (49, 10, 20)],
      // The log takes no more, or there is no more to write: it begins anew.
      [(1, 50, 100), (1, 100, 200), (1_000, 7, 50)],
      [(1, 50, 100), (1, 100, 200), (1, 0, 50)],
    ] as [[(Int, Int, Int)]])
  func slices(_ steps: [(Int, Int, Int)]) {
    var pace = LinePace()
    for (milliseconds, written, next) in steps {
      pace.took(.milliseconds(milliseconds), lines: pace.slice, written: written)
      #expect(pace.slice == next)
    }
  }

  @Test func theLastLinesOfABurst() {
    var pace = LinePace()
    for _ in 0..<10 { pace.took(.zero, lines: pace.slice, written: pace.slice) }
    #expect(pace.slice == 1_600)
    pace.took(.zero, lines: 1_599, written: 1_599)
    #expect(pace.slice == 50)
  }
}
