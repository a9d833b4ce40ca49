/// Where a database is.
public enum DatabaseLocation: Sendable, Hashable {
  /// A private cluster in the state directory.
  case `private`
  /// A libpq conninfo; empty leaves all to libpq's own variables. It may hold a password: never print it.
  case conninfo(String)
}

extension DatabaseLocation: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// `private`, or host, port, database and user; safe to log.
  public var description: String {
    switch self {
    case .private: "private"
    case .conninfo(let text): Conninfo.redacted(text)
    }
  }
  /// As `description`.
  public var debugDescription: String { description }
  /// Shows nothing more than `description`.
  public var customMirror: Mirror { Mirror(reflecting: description) }
}

/// Looks into libpq conninfo texts.
enum Conninfo {
  /// What may be shown of a conninfo.
  static let shown = ["service", "host", "hostaddr", "port", "dbname", "user"]

  private static let schemes = ["postgresql://", "postgres://"]

  /// Whether a text is a conninfo: a URI, or pairs of key and value.
  static func isOne(_ text: String) -> Bool {
    schemes.contains { text.hasPrefix($0) } || parse(text)?.isEmpty == false
  }

  /// The settings of a conninfo that may be shown.
  static func redacted(_ text: String) -> String {
    for scheme in schemes where text.hasPrefix(scheme) {
      let rest = text.dropFirst(scheme.count)
      let place = rest.prefix { $0 != "?" }
      // A password may hold an unescaped ? and so may a parameter hold an @: then nothing tells one from the other.
      if rest.dropFirst(place.count).contains("@") { return scheme + "…" }
      // A password may hold an unescaped @, but a host never does.
      return scheme + (place.lastIndex(of: "@").map { place[place.index(after: $0)...] } ?? place)
    }
    guard let pairs = parse(text) else { return "(conninfo)" }
    let safe = pairs.filter { shown.contains($0.key) && !$0.value.contains("://") && !$0.value.contains("=") }
    return safe.isEmpty ? "(libpq's defaults)" : safe.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  /// The pairs of a `key=value` conninfo as libpq reads it; nil if it is not one.
  static func parse(_ text: String) -> [(key: String, value: String)]? {
    var pairs: [(key: String, value: String)] = []
    var rest = Array(text.unicodeScalars)[...]
    func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
    while true {
      rest = rest.drop(while: isBlank)
      if rest.isEmpty { return pairs }
      let key = rest.prefix { $0 != "=" && !isBlank($0) }
      rest = rest.dropFirst(key.count).drop(while: isBlank)
      guard rest.popFirst() == "=", !key.isEmpty else { return nil }
      rest = rest.drop(while: isBlank)
      let quoted = rest.first == "'"
      if quoted { rest.removeFirst() }
      var value = String.UnicodeScalarView()
      var closed = !quoted
      while let next = rest.first {
        if quoted ? next == "'" : isBlank(next) {
          closed = true
          rest.removeFirst()
          break
        }
        rest.removeFirst()
        if next == "\\" {
          if let escaped = rest.popFirst() { value.append(escaped) }
        } else {
          value.append(next)
        }
      }
      guard closed else { return nil }
      pairs.append((lowered(key), String(value)))
    }
  }

  private static func lowered(_ key: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: key)
    return String(view).lowercased()
  }
}
