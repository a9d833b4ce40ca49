import ServiceTime

/// The arrival of an application.
struct Submission: Sendable {
  var at: Instant
  var channel: Channel
}
