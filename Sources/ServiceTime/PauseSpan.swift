/// A time during which a clock does not run: [from, to), without end while `to` is nil.
public struct PauseSpan: Sendable, Hashable {
  /// Its beginning.
  public var from: Instant
  /// Its end, not included; nil while it lasts.
  public var to: Instant?

  /// A span from an instant to another or without end.
  public init(from: Instant, to: Instant?) {
    self.from = from
    self.to = to
  }

  /// Where a pause without end ends, later than all else.
  static let forever = Instant(microseconds: .max)

  var end: Instant { to ?? PauseSpan.forever }

  /// Whether spans are in order, none empty, and none touches another.
  static func areApart(_ spans: [PauseSpan]) -> Bool {
    var last = Instant(microseconds: .min)
    for span in spans {
      guard last < span.from, span.from < span.end else { return false }
      last = span.end
    }
    return true
  }

  /// Spans in order, touching and overlapping ones made one, empty ones left out.
  static func merged(_ spans: [PauseSpan]) -> [PauseSpan] {
    if areApart(spans) { return spans }
    var result: [PauseSpan] = []
    for span in spans.sorted(by: { $0.from < $1.from }) where span.from < span.end {
      if let last = result.last, span.from <= last.end {
        if span.end > last.end { result[result.count - 1].to = span.to }
      } else {
        result.append(span)
      }
    }
    return result
  }
}

/// Dates that are suspended, both ends included.
struct DayRange: Sendable, Hashable {
  var low: CivilDate
  var high: CivilDate
  static let forever = CivilDate(dayNumber: .max)

  /// Its dates after another; nil if there are none.
  func after(_ date: CivilDate?) -> DayRange? {
    guard let date, date >= low else { return self }
    return date < high ? DayRange(low: date + 1, high: high) : nil
  }
}
