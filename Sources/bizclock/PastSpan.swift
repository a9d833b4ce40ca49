/// A span of plain time in two units at most, as people say it.
enum PastSpan {
  /// Of microseconds: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
  static func text(_ microseconds: Int64) -> String {
    let seconds = max(0, microseconds) / 1_000_000
    if seconds < 60 { return "\(seconds) s" }
    let minutes = seconds / 60
    if minutes < 60 { return "\(minutes) min" }
    let hours = minutes / 60
    if hours < 24 { return "\(hours) h" + (minutes % 60 > 0 ? " \(minutes % 60) min" : "") }
    return "\(hours / 24) d" + (hours % 24 > 0 ? " \(hours % 24) h" : "")
  }
}
