/// The way by which an applicant comes.
enum Channel: Sendable {
  case online
  case window
  case selfService

  /// The name as events carry it; taken from a constant, so that no event makes a text of its own.
  var name: String {
    switch self {
    case .online: "online"
    case .window: "window"
    case .selfService: "self_service"
    }
  }
}
