import Yams

extension SourceNode {
  /// The longest YAML file that is read.
  static let longestText = 1 << 20
  /// The most values a file may hold, aliases written out.
  static let mostValues = 100_000
  /// How deep values may be nested.
  static let deepest = 32
  /// The most aliases (`*name`); few enough that aliases of aliases cannot blow up.
  static let mostAliases = 16
  /// The most duplicate keys that are listed one by one.
  static let mostDuplicates = 20

  /// Reads a YAML document; nil if there is none to look at, which is then reported.
  static func read(_ text: String, file: String, log: FaultLog) -> SourceNode? {
    func refuse(_ message: String, _ place: Place = .unknown) -> SourceNode? {
      log.report(file: file, place: place, path: "", message: message)
      return nil
    }
    var text = text
    guard text.utf8.count <= longestText else {
      return refuse("the file is longer than 1 MiB; split it or take out what does not belong")
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    guard aliasBound(text) <= mostAliases else {
      return refuse("more than \(mostAliases) aliases (*name); write the values out")
    }
    var masked = MaskedKeys(text: text)
    for _ in 0...mostDuplicates {
      do {
        // Without resolver rules every scalar stays the text that was written.
        guard let node = try Yams.compose(yaml: masked.text, .basic, .default, .utf8) else {
          return refuse("the file is empty; start from the shipped one")
        }
        var converter = NodeConverter(file: file, log: log, masked: masked)
        return converter.convert(node, path: "", depth: 0)
      } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
        let place = Place(line: context.mark.line, column: context.mark.column)
        guard masked.mask(at: place) else {
          let names = keys.map { "\"\(SourceNode.shown("\($0)"))\"" }.joined(separator: ", ")
          return refuse("duplicate key \(names); keep one", place)
        }
      } catch let error as YamlError {
        let (problem, place) = describe(error)
        return refuse("not valid YAML: \(problem); check quotes, brackets and indentation", place)
      } catch {
        return refuse("not valid YAML")
      }
    }
    return refuse("more than \(mostDuplicates) duplicate keys; keep one of each")
  }

  /// No fewer than the aliases in a text: each begins with `*` where a value may begin.
  private static func aliasBound(_ text: String) -> Int {
    var count = 0
    var before = UInt8(ascii: "\n")
    var star = false
    for byte in text.utf8 {
      if star, byte > 0x20 { count += 1 }
      star = byte == UInt8(ascii: "*") && (before <= 0x20 || "[{,:-?".utf8.contains(before) || before >= 0x80)
      before = byte
    }
    return count
  }

  private static func describe(_ error: YamlError) -> (String, Place) {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let around = context.map { " \($0.text) (line \($0.mark.line))" } ?? ""
      return (problem + around, Place(line: mark.line, column: mark.column))
    case .reader(let problem, let offset, _, let yaml):
      guard let offset else { return (problem, .unknown) }
      let breaks = yaml.prefix(offset).filter(\.isNewline).count
      return (problem, Place(line: breaks + 1, column: 0))
    default: return ("it cannot be read", .unknown)
    }
  }
}

/// Duplicate keys made distinct, so that the rest of the file can still be looked at.
///
/// The library stops at the first mapping with a duplicate. The first letter of the earlier key is replaced by a
/// private-use character, which moves no line and no column, and the file is read again.
struct MaskedKeys {
  private(set) var text: String
  /// What stood where the private-use character is now.
  private(set) var originals: [Unicode.Scalar: Unicode.Scalar] = [:]
  private let usable: Bool
  private static let first: UInt32 = 0xF000

  init(text: String) {
    self.text = text
    usable = !text.unicodeScalars.contains { $0.value >= MaskedKeys.first && $0.value < MaskedKeys.first + 256 }
  }

  /// Masks the key that begins at a place; false if that cannot be done.
  mutating func mask(at place: Place) -> Bool {
    var scalars = Array(text.unicodeScalars)
    guard usable, originals.count < 256, var at = offset(of: place, in: scalars) else { return false }
    if scalars[at] == "\"" || scalars[at] == "'" { at += 1 }
    guard at < scalars.count, let mark = Unicode.Scalar(MaskedKeys.first + UInt32(originals.count)) else {
      return false
    }
    let old = scalars[at]
    let properties = old.properties
    guard properties.isAlphabetic || properties.numericType != nil || old == "_" else { return false }
    originals[mark] = old
    scalars[at] = mark
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    text = String(view)
    return true
  }

  /// The key as it was written, and whether it was masked.
  func unmask(_ key: String) -> (key: String, masked: Bool) {
    guard let first = key.unicodeScalars.first, let old = originals[first] else { return (key, false) }
    var view = String.UnicodeScalarView()
    view.append(old)
    view.append(contentsOf: key.unicodeScalars.dropFirst())
    return (String(view), true)
  }

  /// The index of a place, with line breaks as libyaml counts them.
  private func offset(of place: Place, in scalars: [Unicode.Scalar]) -> Int? {
    var line = 1
    var index = 0
    while line < place.line, index < scalars.count {
      let scalar = scalars[index]
      index += 1
      switch scalar {
      case "\r":
        if index < scalars.count, scalars[index] == "\n" { index += 1 }
        line += 1
      case "\n", "\u{85}", "\u{2028}", "\u{2029}": line += 1
      default: break
      }
    }
    let at = index + place.column - 1
    return line == place.line && place.column >= 1 && at < scalars.count ? at : nil
  }
}

/// Turns the library's nodes into places and values, within bounds, and reports duplicate keys.
private struct NodeConverter {
  let file: String
  let log: FaultLog
  let masked: MaskedKeys
  var budget = SourceNode.mostValues

  mutating func convert(_ node: Node, path: String, depth: Int) -> SourceNode? {
    let place = node.mark.map { Place(line: $0.line, column: $0.column) } ?? .unknown
    budget -= 1
    guard budget > 0 else {
      if budget == 0 { report(place, path, "more than \(SourceNode.mostValues) values; split the file") }
      return nil
    }
    guard depth <= SourceNode.deepest else {
      report(place, path, "nested deeper than \(SourceNode.deepest) levels; check the brackets")
      return nil
    }
    switch node {
    case .scalar(let scalar):
      let quoted = scalar.style != .plain && scalar.style != .any
      return SourceNode(content: .scalar(scalar.string, quoted: quoted), place: place)
    case .sequence(let sequence):
      var items: [SourceNode] = []
      for (index, item) in sequence.enumerated() {
        if let item = convert(item, path: "\(path)[\(index + 1)]", depth: depth + 1) { items.append(item) }
      }
      return SourceNode(content: .list(items), place: place)
    case .mapping(let mapping):
      return SourceNode(content: .map(entries(mapping, path: path, depth: depth)), place: place)
    case .alias:
      report(place, path, "an alias that names nothing; write the value out")
      return nil
    }
  }

  private mutating func entries(_ mapping: Node.Mapping, path: String, depth: Int) -> [SourceNode.Entry] {
    var entries: [SourceNode.Entry] = []
    var firstLine: [String: Int] = [:]
    for (keyNode, valueNode) in mapping {
      let place = keyNode.mark.map { Place(line: $0.line, column: $0.column) } ?? .unknown
      guard let written = keyNode.scalar?.string else {
        report(place, path, "a key must be a single word")
        continue
      }
      let (key, _) = masked.unmask(written)
      let inner = path.isEmpty ? SourceNode.shown(key) : "\(path).\(SourceNode.shown(key))"
      guard key != "<<" else {
        report(place, path, "merge keys (<<) are not read; write the keys out")
        continue
      }
      if let line = firstLine[key] {
        report(place, inner, "duplicate key, already on line \(line); keep one")
        continue
      }
      firstLine[key] = place.line
      if let value = convert(valueNode, path: inner, depth: depth + 1) {
        entries.append(SourceNode.Entry(key: key, keyPlace: place, value: value))
      }
    }
    return entries
  }

  private func report(_ place: Place, _ path: String, _ message: String) {
    log.report(file: file, place: place, path: path, message: message)
  }
}
