/// A mapping of a settings file.
struct FieldMap {
  let field: Field
  let entries: [SourceNode.Entry]

  /// The value of a key, if it is there.
  subscript(key: String) -> Field? {
    entries.first { $0.key == key }.map { member($0) }
  }

  /// The value of a key that must be there; `example` shows how to write it.
  func required(_ key: String, example: String) -> Field? {
    if let value = self[key] { return value }
    field.fault("has no \(key); add for example `\(key): \(example)`")
    return nil
  }

  /// All keys with their values, in the file's order.
  var members: [(key: String, value: Field)] { entries.map { ($0.key, member($0)) } }

  /// The place of a key as a field, to report what is wrong with the key itself.
  func key(_ name: String) -> Field? {
    entries.first { $0.key == name }.map { entry in
      var value = entry.value
      value.place = entry.keyPlace
      return Field(node: value, path: member(entry).path, file: field.file, log: field.log)
    }
  }

  private func member(_ entry: SourceNode.Entry) -> Field {
    let path = field.path.isEmpty ? entry.key : "\(field.path).\(entry.key)"
    return Field(node: entry.value, path: path, file: field.file, log: field.log)
  }
}
