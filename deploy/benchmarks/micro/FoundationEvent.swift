import Foundation

/// The same fields as Foundation's decoder reads them, the time as an instant, too.
struct FoundationEvent: Decodable {
  var event_id: String
  var case_id: String
  var type: String
  var occurred_at: Date
  var source: String?
  var sequence: Int64?
  var process: String?
  var step: String?
  var region: String?
  var grid: String?
  var channel: String?
  var service_window: String?
  var entity_name: String?
  var entity_type: String?
  var uscc: String?
  var tags: [String]?
  var voids: String?
  var extend_days: Int?

  /// Decodes each line; says how many there were.
  static func count(_ lines: [Data]) throws -> Int {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    var read = 0
    for line in lines where try !decoder.decode(FoundationEvent.self, from: line).case_id.isEmpty { read += 1 }
    return read
  }
}
