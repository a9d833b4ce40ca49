import Hummingbird

/// A path and a method that are served, and who may.
///
/// The table of them is the whole interface: what is not in it is answered with 404 or 405.
struct Endpoint: Sendable {
  /// The path, e.g. `/metrics`.
  var path: String
  /// The method; GET stands for HEAD too.
  var method: HTTPRequest.Method
  /// What a token must be good for; nil asks for none.
  var scope: TokenScope?
  /// The answer to a request that was let in.
  var answer: @Sendable () async -> Answer
}
