import Hummingbird

/// A path and a method that are served, and who may.
///
/// The table of them is the whole interface: what is not in it is answered with 404 or 405.
struct Endpoint: Sendable {
  /// The path, e.g. `/metrics`; a last part in braces stands for any one part.
  var path: String
  /// The method; GET stands for HEAD too.
  var method: HTTPRequest.Method
  /// What a token must be good for; nil asks for none.
  var scope: TokenScope?
  /// How long its answer may take beyond what others may; its body may be read for as long.
  var extraTime: Duration?
  /// The answer to a request that was let in.
  var answer: @Sendable (Call) async -> Answer

  /// Whether a request's path is meant, and the part that stands for the braces, as it was sent.
  func matches(_ asked: String) -> (isMeant: Bool, part: String) {
    guard let brace = path.firstIndex(of: "{") else { return (asked == path, "") }
    let head = path[..<brace]
    let part = asked.dropFirst(head.count)
    return (asked.hasPrefix(head) && !part.isEmpty && !part.contains("/"), String(part))
  }
}

/// A request that was let in.
struct Call: Sendable {
  /// The request.
  var request: Request
  /// The part of the path that the endpoint's braces stand for, as it was sent.
  var part = ""
  /// The feed of its token.
  var feed: String?
  /// Tells a client that waits for a word before it sends its body to go on.
  var goOn: @Sendable () -> Void = {}
}
