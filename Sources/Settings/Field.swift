import ServiceTime

/// A value of a settings file on its way to becoming typed: it knows its place and reports what is wrong with it.
struct Field {
  let node: SourceNode
  let path: String
  let file: String
  let log: FaultLog

  /// Reports a fault at the value.
  func fault(_ message: String) { log.report(file: file, place: node.place, path: path, message: message) }

  /// Says what is allowed but probably not meant.
  func remark(_ message: String) { log.remark(file: file, place: node.place, path: path, message: message) }

  /// A single value's text, not empty, without control characters, of at most `longest` characters.
  func text(longest: Int = 1000) -> String? {
    guard case .scalar(let text, _) = node.content else {
      fault("expected a single value, found \(node.kindName)")
      return nil
    }
    guard !node.isNull, !text.isEmpty else {
      fault("is empty; give a value or take the key out")
      return nil
    }
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F || $0 == "\n" || $0 == "\t" })
    else {
      fault("holds a control character; take it out")
      return nil
    }
    guard text.unicodeScalars.count <= longest else {
      fault("is longer than \(longest) characters; shorten it")
      return nil
    }
    return text
  }

  /// A value read from a single value's text.
  func value<Value>(_ read: (String) throws(Complaint) -> Value) -> Value? {
    guard let text = text() else { return nil }
    do throws(Complaint) {
      return try read(text)
    } catch {
      fault(error.message)
      return nil
    }
  }

  /// `true` or `false`.
  func flag() -> Bool? {
    value { text throws(Complaint) in
      switch text {
      case "true": true
      case "false": false
      default: throw Complaint("\"\(text)\" is neither true nor false")
      }
    }
  }

  /// A date `YYYY-MM-DD`.
  func date() -> CivilDate? {
    value { text throws(Complaint) in
      guard let date = CivilDate(text) else {
        throw Complaint("\"\(text)\" is not a date; write YYYY-MM-DD")
      }
      guard (1970...2110).contains(date.fields.year) else {
        throw Complaint("\(text) is outside the years 1970 to 2110")
      }
      return date
    }
  }

  /// One of the spellings of an enumeration.
  func choice<Value: RawRepresentable<String>>(_ choices: [Value]) -> Value? {
    value { text throws(Complaint) in
      if let value = choices.first(where: { $0.rawValue == text }) { return value }
      throw Complaint(Spelling.unknown("value", text, among: choices.map(\.rawValue)))
    }
  }

  /// A name of small letters, digits and `_`, at most 64.
  func identifier() -> String? {
    value { text throws(Complaint) in
      guard text.utf8.count <= 64, text.utf8.allSatisfy(Field.isIdentifierByte) else {
        throw Complaint("\"\(text)\" is not an id; use a-z, 0-9 and _, at most 64")
      }
      return text
    }
  }

  private static func isIdentifierByte(_ byte: UInt8) -> Bool {
    (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x5F
  }

  /// The items of a list.
  func items() -> [Field]? {
    guard case .list(let nodes) = node.content else {
      fault("expected a list like [a, b], found \(node.kindName)")
      return nil
    }
    return nodes.enumerated().map { index, node in
      Field(node: node, path: "\(path)[\(node.name ?? String(index + 1))]", file: file, log: log)
    }
  }

  /// The items of a list, or the value itself where it is a single one.
  func itemsOrSelf() -> [Field]? {
    if case .scalar = node.content, !node.isNull { return [self] }
    return items()
  }

  /// Texts of a list or of a single value, each once.
  func texts(longest: Int = 64) -> [String]? {
    guard let items = itemsOrSelf() else { return nil }
    var texts: [String] = []
    for item in items {
      guard let text = item.text(longest: longest) else { continue }
      if texts.contains(text) { item.fault("\"\(text)\" is named twice; keep one") } else { texts.append(text) }
    }
    return texts
  }

  /// A mapping whose keys must be among those named.
  func map(keys: [String]) -> FieldMap? {
    guard let map = openMap() else { return nil }
    for entry in map.entries where !keys.contains(entry.key) {
      log.report(
        file: file, place: entry.keyPlace, path: path,
        message: Spelling.unknown("key", SourceNode.shown(entry.key), among: keys))
    }
    return map
  }

  /// A mapping with keys of the file's own choosing.
  func openMap() -> FieldMap? {
    guard case .map(let entries) = node.content else {
      fault("expected a mapping like { key: value }, found \(node.kindName)")
      return nil
    }
    return FieldMap(field: self, entries: entries)
  }
}

extension SourceNode {
  /// A key as it may be told: a conninfo that slipped to where a key is read may hold a password.
  static func shown(_ key: String) -> String {
    key.contains("=") || key.contains("://") ? "…" : key
  }

  /// What people would call an item of a list: its `id`, `name` or `from`.
  var name: String? {
    guard case .map(let entries) = content else { return nil }
    for key in ["id", "name", "from"] {
      if let entry = entries.first(where: { $0.key == key }), case .scalar(let text, _) = entry.value.content,
        !text.isEmpty, text.utf8.count <= 64
      {
        return text
      }
    }
    return nil
  }
}
