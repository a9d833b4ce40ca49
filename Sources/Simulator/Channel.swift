import ServiceTime

/// The way by which an applicant comes.
enum Channel: String, Sendable {
  case online
  case window
  case selfService = "self_service"

  /// The name as events carry it; taken from a constant, so that no event makes a text of its own.
  var name: String {
    switch self {
    case .online: "online"
    case .window: "window"
    case .selfService: "self_service"
    }
  }
}

/// The arrival of an application.
struct Submission: Sendable {
  var at: Instant
  var channel: Channel
}
