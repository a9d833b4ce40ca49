/// Where a reader stands in its input.
struct FeedCursor {
  /// Number of the next line, from 1.
  var line = 1
  /// Bytes before the next line.
  var offset = 0
}
