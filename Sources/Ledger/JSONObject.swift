/// A JSON object under construction.
struct JSONObject {
  private var body = ""
  var text: String { "{" + body + "}" }

  mutating func add(_ name: String, _ value: Int64) { add(name, raw: String(value)) }
  mutating func add(_ name: String, _ value: String) { add(name, raw: JSONObject.quoted(value)) }

  mutating func add(_ name: String, flag: Bool) { add(name, raw: flag ? "true" : "false") }

  mutating func add(_ name: String, _ values: [String]) {
    add(name, raw: "[" + values.map(JSONObject.quoted).joined(separator: ",") + "]")
  }

  /// Adds the members of an object, given as JSON text.
  mutating func add(membersOf object: String) {
    guard let open = object.firstIndex(of: "{"), let close = object.lastIndex(of: "}"), open < close else { return }
    let members = object[object.index(after: open)..<close]
    guard members.contains(where: { !$0.isWhitespace }) else { return }
    if !body.isEmpty { body += "," }
    body += members
  }

  private mutating func add(_ name: String, raw value: String) {
    if !body.isEmpty { body += "," }
    body += JSONObject.quoted(name) + ":" + value
  }

  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      default:
        if scalar.value < 0x20 {
          let hex = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }
}
