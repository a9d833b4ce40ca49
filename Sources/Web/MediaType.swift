/// The value of a `Content-Type` field: what matters of it here.
struct MediaType: Equatable {
  /// Type and subtype, in small letters.
  var name: String
  /// The charset, in small letters; nil if none is named.
  var charset: String?

  /// Reads a field; nil where it has no such form.
  init?(_ field: String) {
    let parts = field.split(separator: ";", omittingEmptySubsequences: false).map { MediaType.trimmed($0) }
    guard let name = parts.first?.lowercased(), name.split(separator: "/").count == 2 else { return nil }
    self.name = name
    for part in parts.dropFirst() {
      let sides = part.split(separator: "=", maxSplits: 1).map { MediaType.trimmed($0) }
      guard sides.count == 2, sides[0].lowercased() == "charset" else { continue }
      charset = sides[1].replacing("\"", with: "").lowercased()
    }
  }

  /// Whether its text is UTF-8, as JSON's always is.
  var isUTF8: Bool { charset == nil || charset == "utf-8" || charset == "utf8" || charset == "us-ascii" }

  /// Whether it is JSON, in one of its kinds.
  var isJSON: Bool { name == "application/json" || name.hasSuffix("+json") }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }
}
