/// A value of a YAML file with its place, apart from the library that read it.
struct SourceNode {
  enum Content {
    case scalar(String, quoted: Bool)
    case list([SourceNode])
    case map([Entry])
  }
  struct Entry {
    var key: String
    var keyPlace: Place
    var value: SourceNode
  }
  var content: Content
  var place: Place

  /// What people call this kind of value.
  var kindName: String {
    switch content {
    case .scalar: isNull ? "nothing" : "a single value"
    case .list: "a list"
    case .map: "a mapping"
    }
  }

  /// Whether there is no value: empty, `~` or `null`, not in quotes.
  var isNull: Bool {
    guard case .scalar(let text, quoted: false) = content else { return false }
    return text.isEmpty || text == "~" || text == "null"
  }
}
