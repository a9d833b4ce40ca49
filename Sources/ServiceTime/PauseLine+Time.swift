/// Counts time: in pauses, and office time outside them.
extension PauseLine {
  /// The earliest instant at which an amount of office time, in microseconds, has run since an instant; nil past the
  /// calendar's table, and while a pause without end stands before it.
  func instant(running amount: Int64, from start: Instant) -> Instant? {
    guard amount > 0 else { return start }
    var left = amount
    var cursor = start
    if let last = settled?.lastBefore(amount, from: start, calendar) { (cursor, left) = last }
    var place = unsettled
    while let pause = next(&place) {
      guard pause.end > cursor else { continue }
      if pause.from > cursor {
        let here = calendar.officeTime(from: cursor, to: pause.from)
        if left <= here { break }
        left -= here
      }
      guard pause.end != PauseSpan.forever else { return nil }
      cursor = max(cursor, pause.end)
    }
    return calendar.instant(officeTime: left, since: cursor)
  }

  /// Office time outside pauses between two instants, in microseconds.
  func running(from a: Instant, to b: Instant) -> Int64 {
    guard a < b else { return 0 }
    var total = calendar.officeTime(from: a, to: b)
    if let settled { total -= settled.office(until: b, calendar) - settled.office(until: a, calendar) }
    var place = unsettled
    while let pause = next(&place), pause.from < b {
      guard pause.end > a else { continue }
      total -= calendar.officeTime(from: max(a, pause.from), to: min(b, pause.end))
    }
    return total
  }

  /// Time in pauses between two instants, in microseconds.
  func paused(from a: Instant, to b: Instant) -> Int64 {
    guard a < b else { return 0 }
    var total = settled.map { $0.paused(until: b) - $0.paused(until: a) } ?? 0
    var place = unsettled
    while let pause = next(&place), pause.from < b {
      total += max(0, min(b, pause.end) - max(a, pause.from))
    }
    return total
  }

  /// Whether the clock is paused at an instant that is not before the last event.
  func isPaused(at instant: Instant) -> Bool {
    var place = unsettled
    while let pause = next(&place), pause.from <= instant {
      if instant < pause.end { return true }
    }
    return false
  }

  /// The last instant up to another at which a pause began or ended, if it comes after a first one, else that.
  ///
  /// What is settled ended before the last event, which the first one is.
  func lastEdge(from first: Instant, through last: Instant) -> Instant {
    var edge = first
    var place = unsettled
    while let pause = next(&place), pause.from <= last {
      edge = max(edge, pause.end <= last ? pause.end : pause.from)
    }
    return edge
  }
}
