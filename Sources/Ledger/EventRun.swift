import ServiceTime

/// Events that entered the ledger one after the other in one transaction.
///
/// What is handed from the appender to the projector is the batch itself: nothing is copied for each event.
public struct EventRun: Sendable {
  /// The events, at least one, by ascending positions without a gap.
  let events: [Event]
  /// The position of the first.
  let first: Int64
  /// When they entered the ledger.
  let receivedAt: Instant
  /// Whether they were loaded as history.
  let history: Bool

  /// The position of the last.
  var last: Int64 { first + Int64(events.count) - 1 }

  /// An event as it stands in the ledger, by its place in the run.
  func stored(_ place: Int) -> StoredEvent {
    StoredEvent(event: events[place], position: first + Int64(place), receivedAt: receivedAt, history: history)
  }
}

/// Runs in the making, of events that are read one by one in the order of their positions.
struct EventRuns {
  private var done: [EventRun] = []
  private var events: [Event] = []
  /// The first event of the run that is being made.
  private var first: StoredEvent?

  /// Takes the next event.
  mutating func append(_ next: StoredEvent) {
    if let first,
      first.receipt != next.receipt || first.position + Int64(events.count) != next.position
    {
      close()
    }
    if first == nil { first = next }
    events.append(next.event)
  }

  /// The runs of all events taken.
  consuming func finished() -> [EventRun] {
    close()
    return done
  }

  private mutating func close() {
    guard let first else { return }
    done.append(
      EventRun(events: events, first: first.position, receivedAt: first.receivedAt, history: first.history))
    events = []
    self.first = nil
  }
}
