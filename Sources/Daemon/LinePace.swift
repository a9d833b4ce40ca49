/// How many log lines are written at a time.
///
/// A reader of the log may be slow. While it is waited for, the session says nothing, and the server ends one that says
/// nothing for seconds; and events to be projected and levels to be raised wait as well. So a slice is no larger than
/// such a reader takes in a fraction of that, and a turn's slices end when they have taken their share of the time.
struct LinePace {
  /// How long one turn writes lines, but for the slice that it is in, before it looks for other work.
  static let turnShare = Duration.milliseconds(200)
  /// How long a slice should take, and a turn that has more levels to raise writes lines.
  static let sliceShare = Duration.milliseconds(50)
  private static let first = 50
  private static let least = 10
  private static let most = 1_600

  /// Lines of the next slice.
  private(set) var slice = first

  /// Takes in how long it took to write some lines of a slice of many.
  mutating func took(_ time: Duration, lines: Int, written: Int) {
    if written < lines || lines < slice {
      // It takes no more, or there is no more: what it took so far tells nothing of the next time.
      slice = LinePace.first
    } else if time < LinePace.sliceShare {
      slice = min(slice * 2, LinePace.most)
    } else {
      slice = max(slice / 2, LinePace.least)
    }
  }
}
