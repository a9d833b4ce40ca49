import Daemon
import Hummingbird

/// What a request is answered with.
struct Answer: Sendable {
  var status: HTTPResponse.Status
  var contentType: String
  var body: String
  var fields: HTTPFields = [:]
  /// Whether the connection ends with it.
  var ends = false

  /// A JSON object on one line.
  static func json(_ status: HTTPResponse.Status, _ members: [(String, JSONText)]) -> Answer {
    Answer(status: status, contentType: "application/json", body: JSONText.object(members).description + "\n")
  }

  /// What is wrong with a request, in one sentence.
  static func error(_ status: HTTPResponse.Status, _ message: String, _ fields: HTTPFields = [:]) -> Answer {
    var answer = json(status, [("error", .text(message))])
    answer.fields = fields
    return answer
  }
}
